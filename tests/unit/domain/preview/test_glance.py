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
    channels, notified_ids = order.pop("channels", ("email",)), order.pop("notified_ids", set())
    asked = GlanceOrder(parse_selection(selection), channels, **order)
    return glance_at(asked, world, saved or {}, opted_out, notified_ids, AIRPORT_COUNTRIES)


def test_it_counts_as_the_whole_preview_does() -> None:
    world = build_world(WAYS)
    shown = glance(world, {"everyone": True}, channels=("email", "sms")).reach
    assert shown == preview(world, everyone=True).summary.reach
    assert list(shown.by_country.items()) == [("JP", 3), ("FR", 1), ("unknown", 1)]


def test_whom_no_chosen_channel_reaches_is_counted_by_why() -> None:
    world = build_world(WAYS)
    by_email = glance(world, {"everyone": True}, only_unreached=True)
    assert by_email.reach.unreached_reasons == {
        "no email address": 2,
        "the email address is not valid": 1,
    }
    assert [one.person_id for one in by_email.people] == ["app", "none", "sms"]
    assert by_email.listed_count == by_email.reach.unreached_count == 3
    by_both = glance(world, {"everyone": True}, channels=("email", "sms"))
    assert by_both.reach.unreached_reasons == {"no email address, no phone number": 2}


def test_an_app_that_takes_no_notifications_reaches_nobody() -> None:
    every_way: dict[str, Any] = {"channels": ("email", "sms", "push"), "notified_ids": {"all"}}
    shown = glance(build_world(WAYS), {"everyone": True}, only_unreached=True, **every_way)
    assert shown.reach.unreached_reasons == {
        "no email address, no phone number, no app that takes notifications": 2
    }
    assert [(one.person_id, one.ways) for one in shown.people] == [("app", ("app",)), ("none", ())]
    assert shown.reach.by_channel == {"email": 2, "sms": 2, "push": 1}


def test_who_asked_for_no_more_sms_is_reached_by_none_unless_lives_are_at_stake() -> None:
    world, opted_out = build_world([person("ana", **PHONE)]), frozenset({PHONE["phone"], "+1"})
    quiet = glance(world, {"everyone": True}, opted_out, channels=("sms",))
    assert quiet.reach.unreached_reasons == {"asked for no more SMS (STOP)": 1}
    assert quiet.reach.opted_out_count == 1
    loud = glance(world, {"everyone": True}, opted_out, channels=("sms",), life_safety=True)
    assert (loud.reach.unreached_count, loud.reach.opted_out_count) == (0, 1)


def test_a_page_is_explained_as_in_the_whole_preview() -> None:
    world = build_world([person(f"p{number}", country="JP") for number in range(7)])
    asked: dict[str, Any] = {"filters": [{"countries": ["JP"]}]}
    page = glance(world, asked, first=4, size=2)
    whole = {one.person_id: one.via for one in preview(world, **asked).people}
    assert {one.person_id: one.via for one in page.people} == {"p4": whole["p4"], "p5": whole["p5"]}
    assert (page.listed_count, page.reach.people_count) == (7, 7)
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
        "dynamic filter Japan: filter 1: countries: JP, nowhere known",
        "filter 1: countries: JP, nowhere known",
    ]
    assert told["bo"] == [
        "group board",
        "manager of facility tokyo (filter 1: countries: JP; dynamic filter Japan; named)",
    ]
    zero = next(one for one in shown.people if one.person_id == "ana")
    assert list(tell_reasons(zero.via))[-1].startswith("filter 0: ")


def test_nobody_is_an_answer_too(world: World) -> None:
    shown = glance(world, {"filters": [{"countries": ["AQ"]}]})
    assert (shown.reach.people_count, shown.people, shown.reach.unreached_reasons) == (0, (), {})
