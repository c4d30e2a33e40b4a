"""Whom a draft is for: what one window changes is not undone by another."""

from typing import Any

import pytest

from rollcall.domain.draft_recipients import (
    add_filter,
    add_names,
    change_filter,
    count_unsaid,
    is_everyone,
    list_filters,
    list_named,
    move_filter,
    read_selection,
    remove_filter,
    remove_names,
    say_everyone,
)
from rollcall.domain.selection import parse_selection
from rollcall.errors import InputError, SelectionError

JAPAN: dict[str, Any] = {"countries": ["JP"]}
FRANCE: dict[str, Any] = {"countries": ["FR"]}


def with_filters(*filters: dict[str, Any]) -> dict[str, Any]:
    return {"selection": {"filters": list(filters)}}


def test_names_are_added_once_and_taken_away() -> None:
    body = add_names("include", "people", ["ana", "bo", "ana"])({})
    body = add_names("include", "people", ["bo", "cy"])(body)
    assert list_named(body, "include", "people") == ["ana", "bo", "cy"]
    body = add_names("exclude", "groups", ["it"])(body)
    body = remove_names("include", "people", ["ana", "nobody", "bo", "cy"])(body)
    assert body == {"selection": {"exclude": {"groups": ["it"]}}}


def test_everybody_is_meant_or_not() -> None:
    body = say_everyone(is_meant=True)({})
    assert is_everyone(body)
    assert say_everyone(is_meant=False)(body) == {}


def test_a_filter_is_changed_where_it_is_now() -> None:
    seen = with_filters(JAPAN, FRANCE)
    moved = remove_filter("include", 0, JAPAN)(seen)
    change = change_filter("include", 1, FRANCE, lambda one: one | {"tags": ["vip"]})
    assert change(moved) == with_filters(FRANCE | {"tags": ["vip"]})
    assert change(seen) == with_filters(JAPAN, FRANCE | {"tags": ["vip"]})


@pytest.mark.parametrize("now", [with_filters(JAPAN | {"tags": ["vip"]}), {}])
def test_a_filter_that_another_window_changed_is_left_as_it_is(now: dict[str, Any]) -> None:
    for edit in (
        change_filter("include", 0, JAPAN, lambda _: FRANCE),
        remove_filter("include", 0, JAPAN),
        move_filter("include", 0, JAPAN),
    ):
        with pytest.raises(InputError, match="changed or removed in another window"):
            edit(now)


def test_of_two_filters_that_say_the_same_the_one_in_place_is_changed() -> None:
    edit = change_filter("include", 1, JAPAN, lambda _: FRANCE)
    assert edit(with_filters(JAPAN, JAPAN)) == with_filters(JAPAN, FRANCE)


def test_a_filter_leaves_out_whom_it_meant() -> None:
    body = move_filter("include", 0, JAPAN)(with_filters(JAPAN))
    assert body == {"selection": {"exclude": {"filters": [JAPAN]}}}
    assert move_filter("exclude", 0, JAPAN)(body) == with_filters(JAPAN)


@pytest.mark.parametrize(
    "body",
    [{}, {"selection": {}}, with_filters({}), {"selection": {"exclude": {"groups": ["it"]}}}],
)
def test_a_draft_for_nobody_is_no_mistake_yet(body: dict[str, Any]) -> None:
    assert read_selection(body) is None


def test_a_filter_without_a_criterion_means_nobody_yet() -> None:
    body = add_filter("include", {})(with_filters(JAPAN, {"tags_match": "all"}))
    body = add_filter("exclude", {})(body)
    assert count_unsaid(body) == 3
    assert read_selection(body) == parse_selection({"filters": [JAPAN]})
    assert len(list_filters(body, "include")) == 3


def test_a_criterion_that_is_half_said_is_never_passed_over() -> None:
    half = {"upcoming_travel_to_iata": {"from_at": "2026-11-23T06:00:00Z"}}
    with pytest.raises(SelectionError, match=r"filters\[0\].upcoming_travel_to_iata.codes"):
        read_selection(with_filters(half))


@pytest.mark.parametrize("body", [{"selection": []}, {"selection": {"people": "ana"}}])
def test_what_no_composer_wrote_does_no_harm(body: dict[str, Any]) -> None:
    assert list_named(body, "include", "people") == []
    assert list_filters(body, "exclude") == []
