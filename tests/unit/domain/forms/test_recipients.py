"""A form of recipients means what the same selection means in JSON, and never more."""

from typing import Any

import pytest
from pydantic import ValidationError

from rollcall.domain.countries import load_country_names
from rollcall.domain.forms.recipients import FilterForm, RecipientsForm, Travel
from rollcall.domain.selection import Filter, Selection, parse_selection
from rollcall.errors import SelectionError

SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}

FULL: dict[str, Any] = {
    "countries": ["Japan", "Côte d'Ivoire"],
    "groups": ["g"],
    "tags": ["t"],
    "tags_match": "all",
    "recipient_type": "people",
    "home": "at home",
    "emergency": "no",
    "travelling_now": "yes",
    "last_app_contact_within_hours": 5,
    "area": SQUARE,
    "area_match": "possible",
    "upcoming_travel": {"countries": ["France"], "airports": ["CDG"]},
    "past_travel": {"countries": ["Kosovo"], "airports": ["LON"], "from_at": "2026-11-01T00:00Z"},
}
MEANT: dict[str, Any] = {
    "countries": ["JP", "CI"],
    "groups": ["g"],
    "tags": ["t"],
    "tags_match": "all",
    "recipient_type": "people",
    "home": "at_home",
    "emergency": False,
    "travelling_now": True,
    "last_app_contact_within_hours": 5.0,
    "area": SQUARE,
    "area_match": "possible",
    "upcoming_travel_to_country": {"countries": ["FR"]},
    "upcoming_travel_to_iata": {"codes": ["CDG"]},
    "past_travel_to_country": {"countries": ["XK"], "from_at": "2026-11-01T00:00Z"},
    "past_travel_to_iata": {"codes": ["LON"], "from_at": "2026-11-01T00:00Z"},
}


def compile_form(**filled_in: Any) -> Selection:
    return parse_selection(RecipientsForm.model_validate(filled_in).to_json())


def test_every_criterion_can_be_filled_in_and_means_what_it_means_in_json() -> None:
    assert MEANT.keys() == Filter.model_fields.keys()
    assert compile_form(filters=[FULL]) == parse_selection({"filters": [MEANT]})


def test_everything_that_a_selection_names_can_be_filled_in() -> None:
    named: dict[str, Any] = {
        "saved_filters": ["Japan now"],
        "groups": ["g"],
        "facilities": ["f"],
        "people": ["p1"],
    }
    filled_in = named | {"filters": [{"tags": ["t"]}]}
    told = compile_form(**filled_in, everyone=True, exclude=filled_in)
    named |= {"filters": [{"tags": ["t"]}]}
    assert named.keys() | {"everyone", "exclude"} == Selection.model_fields.keys()
    assert told == parse_selection(named | {"everyone": True, "exclude": named})


def test_nothing_filled_in_is_no_selection() -> None:
    assert RecipientsForm().to_json() == {}


@pytest.mark.parametrize("empty", [{}, {"tags_match": "all"}, {"area_match": "possible"}])
def test_a_filter_without_a_criterion_is_refused_and_never_everybody(empty: dict[str, Any]) -> None:
    with pytest.raises(SelectionError, match="has no criterion"):
        compile_form(filters=[empty])


@pytest.mark.parametrize("direction", ["upcoming_travel", "past_travel"])
def test_travel_to_nowhere_is_refused_and_does_not_widen_the_filter(direction: str) -> None:
    with pytest.raises(SelectionError, match=r"travel_to_country\.countries"):
        compile_form(filters=[{"countries": ["Japan"], direction: {}}])


def test_only_who_is_left_out_is_nobody() -> None:
    with pytest.raises(SelectionError, match="names nobody"):
        compile_form(exclude={"groups": ["g"]})


def test_a_moment_can_be_picked_or_left_empty() -> None:
    """An empty default would stop Prefect's interface: it takes it for a moment written wrongly."""
    told = Travel.model_json_schema()
    for name in ("from_at", "until_at"):
        assert told["properties"][name]["format"] == "date-time"
        assert "default" not in told["properties"][name]
        assert name not in told.get("required", [])
    picked = {"past_travel": {"airports": ["LON"], "from_at": "2026-11-01T07:15:00+01:00"}}
    in_utc = {"past_travel": {"airports": ["LON"], "from_at": "2026-11-01T06:15:00Z"}}
    assert compile_form(filters=[picked]) == compile_form(filters=[in_utc])


def test_a_moment_without_an_offset_is_refused() -> None:
    with pytest.raises(SelectionError, match="offset"):
        compile_form(filters=[{"past_travel": {"airports": ["LON"], "from_at": "2026-11-01"}}])


@pytest.mark.parametrize(
    "mistyped",
    [
        {"peeple": ["p1"]},
        {"people": [""]},
        {"filters": [{"countrys": ["Japan"]}]},
        {"filters": [{"countries": ["Atlantis"]}]},
        {"filters": [{"groups": [""], "countries": ["Japan"]}]},
        {"filters": [{"emergency": "maybe"}]},
    ],
)
def test_what_is_mistyped_is_refused(mistyped: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RecipientsForm.model_validate(mistyped)


def test_every_country_can_be_chosen_by_its_name_in_the_order_of_the_alphabet() -> None:
    offered = FilterForm.model_json_schema()["properties"]["countries"]["items"]["enum"]
    assert set(offered) == set(load_country_names().values())
    assert offered.index("Åland Islands") < offered.index("Albania")
    assert Travel(countries=tuple(offered)).to_json("past").keys() == {"past_travel_to_country"}


def test_the_name_of_a_run_counts_people_and_names_none() -> None:
    form = RecipientsForm.model_validate(
        {"saved_filters": ["Japan now"], "people": ["p1", "p2"], "facilities": ["f"]}
    )
    assert form.tell() == "filter Japan now, 1 facility, 2 people by name"
