import json
from typing import Any

import pytest

from rollcall.domain.selection import Filter, parse_selection
from rollcall.errors import SelectionError

EVERY_CRITERION: dict[str, Any] = {
    "countries": ["JP"],
    "emergency": True,
    "groups": ["board"],
    "home": "away",
    "last_app_contact_within_hours": 24,
    "area": {"type": "Polygon", "coordinates": []},
    "tags": ["vip"],
    "recipient_type": "people",
    "travelling_now": False,
    "upcoming_travel_to_iata": {"codes": ["TYO"], "from_at": "2026-11-23T06:00:00Z"},
    "upcoming_travel_to_country": {"countries": ["JP"], "until_at": "2026-11-23T06:00:00Z"},
    "past_travel_to_iata": {"codes": ["HND"]},
    "past_travel_to_country": {"countries": ["JP"]},
}


def refuse(selection: object) -> str:
    with pytest.raises(SelectionError) as refusal:
        parse_selection(json.dumps(selection))
    sentence = str(refusal.value)
    assert "\n" not in sentence
    return sentence


def test_the_contracts_example_is_read() -> None:
    selection = parse_selection(
        """{"everyone": false, "people": ["p1"], "facilities": ["f1"], "groups": ["g"],
            "saved_filters": ["Japan now"], "filters": [{"countries": ["JP"]}],
            "exclude": {"filters": [{"tags": ["no-contact"]}]}}"""
    )
    assert selection.people == ("p1",)
    assert selection.filters[0].countries == ("JP",)
    assert selection.exclude.filters[0].tags == ("no-contact",)


@pytest.mark.parametrize("name", EVERY_CRITERION)
def test_every_criterion_of_the_contract_is_known(name: str) -> None:
    selection = parse_selection({"filters": [{name: EVERY_CRITERION[name]}]})
    assert list(selection.filters[0].criteria()) == [name]


def test_no_criterion_is_known_that_the_contract_does_not_have() -> None:
    assert set(Filter.model_fields) == {*EVERY_CRITERION, "tags_match"}


def test_a_criterion_that_is_false_is_still_a_criterion() -> None:
    selection = parse_selection({"filters": [{"emergency": False}]})
    assert selection.filters[0].criteria() == {"emergency": False}


def test_country_codes_are_read_in_small_letters() -> None:
    selection = parse_selection({"filters": [{"countries": [" jp "]}]})
    assert selection.filters[0].countries == ("JP",)


def test_groups_and_tags_keep_their_letters() -> None:
    selection = parse_selection({"groups": ["Board"], "filters": [{"tags": ["vIP"]}]})
    assert (selection.groups, selection.filters[0].tags) == (("Board",), ("vIP",))


@pytest.mark.parametrize("empty", [{}, {"tags_match": "all"}])
def test_filter_without_a_criterion_is_refused(empty: dict[str, Any]) -> None:
    assert refuse({"filters": [empty]}) == (
        "selection: filters[0]: has no criterion (to reach everybody say everyone: true)"
    )


@pytest.mark.parametrize(
    "nobody",
    [
        {},
        {"everyone": False},
        {"people": [], "filters": []},
        {"exclude": {"people": ["p1"]}},
    ],
)
def test_selection_that_names_nobody_is_refused(nobody: dict[str, Any]) -> None:
    assert refuse(nobody).startswith("selection names nobody")


@pytest.mark.parametrize("name", ["countries", "groups", "tags"])
def test_empty_list_of_a_criterion_is_refused(name: str) -> None:
    assert f"filters[0].{name}: " in refuse({"filters": [{name: []}]})


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({"poeple": ["p1"]}, "selection: unknown key 'poeple' (did you mean 'people'?)"),
        (
            {"filters": [{"contries": ["JP"]}]},
            "selection: filters[0]: unknown key 'contries' (did you mean 'countries'?)",
        ),
        (
            {"everyone": True, "exclude": {"filters": [{"tag": ["x"]}]}},
            "selection: exclude.filters[0]: unknown key 'tag' (did you mean 'tags'?)",
        ),
        ({"everyone": True, "zzzz": 1}, "selection: unknown key 'zzzz'"),
    ],
)
def test_unknown_key_is_named_with_what_was_probably_meant(
    selection: dict[str, Any], expected: str
) -> None:
    assert refuse(selection) == expected


def test_key_in_the_wrong_place_is_not_suggested_as_itself() -> None:
    assert refuse({"countries": ["JP"]}) == (
        "selection: unknown key 'countries' (it has no place here)"
    )


def test_mistyped_key_is_told_before_what_is_missing_because_of_it() -> None:
    told = refuse({"filters": [{"upcoming_travel_to_iata": {"code": ["HND"]}}]})
    assert told == (
        "selection: filters[0].upcoming_travel_to_iata: unknown key 'code' (did you mean 'codes'?)"
    )


@pytest.mark.parametrize(
    ("selection", "where"),
    [
        ({"people": "p1"}, "people"),
        ({"people": [7]}, "people[0]"),
        ({"filters": {"countries": ["JP"]}}, "filters"),
        ({"filters": [{"countries": "JP"}]}, "filters[0].countries"),
        ({"filters": [{"tags": ["a"], "tags_match": "some"}]}, "filters[0].tags_match"),
        ({"filters": [{"recipient_type": "robots"}]}, "filters[0].recipient_type"),
        ({"filters": [{"last_app_contact_within_hours": 0}]}, "filters[0].last_app_contact"),
        ({"filters": [{"area": {"type": "Point"}}]}, "filters[0].area"),
        (
            {"filters": [{"past_travel_to_iata": {"codes": ["HND"], "from_at": "2026-11-23"}}]},
            "filters[0].past_travel_to_iata.from_at",
        ),
        ({"exclude": ["p1"]}, "exclude"),
    ],
)
def test_wrong_value_is_told_by_its_place(selection: dict[str, Any], where: str) -> None:
    assert refuse(selection).startswith(f"selection: {where}")


@pytest.mark.parametrize(
    "text", ["", "{", "{'everyone': true}", '{"everyone": true} {}', b"\xff\xfe{}", "[" * 100_000]
)
def test_text_that_is_not_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(SelectionError, match=r"^selection is not valid JSON: "):
        parse_selection(text)


@pytest.mark.parametrize("number", ["1e999", "Infinity", "NaN"])
def test_period_without_an_end_is_refused(number: str) -> None:
    with pytest.raises(SelectionError):
        parse_selection(f'{{"filters": [{{"last_app_contact_within_hours": {number}}}]}}')


@pytest.mark.parametrize("other", ["[]", "null", "7", '"everyone"'])
def test_json_that_is_no_object_is_refused(other: str) -> None:
    with pytest.raises(SelectionError, match=r"^selection: "):
        parse_selection(other)


def test_key_given_twice_is_refused() -> None:
    with pytest.raises(SelectionError, match="key 'people' is given twice"):
        parse_selection('{"people": ["p1"], "people": ["p2"]}')


def test_half_a_surrogate_pair_is_refused_before_it_reaches_a_database() -> None:
    with pytest.raises(SelectionError, match="surrogate"):
        parse_selection(r'{"people": ["\ud800"]}')
