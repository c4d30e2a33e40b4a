from typing import Any

import pytest

from rollcall.domain.selection import parse_selection
from rollcall.domain.world import World
from tests.unit.domain.conftest import booking, build_world, emergency, facility, hour, person
from tests.unit.domain.preview.previews import SQUARE, preview, reported


def explain(world: World, person_id: str = "ana", **selection: Any) -> list[dict[str, Any]]:
    return next(one.via for one in preview(world, **selection).people if one.person_id == person_id)


def tell(world: World, criteria: dict[str, Any]) -> list[str]:
    """Return what is told of Ana's evidence for one filter."""
    (reason,) = explain(world, filters=[criteria])
    return [evidence["told"] for evidence in reason["evidence"]]


ANA = person(
    "ana",
    country="JP",
    home_country="FR",
    latitude=0.5,
    longitude=10.5,
    accuracy_m=50.0,
    groups=["board", "it"],
    tags=["pilot", "vip"],
    has_app=True,
    last_app_contact_at=hour(-2),
    **reported(0.8),
)
REPORT = "by report of 2026-11-23T05:12:00Z, 0.8 h old, accuracy 50 m"
BOOKINGS = [
    booking("ana", -10, 5, booking_id="b1", iata="HND", country="JP"),
    booking("ana", 30, 40, booking_id="b2", iata="NRT", country="JP"),
    booking("ana", 50, 60, booking_id="b3", country="JP"),
    booking("ana", -60, -50, booking_id="b0", iata="CDG", country="FR"),
    booking("bo", 30, 40, booking_id="b4", iata="NRT", country="JP"),
]
NOW = "2026-11-22T20:00:00Z to 2026-11-23T11:00:00Z"
NEXT = "2026-11-24T12:00:00Z to 2026-11-24T22:00:00Z"
LATER = "2026-11-25T08:00:00Z to 2026-11-25T18:00:00Z"
BEFORE = "2026-11-20T18:00:00Z to 2026-11-21T04:00:00Z"


@pytest.mark.parametrize(
    ("criteria", "told"),
    [
        ({"countries": ["jp", "FR"]}, [f"JP, {REPORT}"]),
        ({"home": "away"}, [f"away, in JP, {REPORT}; home is FR"]),
        ({"area": SQUARE}, [f"inside, {REPORT}"]),
        ({"groups": ["it", "board"]}, ["board, it"]),
        ({"groups": ["it"]}, ["it"]),
        ({"tags": ["vip", "pilot"], "tags_match": "all"}, ["pilot, vip"]),
        ({"recipient_type": "people"}, ["a person"]),
        ({"emergency": True}, ["emergency of-ana since 2026-11-23T05:00:00Z"]),
        (
            {"last_app_contact_within_hours": 3},
            ["app contact at 2026-11-23T04:00:00Z (asked for: since 2026-11-23T03:00:00Z)"],
        ),
        ({"travelling_now": True}, [f"booking b1 to HND (JP), {NOW}"]),
        ({"upcoming_travel_to_iata": {"codes": ["TYO"]}}, [f"booking b2 to NRT (JP), {NEXT}"]),
        (
            {"upcoming_travel_to_country": {"countries": ["JP"]}},
            [f"booking b2 to NRT (JP), {NEXT}", f"booking b3 to JP, {LATER}"],
        ),
        ({"past_travel_to_iata": {"codes": ["CDG"]}}, [f"booking b0 to CDG (FR), {BEFORE}"]),
        ({"past_travel_to_country": {"countries": ["FR"]}}, [f"booking b0 to CDG (FR), {BEFORE}"]),
    ],
    ids=lambda part: next(iter(part)) if isinstance(part, dict) else "",
)
def test_evidence_says_what_met_the_criterion(criteria: dict[str, Any], told: list[str]) -> None:
    world = build_world(
        [ANA, person("bo", groups=["it"])],
        bookings=BOOKINGS,
        emergencies=[emergency("ana", -1), emergency("ana", -9, -8), emergency("bo", -1)],
    )
    assert tell(world, criteria) == told


