"""How fast somebody is told: one by one, or gathered in one message; at most so many an hour, and none in quiet hours.

One rule for moderators, authors and chat rooms. Whatever is gathered goes out together, and from the first that is
gathered on everything joins it until it has gone. Whole hours and days are those of the site's time zone. A time that
an earlier clock stored is never waited for: what is gathered goes out at the latest when it would if it were gathered
now.
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from django.utils import timezone

from comments.models import Paced, When
from newsreader.kit.clock import is_ahead

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
MORNING = 8  # o'clock, when what is told once a day is told


class Quiet(NamedTuple):
    """The hours of a day, 0 to 23, from and until which nothing is told; equal or None: there are none."""

    begins: int | None = None
    ends: int | None = None

    def end(self, at: dt.datetime) -> dt.datetime | None:
        """Return when the quiet hours end in which this moment lies; None if it lies in none."""
        if self.begins is None or self.ends is None or self.begins == self.ends:
            return None
        local = timezone.localtime(at)
        over_midnight = self.begins > self.ends
        after, before = local.hour >= self.begins, local.hour < self.ends
        if not ((after or before) if over_midnight else (after and before)):
            return None
        return _at(local + DAY if over_midnight and after else local, self.ends)

    def after(self, at: dt.datetime) -> dt.datetime:
        """Return the moment itself, or when the quiet hours end in which it lies."""
        return self.end(at) or at


ANYTIME = Quiet()


def take(row: Paced, when: str, now: dt.datetime, *, most: int, quiet: Quiet = ANYTIME, at: dt.datetime) -> bool:
    """Count one more that is to be told. Return whether that is done at once; else it is gathered.

    Changes the row without saving it. `most`: how many are told one by one in an hour. `at`: since when there is this
    news. `when` is not `none`.
    """
    if row.hour_began_at is None or not _holds(row.hour_began_at, now):
        row.hour_began_at, row.hour_count = now, 0
    full = row.hour_count >= most
    if when == When.AT_ONCE and row.gathered_until is None and not full and quiet.end(now) is None:
        row.hour_count += 1
        return True
    gather(row, when, now, quiet=quiet, at=at)
    return False


def gather(row: Paced, when: str, now: dt.datetime, *, quiet: Quiet = ANYTIME, at: dt.datetime) -> None:
    """Have something wait for the next message about all that is gathered. Changes the row without saving it."""
    row.gathered_from = min(row.gathered_from or at, at)
    row.gathered_until = min(row.gathered_until or next_time(row, when, now, quiet), next_time(row, when, now, quiet))


def next_time(row: Paced, when: str, now: dt.datetime, quiet: Quiet = ANYTIME) -> dt.datetime:
    """Return when that goes out which is gathered now."""
    local = timezone.localtime(now)
    if when == When.DAILY:
        morning = _at(local, MORNING)
        return quiet.after(morning if morning > now else _at(local + DAY, MORNING))
    if when == When.HOURLY:
        return quiet.after(now + HOUR - dt.timedelta(minutes=local.minute, seconds=local.second))
    if end := quiet.end(now):
        return end
    began = row.hour_began_at if row.hour_began_at and _holds(row.hour_began_at, now) else now
    return quiet.after(began + HOUR)


def is_due(row: Paced, when: str, now: dt.datetime, quiet: Quiet = ANYTIME) -> bool:
    """Say whether what is gathered is to be told now."""
    if row.gathered_until is None:
        return False
    if row.gathered_until <= now:
        return quiet.end(now) is None
    if is_ahead(row.gathered_until, next_time(row, when, now, quiet)):
        row.gathered_until = next_time(row, when, now, quiet)  # The clock was set back.
    return False


def done(row: Paced) -> None:
    """Note that what was gathered has been told, so that a new hour begins. Changes the row without saving it."""
    row.gathered_from = row.gathered_until = row.hour_began_at = None
    row.hour_count = 0


def _holds(began: dt.datetime, now: dt.datetime) -> bool:
    """Say whether the hour that began then is not over; one of an earlier clock is."""
    return now - began < HOUR and not is_ahead(began, now)


def _at(day: dt.datetime, hour: int) -> dt.datetime:
    """Return this hour of a day in the same zone; of one that the clocks skip, the moment at which they do."""
    return day.replace(hour=hour, minute=0, second=0, microsecond=0, fold=0).astimezone(dt.UTC)
