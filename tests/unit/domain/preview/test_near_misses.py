from typing import Any

import pytest

from rollcall.domain.preview.near_misses import NearMissKind
from rollcall.domain.selection import parse_selection
from rollcall.domain.world import World
from tests.unit.domain.conftest import booking, build_world, facility, person
from tests.unit.domain.preview.previews import SQUARE, preview, reported


def misses(world: World, kind: NearMissKind, **rest: Any) -> dict[str, str]:
    """Return what is told of the near misses of one kind, by person."""
    return {one["person_id"]: one["told"] for one in preview(world, **rest).near_misses[kind]}


def beside(person_id: str, degrees: float, **known: Any) -> dict[str, Any]:
    """Return somebody so far east of the square."""
    where = {"latitude": 0.5, "longitude": 11 + degrees, **reported(1)}
    return person(person_id, **(where | known))


def test_who_is_within_25_km_outside_an_area_is_a_near_miss_the_nearest_first() -> None:
    world = build_world(
        [beside("far", 0.3), beside("near", 0.2), beside("nearest", 0.1), beside("in", -0.1)]
    )
    (nearest, near) = preview(world, filters=[{"area": SQUARE}]).near_misses["outside_area"]
    assert (nearest["person_id"], nearest["name"]) == ("nearest", "Nearest")
    assert nearest["where"] == "filters[0].area"
    assert nearest["told"] == "11.1 km outside, by report of 2026-11-23T05:00:00Z, 1.0 h old"
    assert nearest["distance_m"] == pytest.approx(11_132, rel=1e-3)
    assert near["person_id"] == "near"


def test_near_miss_meets_everything_else() -> None:
    world = build_world([beside("vip", 0.1, tags=["vip"]), beside("other", 0.1)])
    assert set(misses(world, "outside_area", filters=[{"area": SQUARE, "tags": ["vip"]}])) == {
        "vip"
    }


def test_who_is_in_the_audience_in_another_way_is_no_near_miss() -> None:
    world = build_world([beside("ana", 0.1)])
    assert misses(world, "outside_area", filters=[{"area": SQUARE}], people=["ana"]) == {}


def test_who_is_excluded_on_purpose_is_no_near_miss() -> None:
    world = build_world([beside("ana", 0.1, tags=["no-contact"]), beside("bo", 0.1)])
    exclude = {"filters": [{"tags": ["no-contact"]}]}
    assert set(misses(world, "outside_area", filters=[{"area": SQUARE}], exclude=exclude)) == {"bo"}


def test_contact_of_an_excluded_facility_still_is_a_near_miss() -> None:
    world = build_world(
        [beside("ana", 0.1)],
        [facility("paris", "FR")],
        [{"facility_id": "paris", "person_id": "ana", "is_manager": True}],
    )
    shown = misses(
        world, "outside_area", filters=[{"area": SQUARE}], exclude={"facilities": ["paris"]}
    )
    assert set(shown) == {"ana"}


def test_near_misses_of_a_saved_filter_are_found_less_whom_it_excludes() -> None:
    world = build_world([beside("ana", 0.1, tags=["no-contact"]), beside("bo", 0.1)])
    saved = parse_selection(
        {"filters": [{"area": SQUARE}], "exclude": {"filters": [{"tags": ["no-contact"]}]}}
    )
    shown = preview(world, saved={"Square": saved}, saved_filters=["Square"])
    (bo,) = shown.near_misses["outside_area"]
    assert (bo["person_id"], bo["where"]) == ("bo", "dynamic filter 'Square': filters[0].area")


@pytest.mark.parametrize("criteria", [{"countries": ["JP"]}, {"home": "away"}, {"area": SQUARE}])
def test_who_is_in_it_by_an_old_report_is_told_the_oldest_first(criteria: dict[str, Any]) -> None:
    there = {"country": "JP", "home_country": "FR", "latitude": 0.5, "longitude": 10.5}
    world = build_world(
        [
            person("fresh", **there, **reported(72)),
            person("old", **there, **reported(72.1)),
            person("older", **there, **reported(200)),
        ]
    )
    shown = misses(world, "old_position", filters=[criteria])
    assert list(shown) == ["older", "old"]
    assert shown["old"] == "by report of 2026-11-20T05:54:00Z, 72.1 h old"


def test_stay_that_began_long_ago_and_goes_on_is_no_old_news() -> None:
    stay = reported(200, position_source="booking")
    world = build_world([person("ana", country="JP", **stay)])
    assert misses(world, "old_position", filters=[{"countries": ["JP"]}]) == {}


def test_old_report_says_nothing_of_who_was_not_selected_by_it() -> None:
    world = build_world([person("ana", country="JP", groups=["it"], **reported(200))])
    assert misses(world, "old_position", filters=[{"groups": ["it"]}]) == {}


def test_old_report_elsewhere_hides_nobody_whose_home_or_booking_is_there() -> None:
    elsewhere = {"country": "FR", **reported(100)}
    world = build_world(
        [
            person("home", **elsewhere, home_country="JP"),
            person("booked", **elsewhere, home_country="FR"),
            person("stranger", **elsewhere, home_country="FR"),
            person("fresh", country="FR", home_country="JP", **reported(3)),
            person("lost", home_country="JP"),
        ],
        bookings=[booking("booked", -150, 5, booking_id="b1", iata="HND", country="JP")],
    )
    shown = misses(world, "placed_elsewhere", filters=[{"countries": ["JP"]}])
    old = "FR, by report of 2026-11-19T02:00:00Z, 100.0 h old"
    stay = "2026-11-17T00:00:00Z to 2026-11-23T11:00:00Z"
    assert shown == {
        "home": f"{old}; but home is JP",
        "booked": f"{old}; but booking b1 to HND (JP), {stay}",
        "lost": "country unknown, nowhere known; but home is JP",
    }


@pytest.mark.parametrize(
    ("name", "starts", "ends"),
    [("upcoming_travel_to_iata", 5, 9), ("past_travel_to_iata", -9, -5)],
)
def test_booking_without_airport_to_the_same_country_is_a_near_miss(
    name: str, starts: float, ends: float
) -> None:
    when = (starts, ends)
    world = build_world(
        [person("ana"), person("bo"), person("cy"), person("di")],
        bookings=[
            booking("ana", *when, booking_id="b1", country="JP"),
            booking("bo", *when, booking_id="b2", country="FR"),
            booking("cy", *when, booking_id="b3", iata="CDG", country="JP"),
            booking("di", -1, 1, booking_id="b4", country="JP"),
        ],
    )
    shown = preview(world, filters=[{name: {"codes": ["TYO"]}}])
    (ana,) = shown.near_misses["booking_without_iata"]
    assert (ana["person_id"], ana["where"]) == ("ana", f"filters[0].{name}")
    assert ana["told"].startswith("booking b1 to JP, 2026-11-2")
    assert (ana["booking_id"], ana["iata"], ana["country"]) == ("b1", None, "JP")


def test_contacts_that_managers_only_leaves_out_are_told(world: World) -> None:
    shown = preview(world, managers_only=True, facilities=["tokyo", "paris"])
    told = {one["told"] for one in shown.near_misses["not_a_manager"]}
    assert told == {f"contact of {name}, but not its manager" for name in ("tokyo", "paris")}
    assert {one["person_id"] for one in shown.near_misses["not_a_manager"]} == {"cy"}


def test_without_managers_only_no_contact_is_left_out(world: World) -> None:
    assert misses(world, "not_a_manager", facilities=["tokyo"]) == {}
