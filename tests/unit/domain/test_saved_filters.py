import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.domain.saved_filters import (
    collect_names,
    find_whole,
    gather,
    parse_saved_filter,
    rename_reference,
    selection_to_json,
)
from rollcall.domain.selection import Selection, parse_selection
from rollcall.errors import SelectionError

NAMES = st.sampled_from("ABCDE")


def using(*names: str, **rest: Any) -> Selection:
    return Selection(saved_filters=names, **rest)


def test_a_filter_by_itself_is_a_selection_of_that_filter() -> None:
    assert parse_saved_filter('{"countries": ["jp"], "groups": ["it"]}') == parse_selection(
        {"filters": [{"countries": ["JP"], "groups": ["it"]}]}
    )


def test_a_selection_is_kept_as_it_is() -> None:
    asked = {"groups": ["it"], "exclude": {"filters": [{"tags": ["x"]}]}}
    assert parse_saved_filter(json.dumps(asked)) == parse_selection(asked)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"countries": ["JP"], "people": ["p1"]}', "unknown key 'countries'"),
        ('{"contries": ["JP"]}', "unknown key 'contries' .did you mean 'countries'"),
        ('{"countries": []}', r"filters\[0\]\.countries"),
        ("{}", "names nobody"),
        ("[]", "must be an object"),
        ("{", "not valid JSON"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_it_is_saved(text: str, told: str) -> None:
    with pytest.raises(SelectionError, match=told):
        parse_saved_filter(text)


def test_json_of_a_selection_holds_what_was_meant_and_no_more() -> None:
    asked = {"filters": [{"countries": ["JP"], "emergency": False}], "exclude": {"people": ["p"]}}
    assert selection_to_json(parse_selection(asked)) == asked


def test_names_are_collected_from_the_exclusion_too() -> None:
    selection = using("A", "B", exclude={"saved_filters": ["C", "A"]})
    assert collect_names(selection) == ("A", "B", "C")


@pytest.mark.parametrize(
    "selection",
    [
        using("A", "B"),
        using("A", people=("p1",)),
        using("A", exclude={"groups": ["it"]}),
        using("A", exclude={"saved_filters": ["A"]}),
        parse_selection({"everyone": True, "exclude": {"saved_filters": ["A"]}}),
        parse_selection({"everyone": True}),
    ],
)
def test_a_selection_that_says_more_than_one_saved_filter_consists_of_none(
    selection: Selection,
) -> None:
    assert find_whole(selection) is None


def test_a_selection_of_one_saved_filter_consists_of_it() -> None:
    assert find_whole(using("A")) == "A"


def test_everything_used_through_others_is_gathered() -> None:
    saved = {
        "A": using("B", exclude={"saved_filters": ["C"]}),
        "B": using("D"),
        "C": using("D"),
        "D": parse_selection({"everyone": True}),
        "E": using("A"),
    }
    assert gather(using("A"), saved) == {name: saved[name] for name in "ABCD"}


def test_a_missing_name_is_told_with_whoever_names_it() -> None:
    with pytest.raises(SelectionError, match=r"^selection: there is no dynamic filter 'A'"):
        gather(using("A"), {})
    with pytest.raises(
        SelectionError, match=r"^dynamic filter 'A': there is no dynamic filter 'B'"
    ):
        gather(using("A"), {"A": using("B")})


def test_a_circle_is_told_from_where_it_begins() -> None:
    saved = {"A": using("B"), "B": using("C"), "C": using("B")}
    with pytest.raises(SelectionError, match=r"lead in a circle: 'B' → 'C' → 'B'$"):
        gather(using("A"), saved)


@given(st.dictionaries(NAMES, st.lists(NAMES, max_size=3)), NAMES)
def test_gathering_ends_on_any_tangle_and_gathers_only_what_is_complete(
    links: dict[str, list[str]], start: str
) -> None:
    saved = {name: using(*inner, people=("p1",)) for name, inner in links.items()}
    try:
        gathered = gather(using(start), saved)
    except SelectionError:
        return
    assert start in gathered
    assert all(set(collect_names(one)) <= gathered.keys() for one in gathered.values())


def test_renaming_reaches_the_exclusion_and_nothing_else() -> None:
    selection = using("A", "B", groups=("A",), exclude={"saved_filters": ["A"], "people": ["A"]})
    assert selection_to_json(rename_reference(selection, "A", "Z")) == {
        "saved_filters": ["Z", "B"],
        "groups": ["A"],
        "exclude": {"saved_filters": ["Z"], "people": ["A"]},
    }
