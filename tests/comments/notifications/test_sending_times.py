"""When a mail may be sent, for every choice, zone and moment."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comments.models import MailPreferences
from comments.notifications.sending_times import after_quiet, is_quiet, next_time, zone_of, zones

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia"]
moments = st.datetimes(dt.datetime(2025, 1, 1), dt.datetime(2028, 1, 1)).map(lambda at: at.replace(tzinfo=dt.UTC))
times = st.times().map(lambda at: at.replace(second=0, microsecond=0))


def preferences(**values) -> MailPreferences:
    return MailPreferences(address="ada@example.org", **values)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


@given(moments, times, times, st.sampled_from(ZONES))
def test_the_end_of_quiet_hours_is_not_quiet_and_at_most_a_day_away(moment, start, end, name):
    zone = zoneinfo.ZoneInfo(name)
    after = after_quiet(moment, start, end, zone)

    assert not is_quiet(after.astimezone(zone).time(), start, end)
    assert moment <= after <= moment + dt.timedelta(hours=25)
    assert (after == moment) == (not is_quiet(moment.astimezone(zone).time(), start, end))


@given(
    moments, st.sampled_from(MailPreferences.Frequency.values), st.integers(0, 23), times, times, st.sampled_from(ZONES)
)
def test_nothing_is_told_in_quiet_hours_nor_later_than_a_week_and_two_days(moment, often, hour, start, end, name):
    chosen = preferences(frequency=often, hour=hour, quiet_from=start, quiet_until=end, zone=name)

    when = next_time(chosen, moment)

    assert moment <= when <= moment + dt.timedelta(days=9)
    assert not is_quiet(when.astimezone(zone_of(name)).time(), start, end)


@pytest.mark.parametrize(
    ("zone", "now", "expected"),
    [
        ("Europe/Berlin", "2026-11-29T05:59:00+00:00", "2026-11-29T06:00:00+00:00"),
        ("Europe/Berlin", "2026-11-29T06:00:00+00:00", "2026-11-30T06:00:00+00:00"),
        ("Europe/Berlin", "2026-07-29T06:00:00+00:00", "2026-07-30T05:00:00+00:00"),
        ("America/New_York", "2026-11-29T06:00:00+00:00", "2026-11-29T12:00:00+00:00"),
    ],
)
def test_a_daily_mail_comes_at_the_readers_hour(zone, now, expected):
    assert next_time(preferences(frequency="daily", hour=7, zone=zone), at(now)) == at(expected)


def test_a_weekly_mail_comes_on_monday():
    when = next_time(preferences(frequency="weekly", hour=7, zone="UTC"), at("2026-11-30T07:00:00+00:00"))
    assert when == at("2026-12-07T07:00:00+00:00")


def test_a_daily_mail_at_a_quiet_hour_waits_for_their_end():
    chosen = preferences(frequency="daily", hour=7, zone="UTC", quiet_from=dt.time(22), quiet_until=dt.time(8, 30))
    assert next_time(chosen, at("2026-11-29T12:00:00+00:00")) == at("2026-11-30T08:30:00+00:00")


def test_hours_that_the_clocks_skip_or_show_twice():
    skipped = preferences(frequency="daily", hour=2, zone="Europe/Berlin")
    assert next_time(skipped, at("2026-03-28T12:00:00+00:00")) == at("2026-03-29T01:00:00+00:00")
    berlin = zoneinfo.ZoneInfo("Europe/Berlin")
    again = at("2026-10-25T01:10:00+00:00")  # the second 2:10
    assert after_quiet(again, dt.time(22), dt.time(2, 30), berlin) == at("2026-10-25T01:30:00+00:00")


def test_every_zone_that_is_offered_is_known_and_an_unknown_one_is_the_sites(settings):
    assert {"Europe/Berlin", "UTC"} <= set(zones())
    assert all(zone_of(name).key == name for name in zones()[::40])
    assert str(zone_of("Nowhere/Town")) == settings.TIME_ZONE == str(zone_of(""))
