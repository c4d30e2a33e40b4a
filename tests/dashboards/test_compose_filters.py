"""The filters of a draft: every criterion has a field, and each field changes its own alone."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.compose.criteria_words import tell_filter
from rollcall.domain.selection import Filter
from rollcall.sources.incidents import circle_around
from tests.dashboards.composing import begin, labelled, press, selection_of, write_source
from tests.dashboards.houses import Lived, text_of

MAP = "include_0_1_area_d1_map"
"""The component of the first filter's area, once a first filter was added."""

SQUARE = '{"type": "Polygon", "coordinates": [[[139, 35], [140, 35], [140, 36], [139, 35]]]}'


@pytest.fixture
def page(lived: Lived, tmp_path: Path) -> AppTest:
    """The composer with a draft whose one filter is open."""
    write_source(tmp_path / "source")
    begin(lived)
    return press(lived.look("compose", draft="d1"), "Add a filter")


def filter_of(lived: Lived, index: int = 0) -> dict[str, Any]:
    criteria: dict[str, Any] = selection_of(lived)["filters"][index]
    return criteria


def field(widgets: Any, label: str, place: int = 0) -> Any:
    return [one for one in widgets if one.label == label][place]


def fill_in(page: AppTest) -> None:
    """Fill in each field of the filter, one after the other."""
    chosen: Any
    for label, chosen in (
        ("Where they are", ["JP", "FR"]),
        ("In a group", ["it"]),
        ("With tags", ["vip", "pilot"]),
    ):
        labelled(page.multiselect, label).set_value(chosen).run()
    for label, chosen in (
        ("How many of the tags", "all"),
        ("People or facilities", "people"),
        ("At home or away", "away"),
        ("Travelling now", False),
        ("Active emergency", True),
    ):
        labelled(page.selectbox, label).set_value(chosen).run()
    labelled(page.number_input, "App seen within so many hours").set_value(12.0).run()
    for place, country in enumerate(("JP", "FR")):
        field(page.multiselect, "Countries", place).set_value([country]).run()
    for place, codes in enumerate(("hnd, LON;hnd", "CDG")):
        field(page.text_input, "Codes of airports or cities", place).set_value(codes).run()
    say_area(page, SQUARE)
    labelled(page.radio, "Who is in it").set_value("possible").run()


def draw(page: AppTest, geometry: dict[str, Any] | None, **properties: float) -> None:
    """Draw one shape on the map of the filter; None takes away what is there."""
    feature = {"type": "Feature", "geometry": geometry, "properties": properties}
    features = [feature] if geometry else []
    page.session_state[MAP] = {"shapes": {"type": "FeatureCollection", "features": features}}
    page.run()


def say_area(page: AppTest, geojson: str) -> None:
    labelled(page.toggle, "Only in an area").set_value(True).run()
    labelled(page.text_area, "Or an area as GeoJSON").set_value(geojson).run()
    press(page, "Look at this GeoJSON")


def test_every_criterion_of_the_contract_can_be_said(lived: Lived, page: AppTest) -> None:
    fill_in(page)
    assert not page.exception
    said = filter_of(lived)
    assert said.keys() == Filter.model_fields.keys()
    assert said["tags_match"] == "all"
    assert said["travelling_now"] is False
    assert said["upcoming_travel_to_iata"] == {"codes": ["HND", "LON"]}
    assert said["past_travel_to_iata"] == {"codes": ["CDG"]}
    assert said["area_match"] == "possible"
    Filter.model_validate(said)


def test_a_page_that_is_loaded_anew_shows_what_was_said(lived: Lived, page: AppTest) -> None:
    fill_in(page)
    again = press(lived.look("compose", draft="d1"), "Change filter 1")
    assert labelled(again.multiselect, "Where they are").value == ["JP", "FR"]
    assert labelled(again.selectbox, "Travelling now").value is False
    assert labelled(again.number_input, "App seen within so many hours").value == 12
    assert field(again.text_input, "Codes of airports or cities").value == "HND LON"
    assert labelled(again.radio, "Who is in it").value == "possible"


def test_times_are_meant_in_the_viewers_zone(lived: Lived, page: AppTest) -> None:
    field(page.multiselect, "Countries").set_value(["JP"]).run()
    field(page.datetime_input, "From").set_value(datetime(2026, 11, 24, 9)).run()  # noqa: DTZ001
    assert not page.exception
    assert filter_of(lived)["upcoming_travel_to_country"] == {
        "countries": ["JP"],
        "from_at": "2026-11-24T00:00:00Z",
    }
    assert "from 24 Nov 2026\\, 09\\:00\\:00 JST" in text_of(page)


def test_a_criterion_is_taken_back(lived: Lived, page: AppTest) -> None:
    labelled(page.multiselect, "Where they are").set_value(["JP"]).run()
    labelled(page.selectbox, "Active emergency").set_value(True).run()
    labelled(page.multiselect, "Where they are").set_value([]).run()
    assert filter_of(lived) == {"emergency": True}
    labelled(page.selectbox, "Active emergency").select_index(0).run()
    assert filter_of(lived) == {}


