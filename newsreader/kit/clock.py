"""A clock that was set back: what was stored before that lies in the future, and would be waited for.

Every rule that compares a stored time with the present asks here, so that nobody waits longer than the rule itself
says, however far the clock went back.
"""

import datetime as dt

SLACK = dt.timedelta(seconds=5)  # by which the clocks of two hosts may differ


def is_ahead(moment: dt.datetime, now: dt.datetime, most: dt.timedelta = dt.timedelta()) -> bool:
    """Say whether a stored time is further ahead than its rule allows at most, so that an earlier clock wrote it."""
    return moment > ahead(now, most)


def ahead(now: dt.datetime, most: dt.timedelta = dt.timedelta()) -> dt.datetime:
    """Return the latest time that a rule can have stored, for queries."""
    return now + most + SLACK
