"""`make bench`: what a request of each kind costs, as multiples of what the same machine does in the same run.

    make bench                                  # all rows, SQLite and PostgreSQL, sizes 50 to 100,000
    make bench ARGS="--quick"                   # sizes 50 and 1,000, short rounds
    make bench ARGS="--against HEAD~1"          # beside another commit, in the same interleaved rounds
    make bench ARGS="--only article --sqlite"   # rows whose names begin so, on one database

The figure is processor time (user and system) of the site's web processes and of their connections' PostgreSQL
processes, per answered request. It is divided by the unit: the same of a bare Django that renders a template over 50
comments (`inside/plain.py`). How to read the table: CONTRIBUTING.md.

To add a row: `rows.py`. A limit of the machine: `limits.py`. What runs in the site's own interpreter, and for
`--against` with the other commit's code, is in `inside/`, and imports nothing from here.
"""
