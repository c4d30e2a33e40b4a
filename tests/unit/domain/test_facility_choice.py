from typing import Any

import pytest

from rollcall.domain.facility_choice import can_mean_facilities
from rollcall.domain.selection import parse_selection
from rollcall.domain.selection_words import tell_selection

SAVED = {
    "Plants": parse_selection({"facilities": ["f1"]}),
    "Around": parse_selection({"saved_filters": ["Plants"]}),
    "Staff": parse_selection({"groups": ["all"]}),
}


@pytest.mark.parametrize(
    ("told", "can"),
    [
        ({"facilities": ["f1"]}, True),
        ({"filters": [{"recipient_type": "facilities"}]}, True),
        ({"filters": [{"countries": ["JP"]}]}, True),
        ({"filters": [{"countries": ["JP"], "recipient_type": "people"}]}, False),
        ({"filters": [{"countries": ["JP"], "home": "away"}]}, False),
        ({"saved_filters": ["Around"]}, True),
        ({"saved_filters": ["Staff"]}, False),
        ({"saved_filters": ["Gone"]}, False),
        ({"everyone": True, "exclude": {"facilities": ["f1"]}}, False),
    ],
)
def test_facilities_are_meant_where_the_contract_lets_them_match(
    told: dict[str, Any], can: bool
) -> None:
    assert can_mean_facilities(parse_selection(told), SAVED) is can


def test_a_selection_is_told_by_names_and_counts_and_names_no_person() -> None:
    told = {"people": ["p1", "p2"], "groups": ["all"], "filters": [{"countries": ["JP"]}]}
    told_words = tell_selection(
        parse_selection(told | {"exclude": {"people": ["p3"], "saved_filters": ["Staff"]}})
    )
    assert told_words == (
        "group all, 2 people by name, 1 filter of its own; without filter Staff, 1 person by name"
    )
