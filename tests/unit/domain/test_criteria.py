from typing import Any

import pytest

from rollcall.domain.criteria import match_filter
from rollcall.domain.selection import Filter
from rollcall.domain.world import World
from rollcall.errors import SelectionError
from tests.unit.domain.conftest import booking, build_world, emergency, facility, hour, person
from tests.unit.domain.test_selection import EVERY_CRITERION, SQUARE


def match(world: World, **criteria: Any) -> tuple[set[str], set[str]]:
    people, facilities = match_filter(Filter.model_validate(criteria), world, "filters[0]")
    assert len(people) == len(set(people))
    assert len(facilities) == len(set(facilities))
    return set(people), set(facilities)


@pytest.mark.parametrize(
    ("criteria", "people", "facilities"),
    [
        ({"countries": ["JP"]}, {"ana"}, {"tokyo"}),
        ({"countries": ["JP", "FR"]}, {"ana", "bo"}, {"tokyo", "paris"}),
        ({"countries": ["AQ"]}, set(), set()),
        ({"groups": ["board"]}, {"ana", "bo"}, set()),
        ({"groups": ["it", "board"]}, {"ana", "bo"}, set()),
        ({"tags": ["vip"]}, {"ana", "bo"}, {"paris"}),
        ({"tags": ["vip", "pilot"]}, {"ana", "bo"}, {"paris"}),
        ({"tags": ["vip", "pilot"], "tags_match": "all"}, {"bo"}, set()),
        ({"tags": ["vip", "vip"], "tags_match": "all"}, {"ana", "bo"}, {"paris"}),
        ({"tags": ["hub", "vip"], "tags_match": "all"}, set(), {"paris"}),
        ({"recipient_type": "people"}, {"ana", "bo", "cy"}, set()),
        ({"recipient_type": "facilities"}, set(), {"tokyo", "paris"}),
        ({"countries": ["FR"], "tags": ["vip"]}, {"bo"}, {"paris"}),
        ({"countries": ["FR"], "recipient_type": "people"}, {"bo"}, set()),
        ({"countries": ["JP"], "groups": ["it"]}, set(), set()),
    ],
)
def test_all_criteria_must_hold_and_any_member_of_a_list(
    world: World, criteria: dict[str, Any], people: set[str], facilities: set[str]
) -> None:
    assert match(world, **criteria) == (people, facilities)


def test_whoever_is_nowhere_known_is_in_no_country() -> None:
    assert match(build_world([person("ana")]), countries=["JP"]) == (set(), set())


@pytest.mark.parametrize(
    ("criteria", "told"),
    [
        ({"countries": ["JP", "UK"]}, "selection: filters[0].countries: unknown country 'UK'"),
        ({"groups": ["bord"]}, "selection: filters[0].groups: unknown group 'bord'"),
        ({"tags": ["vip", "VIP"]}, "selection: filters[0].tags: unknown tag 'VIP'"),
        (
            {"upcoming_travel_to_iata": {"codes": ["HND", "XXQ"]}},
            "selection: filters[0].upcoming_travel_to_iata.codes: unknown airport code 'XXQ'",
        ),
        (
            {"past_travel_to_country": {"countries": ["UK"]}},
            "selection: filters[0].past_travel_to_country.countries: unknown country 'UK'",
        ),
    ],
)
def test_unknown_name_is_refused_rather_than_matching_nobody(
    world: World, criteria: dict[str, Any], told: str
) -> None:
    with pytest.raises(SelectionError) as refusal:
        match(world, **criteria)
    assert str(refusal.value) == told


@pytest.mark.parametrize("tag", ["hub", "vip"])
def test_tag_that_only_a_facility_or_only_a_person_carries_is_known(tag: str) -> None:
    facilities = [facility("f", "JP", tags=["hub"])]
    people, matched = match(build_world([person("ana", tags=["vip"])], facilities), tags=[tag])
    assert len(people) + len(matched) == 1


def test_empty_world_knows_no_name() -> None:
    with pytest.raises(SelectionError, match="unknown tag 'vip'"):
        match(build_world([]), tags=["vip"])


def test_only_criteria_of_both_kinds_are_ever_met_by_a_facility() -> None:
    everywhere = facility("f", "JP", latitude=1.0, longitude=1.0, tags=["vip"])
    known = {"groups": ["board"], "country": "JP", "home_country": "JP"}
    world = build_world([person("ana", **known)], [everywhere])
    met = {name for name, asked in EVERY_CRITERION.items() if match(world, **{name: asked})[1]}
    assert met == {"countries", "area", "tags"}


EMERGENCIES: list[tuple[float, float | None, bool]] = [
    # started, ended (hours after the moment), active
    (-1, None, True),
    (0, None, True),
    (0.001, None, False),
    (-1, 0.001, True),
    (-1, 0, False),
    (-2, -1, False),
    (0, 0, False),
]


@pytest.mark.parametrize(("started", "ended", "is_active"), EMERGENCIES)
def test_emergency_is_active_from_its_start_until_before_its_end(
    started: float, ended: float | None, is_active: bool
) -> None:
    people = [person("ana"), person("bo")]
    world = build_world(people, emergencies=[emergency("ana", started, ended)])
    active = {"ana"} if is_active else set()
    assert match(world, emergency=True) == (active, set())
    assert match(world, emergency=False) == ({"ana", "bo"} - active, set())


