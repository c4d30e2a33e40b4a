from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from rollcall.domain.audience import (
    Audience,
    Position,
    Recipient,
    digest_audience,
    digest_preview,
    looks_deliverable,
)

MOMENT = datetime(2026, 11, 23, 6, tzinfo=UTC)
ANA = Recipient(
    person_id="p1",
    name="Ana",
    email="ana@example.org",
    phone="+12025550100",
    language="pt",
    home_country="BR",
    position=Position("booking", "JP", 35.5, 139.7, MOMENT),
    via=({"by": "filter", "index": 0}, {"by": "facility", "facility_id": "f1"}),
)


def test_person_is_written_as_the_contract_says() -> None:
    assert ANA.to_json() == {
        "person_id": "p1",
        "name": "Ana",
        "email": "ana@example.org",
        "phone": "+12025550100",
        "language": "pt",
        "position": {
            "country": "JP",
            "latitude": 35.5,
            "longitude": 139.7,
            "source": "booking",
            "at": "2026-11-23T06:00:00Z",
        },
        "via": [{"by": "filter", "index": 0}, {"by": "facility", "facility_id": "f1"}],
    }


def test_unknown_position_is_written_as_nulls() -> None:
    assert Position("none").to_json() == {
        "country": None,
        "latitude": None,
        "longitude": None,
        "source": "none",
        "at": None,
    }


@pytest.mark.parametrize(
    ("email", "phone", "is_reachable", "reason"),
    [
        ("ana@example.org", None, True, None),
        (None, "+12025550100", True, None),
        ("not an address", "+12025550100", True, None),
        (None, None, False, "no email, no phone"),
        ("", None, False, "no email, no phone"),
        ("not an address", None, False, "no valid email, no phone"),
        ("n/a", None, False, "no valid email, no phone"),
    ],
)
def test_whoever_has_a_usable_address_is_reachable(
    email: str | None, phone: str | None, is_reachable: bool, reason: str | None
) -> None:
    one = replace(ANA, email=email, phone=phone)
    assert one.is_reachable is is_reachable
    assert reason is None or one.unreachable_reason == reason


def test_everybody_is_either_reachable_or_not() -> None:
    silent = replace(ANA, person_id="p2", email=None, phone=None)
    audience = Audience(MOMENT, (ANA, silent), ())
    assert (audience.reachable, audience.unreachable) == ((ANA,), (silent,))


@pytest.mark.parametrize("email", ["a@b", "jörg@example.org", '"a b"'.replace(" ", ".") + "@x.org"])
def test_address_that_fits_into_an_envelope_is_tried(email: str) -> None:
    assert looks_deliverable(email)


@pytest.mark.parametrize(
    "email",
    ["", "@", "a@", "@b", "a b@c", "a@b\r\nRCPT TO:<x@y>", "a@b,c@d", "<a@b>", "a@b\x00", "a@b;"],
)
def test_address_that_would_break_an_envelope_is_not(email: str) -> None:
    assert not looks_deliverable(email)


def test_digest_ignores_the_order_of_people() -> None:
    other = replace(ANA, person_id="p2")
    assert digest_audience([ANA, other]) == digest_audience([other, ANA])


def test_digest_tells_other_people_reasons_and_places_apart() -> None:
    audiences = [
        [],
        [ANA],
        [ANA, replace(ANA, person_id="p2")],
        [replace(ANA, phone=None)],
        [replace(ANA, via=())],
        [replace(ANA, position=Position("none"))],
    ]
    assert len({digest_audience(one) for one in audiences}) == len(audiences)


def test_digest_stays_what_earlier_versions_have_frozen() -> None:
    assert digest_audience([ANA]) == (
        "6b15a76eb8fa67991116c7e00f49a6ed0279db153e0c2fe1b17b94bfc31a62e0"
    )


def test_preview_digest_tells_other_people_addresses_and_reasons_apart() -> None:
    audiences = [
        [],
        [ANA],
        [ANA, replace(ANA, person_id="p2")],
        [replace(ANA, phone=None)],
        [replace(ANA, email=ANA.phone, phone=ANA.email)],
        [replace(ANA, via=())],
        [replace(ANA, via=({"by": "filter", "index": 1}, *ANA.via[1:]))],
    ]
    assert len({digest_preview(one) for one in audiences}) == len(audiences)


@pytest.mark.parametrize(
    "changed",
    [
        {"position": Position("report", "JP", 35.6, 139.8, MOMENT)},
        {"name": "Ana Maria"},
        {"language": "en"},
    ],
)
def test_preview_digest_stays_where_nobody_else_is_meant(changed: dict[str, Any]) -> None:
    assert digest_preview([replace(ANA, **changed)]) == digest_preview([ANA])
