"""Running the site.

schedule:      jobs that are due by the clock
old_databases: refusing a database that was made before the first release
"""