def test_a_group_that_is_not_listed_can_be_typed(lived: Lived, page: AppTest) -> None:
    assert labelled(page.multiselect, "In a group").options == ["board", "it"]
    labelled(page.multiselect, "In a group").set_value(["it", "no such"]).run()
    assert filter_of(lived) == {"groups": ["it", "no such"]}
    assert "unknown group 'no such'" in page.error[0].value.replace("\\", "")


def test_what_is_no_area_is_one_sentence_and_changes_nothing(lived: Lived, page: AppTest) -> None:
    say_area(page, '{"type": "Point"}')
    assert page.error[0].value.startswith("area")
    assert filter_of(lived) == {}


def test_an_area_is_drawn_on_the_map_and_follows_the_drawing(lived: Lived, page: AppTest) -> None:
    labelled(page.toggle, "Only in an area").set_value(True).run()
    draw(page, json.loads(SQUARE))
    assert not page.exception
    [drawn] = filter_of(lived)["area"]["features"]
    assert drawn["geometry"] == json.loads(SQUARE)
    assert "### 2 people" in text_of(page)
    draw(page, None)
    assert filter_of(lived) == {}


def test_a_circle_is_kept_as_the_area_that_it_is(lived: Lived, page: AppTest) -> None:
    labelled(page.toggle, "Only in an area").set_value(True).run()
    draw(page, {"type": "Point", "coordinates": [139.7, 35.65]}, radius_m=20_000)
    [circle] = filter_of(lived)["area"]["features"]
    assert circle["geometry"]["type"] == "Polygon"
    assert "### 2 people" in text_of(page)


def test_the_area_of_before_is_what_the_map_begins_with(lived: Lived, page: AppTest) -> None:
    say_area(page, SQUARE)
    again = press(lived.look("compose", draft="d1"), "Change filter 1")
    assert labelled(again.toggle, "Only in an area").value
    assert filter_of(lived)["area"] == json.loads(SQUARE)
    labelled(again.toggle, "Only in an area").set_value(False).run()
    assert filter_of(lived) == {}
    labelled(again.toggle, "Only in an area").set_value(True).run()
    assert filter_of(lived) == {}


def test_a_filter_leaves_out_instead_and_goes(lived: Lived, page: AppTest) -> None:
    labelled(page.multiselect, "Where they are").set_value(["JP"]).run()
    press(page, "Leave these out instead")
    assert selection_of(lived) == {"exclude": {"filters": [{"countries": ["JP"]}]}}
    press(page, "Remove filter 1")
    assert selection_of(lived) == {}


def test_a_filter_that_another_window_changed_is_not_overwritten(
    lived: Lived, page: AppTest
) -> None:
    theirs = {"selection": {"filters": [{"countries": ["FR"]}]}}
    lived.house.drafting.change(lived.actor("admin"), "d1", lambda _: theirs)
    labelled(page.multiselect, "Where they are").set_value(["JP"]).run()
    assert selection_of(lived) == theirs["selection"]
    assert "changed or removed in another window" in page.error[0].value.replace("\\", "")
    assert labelled(page.multiselect, "Where they are").value == ["FR"]


def test_of_several_filters_each_keeps_its_own_fields(lived: Lived, page: AppTest) -> None:
    labelled(page.multiselect, "Where they are").set_value(["JP"]).run()
    press(page, "Add a filter")
    labelled(page.multiselect, "Where they are").set_value(["FR"]).run()
    assert [one["countries"] for one in selection_of(lived)["filters"]] == [["JP"], ["FR"]]
    press(page, "Remove filter 1")
    press(page, "Change filter 1")
    assert labelled(page.multiselect, "Where they are").value == ["FR"]


@pytest.mark.parametrize(
    ("criteria", "told"),
    [
        ({}, "says nothing yet"),
        (
            {"countries": ["JP"], "emergency": False},
            "they are in Japan; without an active emergency",
        ),
        ({"tags": ["a", "b"], "tags_match": "all"}, "with all tags of a, b"),
        ({"groups": list("abcdefgh")}, "in a group of a, b, c, d, e, f and 2 more"),
        ({"home": "away", "recipient_type": "facilities"}, "away from home; facilities only"),
        ({"area": {}, "area_match": "possible"}, "in the area, or possibly in it"),
        (
            {"area": circle_around(35.42, 140.61, 50)},
            "in the area (about 100 km across around 35.4° N 140.6° E)",
        ),
        ({"upcoming_travel_to_iata": {"codes": ["LON"]}}, "will travel to LON"),
        ({"past_travel_to_country": {}}, "has travelled to (where?)"),
        ({"last_app_contact_within_hours": 12.0}, "the app was seen within 12 h"),
    ],
)
def test_a_filter_is_told_in_words(criteria: dict[str, Any], told: str) -> None:
    assert tell_filter(criteria) == told
