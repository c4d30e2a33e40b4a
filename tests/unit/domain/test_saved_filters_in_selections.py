"""What a dynamic filter comes to where a selection names it."""

from typing import Any

import pytest

from rollcall.domain.audience import Audience
from rollcall.domain.selecting import select_audience
from rollcall.domain.selection import parse_selection
from rollcall.domain.world import World
from rollcall.errors import SelectionError
from tests.unit.domain.conftest import build_world, facility, person

Saved = dict[str, dict[str, Any]]
Ways = dict[str, list[dict[str, Any]]]


def select(world: World, saved: Saved, **selection: Any) -> Audience:
    parsed = {name: parse_selection(one) for name, one in saved.items()}
    return select_audience(parse_selection(selection), world, saved_filters=parsed)


def ways(audience: Audience) -> Ways:
    return {one.person_id: list(one.via) for one in audience.recipients}


def test_saved_filter_stands_for_whom_its_selection_means(world: World) -> None:
    saved = {"board but Bo": {"groups": ["board"], "exclude": {"people": ["bo"]}}}
    named = {"by": "saved_filter", "name": "board but Bo"}
    assert ways(select(world, saved, saved_filters=["board but Bo"])) == {"ana": [named]}


def test_saved_filter_named_twice_is_one_reason(world: World) -> None:
    audience = select(world, {"a": {"groups": ["it"]}}, saved_filters=["a", "a"])
    assert ways(audience) == {"bo": [{"by": "saved_filter", "name": "a"}]}


def test_its_reason_stands_between_groups_and_filters(world: World) -> None:
    audience = select(
        world,
        {"a": {"people": ["bo"]}, "b": {"groups": ["it"]}},
        filters=[{"countries": ["FR"], "recipient_type": "people"}],
        saved_filters=["b", "a"],
        groups=["it"],
    )
    assert ways(audience)["bo"] == [
        {"by": "group", "group": "it"},
        {"by": "saved_filter", "name": "b"},
        {"by": "saved_filter", "name": "a"},
        {"by": "filter", "index": 0},
    ]


def test_saved_filter_of_a_saved_filter_gives_the_outer_as_reason(world: World) -> None:
    saved: Saved = {"outer": {"saved_filters": ["inner"]}, "inner": {"people": ["ana"]}}
    audience = select(world, saved, saved_filters=["outer"])
    assert ways(audience) == {"ana": [{"by": "saved_filter", "name": "outer"}]}


def test_whom_a_saved_filter_excludes_can_be_selected_in_another_way(world: World) -> None:
    saved = {"a": {"everyone": True, "exclude": {"people": ["bo"]}}}
    audience = select(world, saved, saved_filters=["a"], people=["bo"])
    assert ways(audience)["bo"] == [{"by": "person"}]


def test_excluded_saved_filter_takes_its_people_away_but_not_whom_it_spares(world: World) -> None:
    saved = {"a": {"groups": ["board"], "exclude": {"people": ["bo"]}}}
    audience = select(world, saved, everyone=True, exclude={"saved_filters": ["a"]})
    assert list(ways(audience)) == ["bo", "cy"]


def test_facilities_of_a_saved_filter_stand_for_their_contacts(world: World) -> None:
    saved = {"a": {"facilities": ["tokyo", "paris"], "exclude": {"facilities": ["paris"]}}}
    audience = select(world, saved, saved_filters=["a"])
    tokyo = [{"by": "facility", "facility_id": "tokyo"}]
    assert (ways(audience), audience.facility_ids) == ({"bo": tokyo, "cy": tokyo}, ("tokyo",))


def test_excluded_saved_filter_takes_its_facilities_away_with_their_contacts(world: World) -> None:
    saved = {"a": {"facilities": ["tokyo"]}}
    audience = select(world, saved, facilities=["tokyo", "paris"], exclude={"saved_filters": ["a"]})
    assert list(ways(audience)) == ["cy"]
    assert audience.facility_ids == ("paris",)


def test_facility_does_not_stand_for_whom_its_saved_filter_excludes(world: World) -> None:
    saved = {"a": {"facilities": ["tokyo"], "exclude": {"people": ["cy"]}}}
    assert list(ways(select(world, saved, saved_filters=["a"]))) == ["bo"]


