import json
from typing import Any

import pytest

from rollcall.domain.selection import Filter, parse_selection
from rollcall.errors import SelectionError

SQUARE: dict[str, Any] = {
    "type": "Polygon",
    "coordinates": [[[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]],
}

EVERY_CRITERION: dict[str, Any] = {
    "countries": ["JP"],
    "emergency": True,
    "groups": ["board"],
    "home": "away",
    "last_app_contact_within_hours": 24,
    "area": SQUARE,
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
    assert set(Filter.model_fields) == {*EVERY_CRITERION, "area_match", "tags_match"}


def test_a_criterion_that_is_false_is_still_a_criterion() -> None:
    selection = parse_selection({"filters": [{"emergency": False}]})
    assert selection.filters[0].criteria() == {"emergency": False}


def test_country_codes_are_read_in_small_letters() -> None:
    selection = parse_selection({"filters": [{"countries": [" jp "]}]})
    assert selection.filters[0].countries == ("JP",)


def test_groups_and_tags_keep_their_letters() -> None:
    selection = parse_selection({"groups": ["Board"], "filters": [{"tags": ["vIP"]}]})
    assert (selection.groups, selection.filters[0].tags) == (("Board",), ("vIP",))


@pytest.mark.parametrize("empty", [{}, {"tags_match": "all"}, {"area_match": "possible"}])
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
        ({"filters": [{"area": SQUARE, "area_match": "maybe"}]}, "filters[0].area_match"),
        ({"filters": [{"home": "yes"}]}, "filters[0].home"),
        ({"filters": [{"emergency": "now"}]}, "filters[0].emergency"),
        ({"saved_filters": "Japan"}, "saved_filters"),
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


BOWTIE = [[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]
AT_LATITUDE_95 = [[0, 0], [2, 0], [2, 95], [0, 0]]


@pytest.mark.parametrize(
    ("ring", "told"),
    [
        ([[0, 0], [2, 2]], "polygon 1 has a ring of 2 positions; the least is 4"),
        (BOWTIE, "polygon 1 crosses itself, near longitude 1, latitude 1"),
        (AT_LATITUDE_95, "polygon 1: latitude 95 is not within ±90 (longitude comes first)"),
        ([[0, 0], [2, 0], [2, 2], [0, 2]], "polygon 1 has a ring that is not closed"),
    ],
)
@pytest.mark.parametrize("part", ["selection", "exclude"])
def test_area_that_can_mean_none_is_refused_by_its_place(
    ring: list[list[float]], told: str, part: str
) -> None:
    naming = {"filters": [{"area": {"type": "Polygon", "coordinates": [ring]}}]}
    if part == "selection":
        assert refuse(naming).startswith(f"selection: filters[0].area: {told}")
    else:
        sentence = refuse({"everyone": True, "exclude": naming})
        assert sentence.startswith(f"selection: exclude.filters[0].area: {told}")


def test_ten_megabytes_of_geojson_are_refused_in_one_sentence() -> None:
    ring = [[number % 600_000 / 1e6, 0.5] for number in range(600_001)]
    text = json.dumps({"filters": [{"area": {"type": "Polygon", "coordinates": [ring]}}]})
    assert len(text) > 9_000_000
    with pytest.raises(SelectionError) as refusal:
        parse_selection(text)
    told = "selection: filters[0].area: has more than 150000 positions: simplify it"
    assert str(refusal.value) == told


@pytest.mark.parametrize(
    "criterion", ["upcoming_travel_to_iata", "past_travel_to_iata", "past_travel_to_country"]
)
def test_period_that_ends_before_it_begins_is_refused(criterion: str) -> None:
    period = {"from_at": "2026-11-23T06:00:00Z", "until_at": "2026-11-23T14:59:59+09:00"}
    told = refuse({"filters": [{criterion: EVERY_CRITERION[criterion] | period}]})
    assert told == f"selection: filters[0].{criterion}: from_at is after until_at"


def test_period_of_no_length_is_none_that_ends_before_it_begins() -> None:
    period = {"from_at": "2026-11-23T06:00:00Z", "until_at": "2026-11-23T15:00:00+09:00"}
    parse_selection({"filters": [{"past_travel_to_iata": {"codes": ["HND"], **period}}]})


def test_travel_without_a_place_is_refused() -> None:
    for name, key in (("past_travel_to_iata", "codes"), ("past_travel_to_country", "countries")):
        assert f"filters[0].{name}.{key}: " in refuse({"filters": [{name: {key: []}}]})
        assert f"filters[0].{name}.{key}: " in refuse({"filters": [{name: {}}]})
