"""When a mail may be sent: at the hour that its reader chose, never in their quiet hours, by the clock of their zone.

Pure functions of times; nothing here asks the database.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from functools import cache

from django.utils import timezone

from comments.models import MailPreferences

MONDAY = 0
DAY = dt.timedelta(days=1)


@cache
def zones() -> tuple[str, ...]:
    """Return the names of the zones that a reader can choose, in order: `Europe/Berlin`, and `UTC`."""
    named = zoneinfo.available_timezones()
    return (*sorted(name for name in named if "/" in name and not name.startswith(("Etc/", "posix/", "right/"))), "UTC")


def zone_of(name: str) -> dt.tzinfo:
    """Return the zone of this name; the site's without one, or where this machine does not know it any more."""
    try:
        return zoneinfo.ZoneInfo(name) if name else timezone.get_default_timezone()
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return timezone.get_default_timezone()


def is_quiet(local: dt.time, start: dt.time | None, end: dt.time | None) -> bool:
    """Say whether a time of day is in the quiet hours. They may go over midnight; of no length, there are none."""
    if start is None or end is None or start == end:
        return False
    return start <= local < end if start < end else local >= start or local < end


def after_quiet(at: dt.datetime, start: dt.time | None, end: dt.time | None, zone: dt.tzinfo) -> dt.datetime:
    """Return this time, or the end of the quiet hours that it is in."""
    local = at.astimezone(zone)
    if end is None or not is_quiet(local.time(), start, end):
        return at
    ends = (_moment(local.date() + DAY * days, end, zone, fold) for days in (0, 1, 2) for fold in (0, 1))
    return next(moment for moment in ends if moment > at)


def next_time(preferences: MailPreferences, now: dt.datetime) -> dt.datetime:
    """Return when something that has just happened is told: never before now."""
    zone, at = zone_of(preferences.zone), now
    if preferences.frequency != MailPreferences.Frequency.AT_ONCE:
        at = _next_hour(now, preferences.hour, zone, weekly=preferences.frequency == MailPreferences.Frequency.WEEKLY)
    return after_quiet(at, preferences.quiet_from, preferences.quiet_until, zone)


def _next_hour(now: dt.datetime, hour: int, zone: dt.tzinfo, *, weekly: bool) -> dt.datetime:
    today = now.astimezone(zone).date()
    days = (today + DAY * ahead for ahead in range(9))
    wanted = (day for day in days if not weekly or day.weekday() == MONDAY)
    return next(moment for day in wanted if (moment := _moment(day, dt.time(hour), zone)) > now)


def _moment(day: dt.date, at: dt.time, zone: dt.tzinfo, fold: int = 0) -> dt.datetime:
    """Return the moment of a time of day; one that the clocks skip is as much later as they skip."""
    return dt.datetime.combine(day, at.replace(fold=fold), tzinfo=zone).astimezone(dt.UTC)
