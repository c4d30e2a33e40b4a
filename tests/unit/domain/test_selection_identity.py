"""Two selections that say the same have one form, and no two others."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.domain.saved_filters import selection_to_json
from rollcall.domain.selection import parse_selection
from rollcall.domain.selection_identity import write_selection
from tests.unit.domain.preview.previews import SQUARE

NAMES = st.lists(st.sampled_from("abcd"), max_size=4)
FILTERS = st.lists(
    st.fixed_dictionaries(
        {"countries": st.lists(st.sampled_from(["JP", "FR", "TH"]), min_size=1)},
        optional={"tags": st.lists(st.sampled_from("xyz"), min_size=1), "emergency": st.booleans()},
    ),
    max_size=3,
)
NAMINGS = st.fixed_dictionaries(
    {"people": NAMES, "groups": NAMES, "facilities": NAMES, "saved_filters": NAMES},
    optional={"filters": FILTERS},
)
SELECTIONS = st.builds(
    lambda naming, left_out: naming | {"people": [*naming["people"], "p1"], "exclude": left_out},
    NAMINGS,
    NAMINGS,
)


def write(**asked: Any) -> str:
    return write_selection(parse_selection({"people": ["p1"]} | asked))


def mix(told: Any, data: st.DataObject) -> Any:
    """Say the same in another order, with some of it twice."""
    if isinstance(told, dict):
        return {key: mix(told[key], data) for key in data.draw(st.permutations(list(told)))}
    if isinstance(told, list):
        twice = [*told, *data.draw(st.lists(st.sampled_from(told), max_size=2))] if told else []
        return [mix(one, data) for one in data.draw(st.permutations(twice))]
    return told


@given(SELECTIONS, st.data())
def test_order_and_repetition_do_not_matter(asked: dict[str, Any], data: st.DataObject) -> None:
    assert write(**mix(asked, data)) == write(**asked)


@given(SELECTIONS, SELECTIONS)
def test_what_is_not_the_same_has_another_form(one: dict[str, Any], other: dict[str, Any]) -> None:
    sets, others = (freeze(selection_to_json(parse_selection(told))) for told in (one, other))
    assert (write(**one) == write(**other)) == (sets == others)


def freeze(told: Any) -> Any:
    """Return JSON with sets for lists: the independent answer."""
    if isinstance(told, dict):
        return frozenset((key, freeze(value)) for key, value in told.items())
    return frozenset(map(freeze, told)) if isinstance(told, list) else told


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"tags": ["x"], "tags_match": "all"}, {"tags": ["x"]}),
        ({"countries": ["jp"]}, {"countries": ["JP", "JP"]}),
        ({"last_app_contact_within_hours": 24}, {"last_app_contact_within_hours": 24.0}),
        (
            {"past_travel_to_country": {"countries": ["JP"], "from_at": "2026-11-23T06:00:00Z"}},
            {"past_travel_to_country": {"countries": ["JP"], "from_at": "2026-11-23T15:00+09:00"}},
        ),
        ({"area": SQUARE, "area_match": "inside"}, {"area": SQUARE}),
    ],
    ids=["one-tag", "codes", "hours", "zones", "default"],
)
def test_what_is_said_in_other_words_is_the_same(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert write(filters=[one]) == write(filters=[other])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"tags": ["x", "y"], "tags_match": "all"}, {"tags": ["x", "y"]}),
        ({"area": SQUARE, "area_match": "possible"}, {"area": SQUARE}),
        ({"home": "away"}, {"home": "at_home"}),
        (
            {"upcoming_travel_to_country": {"countries": ["JP"]}},
            {"past_travel_to_country": {"countries": ["JP"]}},
        ),
    ],
    ids=["tags", "area", "home", "travel"],
)
def test_what_means_others_is_not_the_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert write(filters=[one]) != write(filters=[other])


def test_the_order_of_corners_is_part_of_an_area() -> None:
    corners = SQUARE["coordinates"][0]
    turned = {"type": "Polygon", "coordinates": [corners[::-1]]}
    assert write(filters=[{"area": turned}]) != write(filters=[{"area": SQUARE}])
    assert str(corners[0][0]) in write(filters=[{"area": SQUARE}])
