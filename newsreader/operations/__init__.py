"""Running the site.

schedule:      the jobs that run on a schedule
old_databases: refusing a database from before the first release
"""
