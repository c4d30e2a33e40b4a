from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from rollcall.domain.rrules import parse_rrule
from rollcall.errors import InputError

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2026, 11, 26, 18, tzinfo=UTC)  # the 27th in Tokyo


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("FREQ=DAILY", "DTSTART:20261127T000000\nRRULE:FREQ=DAILY"),
        (
            " rrule:freq=weekly;byday=mo,-1fr;byhour=7 ",
            "DTSTART:20261127T000000\nRRULE:FREQ=WEEKLY;BYDAY=MO,-1FR;BYHOUR=7",
        ),
        (
            "DTSTART:20261201T093000\nRRULE:FREQ=MONTHLY;UNTIL=20271231T000000;INTERVAL=2",
            "DTSTART:20261201T093000\nRRULE:FREQ=MONTHLY;UNTIL=20271231T000000;INTERVAL=2",
        ),
    ],
)
def test_a_rule_begins_at_a_certain_moment(text: str, written: str) -> None:
    assert parse_rrule(text, TOKYO, NOW) == written
    assert parse_rrule(written, TOKYO, NOW) == written


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is no RRULE"),
        ("every monday", "is no RRULE"),
        ("FREQ=DAILY\nFREQ=WEEKLY", "is no RRULE"),
        ("FREQ=DAILY\nEXDATE:20261201T000000", "is no RRULE"),
        ("FREQ=DAILY;" + "BYDAY=MO;" * 200 + "BYHOUR=1", "is no RRULE"),
        ("BYDAY=MO", "needs a FREQ"),
        ("FREQ=SECONDLY", "needs a FREQ"),
        ("FREQ=DAILY;UNTIL=20271231T000000Z", "without Z"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL"),
        ("FREQ=DAILY;INTERVAL=-1", "INTERVAL"),
        ("DTSTART:20261201T090000Z FREQ=DAILY", "without Z and TZID"),
        ("DTSTART;TZID=UTC:20261201T090000 FREQ=DAILY", "without Z and TZID"),
        ("DTSTART:20261341T090000 FREQ=DAILY", "is no beginning"),
        ("DTSTART:20240101T090000 FREQ=DAILY", "more than a year ago"),
    ],
)
def test_what_cannot_be_meant_is_told_in_a_sentence(text: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        parse_rrule(text, TOKYO, NOW)
