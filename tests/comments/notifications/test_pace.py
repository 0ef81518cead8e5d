"""How fast somebody is told: at most so many an hour, never in quiet hours, and no later than was chosen."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from comments.models import ModeratorMail, When
from comments.notifications import pace
from comments.notifications.pace import Quiet

NOON = dt.datetime(2026, 11, 29, 12, 10, tzinfo=dt.UTC)
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def utc(settings):
    with timezone.override(dt.UTC):
        yield


def taken(row, minutes, when="at_once", most=6, quiet=pace.ANYTIME):
    now = NOON + minutes * MINUTE
    return pace.take(row, when, now, most=most, quiet=quiet, at=now)


def test_what_comes_on_top_of_the_limit_waits_until_the_hour_is_over_and_goes_out_together():
    row = ModeratorMail()

    assert [taken(row, minutes) for minutes in range(9)] == [True] * 6 + [False] * 3

    assert row.gathered_from == NOON + 6 * MINUTE
    assert row.gathered_until == NOON + HOUR
    assert not pace.is_due(row, "at_once", NOON + 59 * MINUTE)
    assert not taken(row, 70)  # It has not gone out, so this joins it.
    assert pace.is_due(row, "at_once", NOON + 70 * MINUTE)
    pace.done(row)
    assert taken(row, 71)


@pytest.mark.parametrize(
    ("when", "at", "due"),
    [
        ("hourly", "12:10", "13:00"),
        ("hourly", "12:59", "13:00"),
        ("hourly", "13:00", "14:00"),
        ("daily", "07:59", "08:00"),
        ("daily", "08:00", "32:00"),
        ("daily", "12:10", "32:00"),
    ],
)
def test_digests_go_out_at_the_full_hour_and_in_the_morning(when, at, due):
    row = ModeratorMail()

    assert not pace.take(row, when, moment(at), most=6, at=moment(at))

    assert row.gathered_until == moment(due)


def moment(text):
    hour, minute = map(int, text.split(":"))
    return NOON.replace(hour=0, minute=0) + hour * HOUR + minute * MINUTE


@pytest.mark.parametrize(
    ("begins", "ends", "at", "end"),
    [
        (22, 7, "23:30", "31:00"),
        (22, 7, "22:00", "31:00"),
        (22, 7, "06:59", "07:00"),
        (22, 7, "07:00", None),
        (22, 7, "21:59", None),
        (9, 17, "12:10", "17:00"),
        (9, 17, "17:00", None),
        (9, 9, "09:30", None),
        (None, None, "03:00", None),
    ],
)
def test_quiet_hours_may_go_over_midnight(begins, ends, at, end):
    assert Quiet(begins, ends).end(moment(at)) == (moment(end) if end else None)


def test_in_quiet_hours_everything_waits_for_their_end():
    row, quiet = ModeratorMail(), Quiet(12, 15)

    assert not taken(row, 0, quiet=quiet)

    assert row.gathered_until == moment("15:00")
    assert not pace.is_due(row, "at_once", moment("14:59"), quiet)
    assert pace.is_due(row, "at_once", moment("15:00"), quiet)


def test_the_hours_are_those_of_the_site_on_the_days_on_which_the_clocks_change_too():
    with timezone.override(ZoneInfo("Europe/Berlin")):
        before = dt.datetime(2026, 10, 24, 22, 30, tzinfo=dt.UTC)  # 00:30; at 3:00 it is 2:00 again

        assert Quiet(23, 6).end(before) == dt.datetime(2026, 10, 25, 5, tzinfo=dt.UTC)
        assert pace.next_time(ModeratorMail(), "daily", before) == dt.datetime(2026, 10, 25, 7, tzinfo=dt.UTC)
    with timezone.override(ZoneInfo("Asia/Kolkata")):
        assert pace.next_time(ModeratorMail(), "hourly", NOON) == NOON + 20 * MINUTE  # 17:40 there


@pytest.mark.parametrize("when", ["at_once", "hourly"])
def test_after_the_clock_was_set_back_nobody_waits_longer_than_an_hour(when):
    row = ModeratorMail()
    for minutes in range(8):
        taken(row, minutes, when)
    earlier = NOON - 5 * HOUR

    assert not pace.is_due(row, when, earlier)
    assert row.gathered_until <= earlier + HOUR
    assert pace.is_due(row, when, earlier + HOUR)


def test_an_hour_that_an_earlier_clock_began_is_over():
    row = ModeratorMail()
    for minutes in range(6):
        taken(row, minutes)

    assert taken(row, -300)


@given(
    st.lists(st.integers(0, 120).map(lambda place: 5 * place), min_size=1, max_size=60),
    st.integers(1, 8),
    st.sampled_from(["at_once", "hourly", "daily"]),
    st.sampled_from([None, (22, 7), (11, 15), (13, 12)]),
)
def test_whatever_comes_nothing_is_lost_the_limit_holds_and_quiet_hours_are_quiet(minutes, most, when, hours):
    with timezone.override(dt.UTC):
        row, quiet = ModeratorMail(), Quiet(*hours) if hours else pace.ANYTIME
        at_once, told, waiting = [], 0, 0
        for minute in range(0, 3 * 24 * 60, 5):
            now = NOON + minute * MINUTE
            if pace.is_due(row, when, now, quiet):
                assert quiet.end(now) is None
                assert now - row.gathered_from <= dt.timedelta(days=2)
                told, waiting = told + waiting, 0
                pace.done(row)
            for _ in range(minutes.count(minute)):
                if pace.take(row, when, now, most=most, quiet=quiet, at=now):
                    assert when == When.AT_ONCE
                    assert quiet.end(now) is None
                    at_once.append(now)
                else:
                    waiting += 1

        assert waiting == 0
        assert told + len(at_once) == len(minutes)
        for first in at_once:
            assert sum(first <= each < first + HOUR for each in at_once) <= 2 * most  # of two hours that meet