def test_facility_named_in_two_ways_stands_for_whom_either_lets_through(world: World) -> None:
    saved = {"a": {"facilities": ["tokyo"], "exclude": {"people": ["cy"]}}}
    audience = select(world, saved, saved_filters=["a"], facilities=["tokyo"])
    assert list(ways(audience)) == ["bo", "cy"]
    others = saved | {"b": {"facilities": ["tokyo"], "exclude": {"people": ["bo"]}}}
    assert list(ways(select(world, others, saved_filters=["a", "b"]))) == ["bo", "cy"]


def test_outer_exclusion_holds_for_the_facilities_of_a_saved_filter(world: World) -> None:
    saved: Saved = {"outer": {"saved_filters": ["inner"], "exclude": {"people": ["cy"]}}}
    saved["inner"] = {"facilities": ["tokyo", "paris"]}
    audience = select(world, saved, saved_filters=["outer"])
    assert (list(ways(audience)), audience.facility_ids) == (["bo"], ("paris", "tokyo"))


MISSING = "there is no dynamic filter 'x'"

MISTAKES: dict[str, tuple[Saved, dict[str, Any], str]] = {
    "missing": ({}, {"saved_filters": ["x"]}, f"saved_filters: {MISSING}"),
    "other letters": (
        {"X": {"everyone": True}},
        {"saved_filters": ["x"]},
        f"saved_filters: {MISSING} (did you mean 'X'?)",
    ),
    "missing within": (
        {"a": {"everyone": True, "exclude": {"saved_filters": ["x"]}}},
        {"saved_filters": ["a"]},
        f"dynamic filter 'a': exclude.saved_filters: {MISSING}",
    ),
    "unknown within": (
        {"a": {"saved_filters": ["b"]}, "b": {"groups": ["ops"]}},
        {"saved_filters": ["a"]},
        "dynamic filter 'b': groups: unknown group 'ops'",
    ),
    "itself": (
        {"a": {"saved_filters": ["a"]}},
        {"saved_filters": ["a"]},
        "dynamic filters lead in a circle: 'a' → 'a'",
    ),
    "circle": (
        {
            "a": {"saved_filters": ["b"]},
            "b": {"everyone": True, "exclude": {"saved_filters": ["c"]}},
            "c": {"people": ["ana"], "saved_filters": ["b"]},
        },
        {"everyone": True, "exclude": {"saved_filters": ["a"]}},
        "dynamic filters lead in a circle: 'b' → 'c' → 'b'",
    ),
}


@pytest.mark.parametrize(("saved", "selection", "told"), MISTAKES.values(), ids=MISTAKES)
def test_saved_filter_that_cannot_be_is_named(
    world: World, saved: Saved, selection: dict[str, Any], told: str
) -> None:
    with pytest.raises(SelectionError) as refusal:
        select(world, saved, **selection)
    assert str(refusal.value) == f"selection: {told}"


def test_mistake_in_a_saved_filter_that_is_not_used_is_nobody_s(world: World) -> None:
    saved: Saved = {"broken": {"groups": ["ops"]}, "a": {"people": ["ana"]}}
    assert list(ways(select(world, saved, saved_filters=["a"]))) == ["ana"]


def test_saved_filters_that_all_share_others_are_no_circle_and_take_no_longer(
    world: World,
) -> None:
    saved: Saved = {"left 0": {"people": ["ana"]}, "right 0": {"people": ["bo"]}}
    for level in range(1, 60):  # one by one, these would be 2 to the power of 60 evaluations
        below = [f"left {level - 1}", f"right {level - 1}"]
        saved[f"left {level}"] = {"saved_filters": below, "exclude": {"people": ["cy"]}}
        saved[f"right {level}"] = {"everyone": True, "exclude": {"saved_filters": below}}
    audience = select(world, saved, saved_filters=["left 59", "right 59"])
    assert list(ways(audience)) == ["ana", "bo", "cy"]


def test_saved_filter_is_evaluated_anew_on_each_world() -> None:
    saved: Saved = {"in Japan": {"filters": [{"countries": ["JP"]}]}}
    for country, expected in (("JP", ["ana"]), ("FR", [])):
        world = build_world([person("ana", country=country)], [facility("f", "JP")])
        assert list(ways(select(world, saved, saved_filters=["in Japan"]))) == expected
