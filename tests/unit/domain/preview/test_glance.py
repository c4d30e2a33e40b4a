"""A glance says what the whole preview says, in numbers and a page at a time."""

from typing import Any

from rollcall.domain.preview.glance import Glance, GlanceOrder, glance_at
from rollcall.domain.preview.telling import tell_reasons
from rollcall.domain.selection import Selection, parse_selection
from rollcall.domain.world import World
from tests.unit.domain.conftest import build_world, facility, person
from tests.unit.domain.preview.previews import AIRPORT_COUNTRIES, SQUARE, preview, reported

EMAIL = {"email": "one@example.org"}
PHONE = {"phone": "+12025550100"}
WAYS = [
    person("all", **EMAIL, **PHONE, has_app=True, country="JP"),
    person("app", has_app=True, country="FR"),
    person("email", **EMAIL, country="JP"),
    person("none"),
    person("sms", **PHONE, email="not an address", country="JP"),
]


def glance(
    world: World,
    selection: dict[str, Any],
    opted_out: frozenset[str] = frozenset(),
    saved: dict[str, Selection] | None = None,
    **order: Any,
) -> Glance:
    channels = order.pop("channels", ("email",))
    asked = GlanceOrder(parse_selection(selection), channels, **order)
    return glance_at(asked, world, saved or {}, opted_out, AIRPORT_COUNTRIES)


def test_it_counts_as_the_whole_preview_does() -> None:
    world = build_world(WAYS)
    shown, whole = glance(world, {"everyone": True}), preview(world, everyone=True).summary
    assert shown.people_count == whole.people_count
    assert shown.reachable == whole.reachable
    assert shown.by_country == whole.by_country == {"JP": 3, "FR": 1, "unknown": 1}


def test_whom_no_chosen_channel_reaches_is_counted_by_why() -> None:
    world = build_world(WAYS)
    by_email = glance(world, {"everyone": True}, only_missed=True)
    assert by_email.missed_reasons == {"no email": 2, "no valid email": 1}
    assert [one.person_id for one in by_email.people] == ["app", "none", "sms"]
    assert by_email.listed_count == by_email.missed_count == 3
    by_both = glance(world, {"everyone": True}, channels=("email", "sms"))
    assert by_both.missed_reasons == {"no email, no phone": 2}
    by_all = glance(world, {"everyone": True}, channels=("email", "sms", "push"))
    assert by_all.missed_reasons == {"no email, no phone, no app": 1}


def test_who_asked_for_no_more_sms_is_reached_by_none_unless_lives_are_at_stake() -> None:
    world, opted_out = build_world([person("ana", **PHONE)]), frozenset({PHONE["phone"], "+1"})
    quiet = glance(world, {"everyone": True}, opted_out, channels=("sms",))
    assert (quiet.missed_reasons, quiet.opted_out_count) == ({"asked for no more SMS": 1}, 1)
    loud = glance(world, {"everyone": True}, opted_out, channels=("sms",), life_safety=True)
    assert (loud.missed_count, loud.opted_out_count) == (0, 1)


def test_a_page_is_explained_as_in_the_whole_preview() -> None:
    world = build_world([person(f"p{number}", country="JP") for number in range(7)])
    asked = {"filters": [{"countries": ["JP"]}]}
    page = glance(world, asked, first=4, size=2)
    whole = {one.person_id: one.via for one in preview(world, **asked).people}
    assert {one.person_id: one.via for one in page.people} == {"p4": whole["p4"], "p5": whole["p5"]}
    assert (page.listed_count, page.people_count) == (7, 7)
    assert glance(world, asked, first=7).people == ()


def test_near_misses_are_counted_and_the_first_are_named() -> None:
    near = [
        person(f"p{number:02}", latitude=0.5, longitude=11.1 + number / 1e4, **reported(1))
        for number in range(25)
    ]
    found = glance(build_world(near), {"filters": [{"area": SQUARE}]}).near_misses["outside_area"]
    assert found.count == 25
    assert [one["person_id"] for one in found.shown] == [f"p{number:02}" for number in range(20)]


def test_facilities_stand_for_their_managers_only_when_that_is_asked_for(world: World) -> None:
    both = glance(world, {"facilities": ["tokyo"]})
    assert [one.person_id for one in both.people] == ["bo", "cy"]
    managers = glance(world, {"facilities": ["tokyo"]}, managers_only=True)
    assert [one.person_id for one in managers.people] == ["bo"]
    assert managers.near_misses["not_a_manager"].count == 1
    assert managers.facility_count == 1


def test_a_facility_that_stands_for_nobody_is_named() -> None:
    world = build_world([person("ana")], [facility("tokyo", "JP")])
    assert glance(world, {"facilities": ["tokyo"]}).silent_facility_ids == ("tokyo",)


def test_reasons_are_told_with_filters_counted_as_people_count(world: World) -> None:
    saved = {"Japan": parse_selection({"filters": [{"countries": ["JP"]}]})}
    asked = {
        "filters": [{"countries": ["JP"]}],
        "saved_filters": ["Japan"],
        "groups": ["board"],
        "facilities": ["tokyo"],
    }
    shown = glance(world, asked, saved=saved)
    told = {one.person_id: list(tell_reasons(one.via, 1)) for one in shown.people}
    assert told["ana"] == [
        "group board",
        "saved filter Japan: filter 1: countries: JP, nowhere known",
        "filter 1: countries: JP, nowhere known",
    ]
    assert told["bo"] == ["group board", "manager of facility tokyo (named)"]
    zero = next(one for one in shown.people if one.person_id == "ana")
    assert list(tell_reasons(zero.via))[-1].startswith("filter 0: ")


def test_nobody_is_an_answer_too(world: World) -> None:
    shown = glance(world, {"filters": [{"countries": ["AQ"]}]})
    assert (shown.people_count, shown.people, shown.missed_reasons) == (0, (), {})