@pytest.mark.parametrize(
    ("criteria", "told"),
    [
        ({"emergency": False}, "no active emergency"),
        ({"travelling_now": False}, "no booking in progress"),
        ({"home": "at_home"}, "at home, in FR, by place of work; home is FR"),
    ],
    ids=["emergency", "travelling_now", "home"],
)
def test_what_is_not_there_is_evidence_too(criteria: dict[str, Any], told: str) -> None:
    at_work = person("ana", country="FR", home_country="FR", position_source="workplace")
    assert tell(build_world([at_work]), criteria) == [told]


def test_circle_of_accuracy_that_touches_the_area_is_called_possible() -> None:
    near = person("ana", latitude=0.5, longitude=11.01, accuracy_m=5000.0, **reported(1))
    world = build_world([near])
    (reason,) = explain(world, filters=[{"area": SQUARE, "area_match": "possible"}])
    (evidence,) = reason["evidence"]
    assert evidence["told"].startswith("possible: 1.1 km outside, by report of ")
    assert evidence["match"] == "possible"
    assert evidence["distance_m"] == pytest.approx(1113, rel=1e-3)


def test_evidence_holds_facts_for_programs() -> None:
    world = build_world([ANA], bookings=BOOKINGS[:2])
    criteria = {"countries": ["JP"], "upcoming_travel_to_iata": {"codes": ["NRT"]}}
    (reason,) = explain(world, filters=[criteria])
    assert reason == {
        "by": "filter",
        "index": 0,
        "evidence": [
            {"criterion": "countries", "told": f"JP, {REPORT}", "country": "JP"},
            {
                "criterion": "upcoming_travel_to_iata",
                "told": f"booking b2 to NRT (JP), {NEXT}",
                "booking_id": "b2",
                "iata": "NRT",
                "country": "JP",
                "starts_at": "2026-11-24T12:00:00Z",
                "ends_at": "2026-11-24T22:00:00Z",
            },
        ],
    }


def test_every_reason_is_there_in_the_order_of_via(world: World) -> None:
    shown = preview(
        world, everyone=True, people=["bo"], groups=["it"], filters=[{"tags": ["pilot"]}]
    )
    for one, recipient in zip(shown.people, shown.audience.recipients, strict=True):
        assert [
            {key: reason[key] for key in via}
            for reason, via in zip(one.via, recipient.via, strict=True)
        ] == list(recipient.via)


def test_contact_is_told_why_the_facility_was_matched(world: World) -> None:
    selection = {"filters": [{"countries": ["JP"]}, {"tags": ["hub"]}], "facilities": ["tokyo"]}
    (reason,) = explain(world, "bo", **selection)
    assert reason == {
        "by": "facility",
        "facility_id": "tokyo",
        "is_manager": True,
        "matched": [
            {
                "by": "filter",
                "index": 0,
                "evidence": [{"criterion": "countries", "told": "JP", "country": "JP"}],
            },
            {
                "by": "filter",
                "index": 1,
                "evidence": [{"criterion": "tags", "told": "hub", "tags": ["hub"]}],
            },
            {"by": "facility"},
        ],
    }


def test_facility_in_an_area_is_told_so() -> None:
    world = build_world(
        [person("ana")],
        [facility("here", "GA", latitude=0.5, longitude=10.5)],
        [{"facility_id": "here", "person_id": "ana", "is_manager": False}],
    )
    (reason,) = explain(world, filters=[{"area": SQUARE, "recipient_type": "facilities"}])
    (way,) = reason["matched"]
    assert [(one["criterion"], one["told"]) for one in way["evidence"]] == [
        ("area", "inside"),
        ("recipient_type", "a facility"),
    ]


def test_saved_filter_shows_the_evidence_within_however_deep(world: World) -> None:
    saved = {
        "Pilots": parse_selection({"filters": [{"tags": ["pilot"]}]}),
        "Crew": parse_selection({"saved_filters": ["Pilots"], "facilities": ["paris"]}),
    }
    shown = preview(world, saved=saved, saved_filters=["Crew"])
    bo, cy = shown.people
    evidence = [{"criterion": "tags", "told": "pilot", "tags": ["pilot"]}]
    pilots = {"by": "filter", "index": 0, "evidence": evidence}
    assert bo.via == [
        {
            "by": "saved_filter",
            "name": "Crew",
            "via": [{"by": "saved_filter", "name": "Pilots", "via": [pilots]}],
        }
    ]
    assert cy.via[0]["matched"] == [{"by": "saved_filter", "name": "Crew"}]