def test_one_active_emergency_is_enough() -> None:
    emergencies = [emergency("ana", -3, -2), emergency("ana", -1)]
    world = build_world([person("ana")], emergencies=emergencies)
    assert match(world, emergency=True) == ({"ana"}, set())
    assert match(world, emergency=False) == (set(), set())


def test_home_and_away_need_both_countries_known() -> None:
    people = [
        person("home", country="JP", home_country="JP"),
        person("away", country="FR", home_country="JP"),
        person("nowhere", home_country="JP"),
        person("homeless", country="JP"),
    ]
    world = build_world(people)
    assert match(world, home="at_home") == ({"home"}, set())
    assert match(world, home="away") == ({"away"}, set())


def test_app_contact_counts_from_so_many_hours_ago_and_needs_the_app() -> None:
    people = [
        person("just", has_app=True, last_app_contact_at=hour(-2)),
        person("late", has_app=True, last_app_contact_at=hour(-2.001)),
        person("gone", has_app=False, last_app_contact_at=hour(-1)),
        person("never", has_app=True),
    ]
    world = build_world(people)
    assert match(world, last_app_contact_within_hours=2) == ({"just"}, set())
    assert match(world, last_app_contact_within_hours=2.5) == ({"just", "late"}, set())


def test_area_takes_people_and_facilities_on_its_edge() -> None:
    people = [
        person("inside", latitude=1.0, longitude=1.0),
        person("edge", latitude=2.0, longitude=1.0),
        person("corner", latitude=0.0, longitude=0.0),
        person("outside", latitude=2.0000001, longitude=1.0),
        person("unknown", country="JP"),
    ]
    facilities = [
        facility("office", "JP", latitude=1.0, longitude=2.0),
        facility("far", "JP", latitude=1.0, longitude=3.0),
        facility("somewhere", "JP"),
    ]
    found = match(build_world(people, facilities), area=SQUARE)
    assert found == ({"inside", "edge", "corner"}, {"office"})


def test_area_in_a_world_without_coordinates_holds_nobody() -> None:
    assert match(build_world([]), area=SQUARE) == (set(), set())
    assert match(build_world([person("ana")]), area=SQUARE) == (set(), set())


def test_possible_area_also_takes_whose_circle_of_accuracy_touches_it() -> None:
    """One degree of latitude is about 110.6 km there."""
    people = [
        person("inside", latitude=1.0, longitude=1.0),
        person("perhaps", latitude=3.0, longitude=1.0, accuracy_m=112_000.0),
        person("not quite", latitude=3.0, longitude=1.0, accuracy_m=109_000.0),
        person("precise", latitude=3.0, longitude=1.0),
        person("unknown", accuracy_m=9e6),
    ]
    facilities = [facility("near", "JP", latitude=2.1, longitude=1.0)]
    world = build_world(people, facilities)
    assert match(world, area=SQUARE, area_match="possible") == ({"inside", "perhaps"}, set())
    assert match(world, area=SQUARE, area_match="inside") == ({"inside"}, set())


IN_PROGRESS = [(-1, 1, True), (0, 1, True), (-1, 0, False), (0.001, 1, False), (0, 0, False)]


@pytest.mark.parametrize(("starts", "ends", "is_travelling"), IN_PROGRESS)
def test_booking_is_travelled_from_its_start_until_before_its_end(
    starts: float, ends: float, is_travelling: bool
) -> None:
    people = [person("ana"), person("bo")]
    world = build_world(people, bookings=[booking("ana", starts, ends)])
    travelling = {"ana"} if is_travelling else set()
    assert match(world, travelling_now=True) == (travelling, set())
    assert match(world, travelling_now=False) == ({"ana", "bo"} - travelling, set())


def test_metropolitan_code_stands_for_its_airports_and_itself() -> None:
    world = build_world(
        [person(name) for name in ("hnd", "nrt", "tyo", "cdg", "none")],
        bookings=[
            booking("hnd", 1, 2, iata="HND"),
            booking("nrt", 1, 2, iata="NRT"),
            booking("tyo", 1, 2, iata="TYO"),
            booking("cdg", 1, 2, iata="CDG"),
            booking("none", 1, 2, country="JP"),
        ],
    )

    def going_to(*codes: str) -> set[str]:
        return match(world, upcoming_travel_to_iata={"codes": codes})[0]

    assert going_to("TYO") == {"hnd", "nrt", "tyo"}
    assert going_to("hnd") == {"hnd"}
    assert going_to("BKK") == set()
    assert going_to("CDG", "HND") == {"cdg", "hnd"}


def test_travel_to_a_country_goes_by_the_country_of_the_booking() -> None:
    bookings = [
        booking("ana", 1, 2, iata="HND", country="FR"),
        booking("bo", 1, 2, country="JP"),
        booking("cy", 1, 2),
    ]
    world = build_world([person(name) for name in ("ana", "bo", "cy")], bookings=bookings)
    assert match(world, upcoming_travel_to_country={"countries": ["jp"]}) == ({"bo"}, set())
    assert match(world, past_travel_to_country={"countries": ["JP"]}) == (set(), set())


def test_one_booking_must_meet_place_and_period_together() -> None:
    bookings = [booking("ana", 1, 2, iata="CDG"), booking("ana", -2, -1, iata="HND")]
    world = build_world([person("ana")], bookings=bookings)
    assert match(world, upcoming_travel_to_iata={"codes": ["HND"]}) == (set(), set())
    assert match(world, past_travel_to_iata={"codes": ["HND"]}) == ({"ana"}, set())
