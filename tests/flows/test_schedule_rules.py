"""What Prefect's schedules really do where clocks change; docs/schedules.md says it in words."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from prefect.client.schemas.schedules import NoSchedule

from rollcall.domain.rrules import parse_rrule
from rollcall.domain.schedule_times import Timing
from rollcall.errors import InputError
from rollcall.schedules.rules import (
    describe_rule,
    list_next,
    make_rule,
    timing_of,
    zone_of,
)

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def days_around(cron: str, zone: str, day: str) -> list[str]:
    """Return when a cron fires on three days, by the clocks of the zone and their offset."""
    start = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)) - timedelta(days=1)
    rule = make_rule(Timing(zone, cron=cron), start)
    moments = list_next(rule, 3, start.astimezone(UTC))
    return [f"{one.astimezone(ZoneInfo(zone)):%d %H:%M %z}" for one in moments]


@pytest.mark.parametrize(
    ("zone", "day", "cron", "fires"),
    [
        # forward: 02:30 does not exist, and Prefect fires before the change, not after it
        (
            "Europe/Paris",
            "2027-03-28",
            "30 2 * * *",
            "27 02:30 +0100, 28 01:30 +0100, 29 02:30 +0200",
        ),
        (
            "America/New_York",
            "2027-03-14",
            "30 2 * * *",
            "13 02:30 -0500, 14 01:30 -0500, 15 02:30 -0400",
        ),
        # Lord Howe changes by half an hour: 02:15 is left out, 02:30 exists
        (
            "Australia/Lord_Howe",
            "2026-10-04",
            "15 2 * * *",
            "03 02:15 +1030, 04 01:45 +1030, 05 02:15 +1100",
        ),
        (
            "Australia/Lord_Howe",
            "2026-10-04",
            "30 2 * * *",
            "03 02:30 +1030, 04 02:30 +1100, 05 02:30 +1100",
        ),
        # back: what exists twice fires once, the first time
        (
            "Europe/Paris",
            "2027-10-31",
            "30 2 * * *",
            "30 02:30 +0200, 31 02:30 +0200, 01 02:30 +0100",
        ),
        (
            "America/New_York",
            "2027-11-07",
            "30 1 * * *",
            "06 01:30 -0400, 07 01:30 -0400, 08 01:30 -0500",
        ),
        (
            "Australia/Lord_Howe",
            "2027-04-04",
            "45 1 * * *",
            "03 01:45 +1100, 04 01:45 +1100, 05 01:45 +1030",
        ),
        # by day nothing is odd: the clock says nine on each of them
        (
            "Europe/Paris",
            "2027-03-28",
            "0 9 * * *",
            "27 09:00 +0100, 28 09:00 +0200, 29 09:00 +0200",
        ),
        (
            "America/New_York",
            "2027-11-07",
            "0 9 * * *",
            "06 09:00 -0400, 07 09:00 -0500, 08 09:00 -0500",
        ),
    ],
)
def test_a_daily_cron_fires_once_on_the_day_that_clocks_change(
    zone: str, day: str, cron: str, fires: str
) -> None:
    assert ", ".join(days_around(cron, zone, day)) == fires


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Paris", "2027-03-28"),
        ("Europe/Paris", "2027-10-31"),
        ("America/New_York", "2027-03-14"),
        ("America/New_York", "2027-11-07"),
        ("Australia/Lord_Howe", "2026-10-04"),
        ("Australia/Lord_Howe", "2027-04-04"),
    ],
)
@pytest.mark.parametrize("cron", ["30 2 * * *", "30 1 * * *", "15 2 * * *"])
def test_it_does_not_matter_when_prefect_looks_no_run_is_made_twice(
    zone: str, day: str, cron: str
) -> None:
    """The scheduler looks every few seconds, and tells runs apart by their moments."""
    midnight = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    rule = make_rule(Timing(zone, cron=cron), midnight)
    looks = (midnight + timedelta(minutes=30 * number) for number in range(16))
    found = {moment for look in looks for moment in list_next(rule, 2, look)}
    assert len({one for one in found if one < midnight + timedelta(hours=23)}) == 1


def test_an_hourly_cron_leaves_a_gap_where_an_hour_exists_twice() -> None:
    start = datetime(2027, 10, 30, 23, 30, tzinfo=UTC)  # 01:30 in Paris
    moments = list_next(make_rule(Timing("Europe/Paris", cron="0 * * * *"), start), 3, start)
    assert [f"{one:%H:%M}" for one in moments] == ["00:00", "02:00", "03:00"]


def test_an_interval_of_days_keeps_the_clock_and_one_of_hours_keeps_the_distance() -> None:
    start = datetime(2027, 3, 27, 8, tzinfo=UTC)
    daily = list_next(make_rule(Timing("Europe/Paris", every_s=86_400), start), 3, start)
    hourly = list_next(make_rule(Timing("Europe/Paris", every_s=43_200), start), 3, start)
    assert [f"{one:%d %H}" for one in daily] == ["27 08", "28 07", "29 07"]
    assert [f"{one:%d %H}" for one in hourly] == ["27 08", "27 20", "28 08"]


@pytest.mark.parametrize("hour", [0, 1, 12])
def test_once_is_the_moment_that_was_meant_even_where_an_hour_exists_twice(hour: int) -> None:
    moment = datetime(2027, 10, 31, hour, 30, tzinfo=UTC)  # in Paris 02:30, 02:30 again, 13:30
    rule = make_rule(Timing("Europe/Paris", once_at=moment), NOW)
    assert list_next(rule, 3, NOW) == [moment]
    assert list_next(rule, 3, moment + timedelta(seconds=1)) == []
    assert describe_rule(rule) == "once"
    assert zone_of(rule) == ("UTC" if hour == 1 else "Europe/Paris")


def test_a_leap_day_is_awaited() -> None:
    rule = make_rule(Timing("UTC", cron="0 0 29 2 *"), NOW)
    assert [one.year for one in list_next(rule, 2, NOW)] == [2028, 2032]


@pytest.mark.parametrize("cron", ["0 0 30 2 *", "0 0 31 4,6 *"])
def test_a_cron_that_never_fires_is_refused(cron: str) -> None:
    with pytest.raises(InputError, match="never fires"):
        make_rule(Timing("UTC", cron=cron), NOW)


@pytest.mark.parametrize("cron", ["", "7", "5 25 * * *", "* * * * * *", "@daily x", "0 7 * * 1-9"])
def test_what_is_no_cron_of_five_fields_is_refused(cron: str) -> None:
    with pytest.raises(InputError, match="is no cron that Prefect reads"):
        make_rule(Timing("UTC", cron=cron), NOW)


def test_a_moment_that_is_past_is_refused() -> None:
    with pytest.raises(InputError, match="that moment is past"):
        make_rule(Timing("UTC", once_at=NOW - timedelta(days=1)), NOW)


def test_what_prefect_keeps_without_moments_has_no_next_run() -> None:
    assert list_next(NoSchedule(), 3, NOW) == []


def recurring(text: str, zone: str = "Europe/Paris") -> Timing:
    return Timing(zone, rrule=parse_rrule(text, ZoneInfo(zone), NOW))


@pytest.mark.parametrize(
    ("text", "fires"),
    [
        ("FREQ=WEEKLY;BYDAY=MO,FR;BYHOUR=7", "27 07:00 +0100, 30 07:00 +0100, 04 07:00 +0100"),
        ("FREQ=MONTHLY;BYDAY=1MO;BYHOUR=9;BYMINUTE=30", "07 09:30 +0100, 04 09:30 +0100"),
        ("FREQ=DAILY;INTERVAL=2;COUNT=2", "28 00:00 +0100"),  # the first was today at midnight
        ("DTSTART:20270327T073000 FREQ=DAILY;COUNT=3", "27 07:30 +0100, 28 07:30 +0200"),
    ],
)  # fmt: skip
def test_an_rrule_fires_by_the_clocks_of_its_zone(text: str, fires: str) -> None:
    rule = make_rule(recurring(text), NOW)
    moments = list_next(rule, fires.count(",") + 1, NOW)
    zone = ZoneInfo(zone_of(rule))
    assert ", ".join(f"{one.astimezone(zone):%d %H:%M %z}" for one in moments) == fires
    assert "once" not in describe_rule(rule)


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYHOUR=7;COUNT=1",  # it was at seven today
        "FREQ=DAILY;UNTIL=20261125T000000",
    ],
)
def test_an_rrule_that_never_fires_is_told_at_once(text: str) -> None:
    with pytest.raises(InputError, match="never fires"):
        make_rule(recurring(text), NOW)


@pytest.mark.parametrize("text", ["FREQ=DAILY;BYDAY=XX", "FREQ=DAILY;NONSENSE=1"])
def test_an_rrule_that_prefect_cannot_read_is_told_in_a_sentence(text: str) -> None:
    with pytest.raises(InputError, match="is no RRULE that Prefect reads"):
        make_rule(recurring(text), NOW)


def test_a_rule_is_said_again_as_it_was() -> None:
    for timing in (
        Timing("Asia/Tokyo", cron="0 7 * * *"),
        Timing("UTC", every_s=6 * 3600),
        recurring("FREQ=DAILY;BYHOUR=7"),
    ):
        assert timing_of(make_rule(timing, NOW)) == timing
    assert timing_of(NoSchedule()) is None
