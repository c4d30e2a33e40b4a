"""Everybody is asked once a day at their own hour, whatever their clocks do that day."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollcall.domain.check_in_times import (
    day_of,
    find_due,
    find_next,
    list_due,
    parse_days,
    parse_time,
)
from rollcall.errors import InputError

ODD_ZONES = (
    "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Beirut",
    "Africa/Cairo", "Asia/Tehran", "Pacific/Apia", "America/Nuuk", "America/Scoresbysund",
    "Asia/Kolkata", "Asia/Kathmandu", "Africa/Casablanca", "Antarctica/Troll", "America/Havana",
    "Pacific/Kwajalein", "Atlantic/Azores", "UTC",
)  # fmt: skip
zones = st.sampled_from(ODD_ZONES).map(ZoneInfo)
times = st.times().map(lambda at: at.replace(second=0, microsecond=0, fold=0))
moments = st.integers(0, 44 * 365 * 24 * 60).map(
    lambda minutes: datetime(1993, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
EVERY_DAY = range(7)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@settings(deadline=None)
@given(zone=zones, at=times, begin=moments, days=st.integers(1, 40), cuts=st.data())
def test_every_local_day_has_one_moment_however_often_one_looks(
    zone: ZoneInfo, at: time, begin: datetime, days: int, cuts: st.DataObject
) -> None:
    end = begin + timedelta(days=days)
    whole = list(list_due(at, EVERY_DAY, zone, begin, end))
    minutes = st.lists(st.integers(0, days * 24 * 60), max_size=6)
    looks = [begin + timedelta(minutes=one) for one in sorted(cuts.draw(minutes))]
    pieces = [
        due
        for after, until in zip([begin, *looks], [*looks, end], strict=True)
        for due in list_due(at, EVERY_DAY, zone, after, until)
    ]
    assert pieces == whole
    assert whole == sorted(set(whole))
    stands_for = [day_of(due, at, zone) for due in whole]
    first, last = begin.astimezone(zone).date(), end.astimezone(zone).date()
    inner = [first + timedelta(days=n) for n in range(1, (last - first).days)]
    missing = [day for day in inner if day not in stands_for]
    assert len(stands_for) == len(set(stands_for))
    assert all(find_due(day, at, zone) is None for day in missing)
    assert set(missing) <= {date(2011, 12, 30), date(1993, 8, 21)}


@settings(deadline=None)
@given(zone=zones, at=times, begin=moments)
def test_it_is_asked_at_the_hour_itself_wherever_there_is_one(
    zone: ZoneInfo, at: time, begin: datetime
) -> None:
    for due in list_due(at, EVERY_DAY, zone, begin, begin + timedelta(days=3)):
        local = due.astimezone(zone)
        if local.time() == at:
            assert local.fold == 0
        else:
            before = (due - timedelta(minutes=1)).astimezone(zone)
            assert local.utcoffset() != before.utcoffset()
            day = datetime.combine(day_of(due, at, zone), at)
            assert before.replace(tzinfo=None) < day < local.replace(tzinfo=None)


@pytest.mark.parametrize(
    ("zone", "day", "at", "due"),
    [
        ("Europe/Berlin", "2026-03-29", "02:30", "2026-03-29T01:00"),  # 02:00 → 03:00
        ("Europe/Berlin", "2026-10-25", "02:30", "2026-10-25T00:30"),  # twice: the first
        ("Europe/Berlin", "2026-10-25", "08:00", "2026-10-25T07:00"),
        ("Australia/Lord_Howe", "2026-10-04", "02:15", "2026-10-03T15:30"),  # half an hour
        ("Asia/Beirut", "2026-03-29", "00:15", "2026-03-28T22:00"),  # midnight itself
        ("America/Nuuk", "2026-03-28", "23:30", "2026-03-29T01:00"),  # past midnight
        ("Asia/Kathmandu", "2026-11-23", "08:00", "2026-11-23T02:15"),
    ],
)
def test_known_days_of_summer_time(zone: str, day: str, at: str, due: str) -> None:
    found = find_due(date.fromisoformat(day), parse_time(at), ZoneInfo(zone))
    assert found == utc(due)
    assert day_of(found, parse_time(at), ZoneInfo(zone)) == date.fromisoformat(day)


def test_a_day_that_never_was_is_not_asked_about() -> None:
    assert find_due(date(2011, 12, 30), time(8), ZoneInfo("Pacific/Apia")) is None


def test_only_the_days_that_are_named_are_due() -> None:
    friday_evening = utc("2026-11-27T20:00")
    monday = find_next(time(8), parse_days("mon-fri"), ZoneInfo("Europe/Berlin"), friday_evening)
    assert monday == utc("2026-11-30T07:00")
    assert find_next(time(8), [], ZoneInfo("UTC"), friday_evening) is None


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("daily", [0, 1, 2, 3, 4, 5, 6]),
        ("Mon-Fri", [0, 1, 2, 3, 4]),
        ("sat, sun", [5, 6]),
        ("fri-mon", [0, 4, 5, 6]),
        ("wed", [2]),
        ("mon-sun", [0, 1, 2, 3, 4, 5, 6]),
    ],
)
def test_days_are_read(text: str, days: list[int]) -> None:
    assert parse_days(text) == days


@pytest.mark.parametrize("text", ["", "mon-", "weekdays", "mon,,tue", "mo", "-fri", "mon-tue-wed"])
def test_what_names_no_days_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="names no days"):
        parse_days(text)


@pytest.mark.parametrize("text", ["8", "8:00", "24:00", "08:60", "08:00:30", "0\u0668:00", ""])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no time of day"):
        parse_time(text)
