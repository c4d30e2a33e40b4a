from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from rollcall.domain.schedule_times import (
    describe_cron,
    describe_interval,
    find_shortest_gap_s,
    parse_every,
    parse_once,
    require_schedule_name,
    spell_interval,
)
from rollcall.errors import InputError

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("cron", "told"),
    [
        ("0 7 * * 1-5", "Mon–Fri at 07:00"),  # noqa: RUF001 - a dash between days
        ("30 18 * * *", "every day at 18:30"),
        ("0 9 1 * *", "day 1 of each month at 09:00"),
        ("5 8 * * 1,3", "Mon, Wed at 08:05"),
        ("0 8 * * 7", "Sun at 08:00"),
        ("*/15 * * * *", "every 15 min"),
        ("20 * * * *", "every hour at :20"),
        ("* * * * *", "every minute"),
    ],
)
def test_a_common_cron_is_said_in_words(cron: str, told: str) -> None:
    assert describe_cron(cron) == told


@pytest.mark.parametrize(
    "cron",
    ["0 7 1 * 1", "0 7 * 6 *", "*/7 * * * *", "0,30 7 * * *", "0 7 * * mon-fri", "0 7 L * *"],
)
def test_a_cron_of_which_words_would_say_something_else_stays_as_it_is(cron: str) -> None:
    assert describe_cron(cron) == cron


def test_an_interval_is_read_and_said_in_its_largest_unit() -> None:
    read = [parse_every(text) for text in ("90s", "15min", "6h", "1d", "120 min")]
    assert read == [90, 900, 21_600, 86_400, 7_200]
    told = [describe_interval(one) for one in read]
    assert told == ["every 90 s", "every 15 min", "every 6 h", "every 1 d", "every 2 h"]


@pytest.mark.parametrize("text", ["", "0h", "h", "6", "-6h", "1.5h", "400d", "6 weeks"])
def test_what_is_no_interval_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no interval"):
        parse_every(text)


def test_a_moment_is_meant_by_the_clocks_of_its_zone_unless_it_has_an_offset() -> None:
    eight = datetime(2026, 12, 1, 8, tzinfo=UTC)
    assert parse_once("2026-12-01T09:00", PARIS) == eight
    assert parse_once("2026-12-01T08:00:00Z", PARIS) == eight


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2027-03-28T02:30", "does not exist in Europe/Paris"),
        ("2027-10-31T02:30", "exists twice in Europe/Paris"),
        ("tomorrow", "is no moment"),
    ],
)
def test_a_moment_that_could_be_none_or_two_is_refused(text: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        parse_once(text, PARIS)


@pytest.mark.parametrize("name", ["", "Morning", "a b", "-a", "a--b", "é", "a" * 61])
def test_a_name_that_prefect_could_not_keep_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="small letters"):
        require_schedule_name(name)


def test_the_shortest_gap_is_that_between_neighbours() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    moments = [start, start + timedelta(hours=5), start + timedelta(hours=6)]
    assert find_shortest_gap_s(moments) == 3600.0
    assert find_shortest_gap_s(moments[:1]) is None


@pytest.mark.parametrize("text", ["90s", "15min", "6h", "1d"])
def test_an_interval_is_spelled_as_it_is_read(text: str) -> None:
    assert spell_interval(parse_every(text)) == text
