"""Replicas of the database (PostgreSQL): public pages are read from one that is known to be up to date."""
