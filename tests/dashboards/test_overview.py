"""The overview: who sees what, an area by drawing and by form, and what it becomes."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.overview.pictures import Pictures
from rollcall.domain.acts import Role
from rollcall.domain.drafts import Draft
from rollcall.domain.selection import parse_selection
from rollcall.ledger.audit import AuditQuery, read_entries
from tests.dashboards.houses import Lived, html_of, text_of
from tests.dashboards.sources import AROUND_TOKYO, FIGURES, write_source

DRAWN = {
    "type": "FeatureCollection",
    "features": [{"type": "Feature", "properties": {}, "geometry": AROUND_TOKYO}],
}


@pytest.fixture(autouse=True)
def source(lived: Lived) -> Path:
    assert lived.house.settings.source is not None
    return write_source(lived.house.settings.source)


def draw(page: AppTest, shapes: Mapping[str, object]) -> AppTest:
    page.session_state["overview_map"] = {"shapes": shapes}
    return page.run()


def drafts_of(lived: Lived, role: Role) -> list[Draft]:
    return lived.house.drafting.list_all(lived.actor(role))


def labels_of(page: AppTest) -> list[str]:
    return [one.label for one in page.button]


@pytest.mark.parametrize("role", ["viewer", "sender", "admin"])
def test_everybody_sees_the_figures_and_only_who_may_send_begins_a_message(
    lived: Lived, role: Role
) -> None:
    page = lived.look("overview", role)
    assert not page.exception
    assert {one.label: one.value for one in page.metric} == FIGURES
    assert labels_of(page).count("Message") == (0 if role == "viewer" else len(FIGURES))
    assert labels_of(page).count("Chat") == labels_of(page).count("Message")


def test_a_figure_becomes_a_draft_in_the_composer_and_nothing_is_sent(lived: Lived) -> None:
    page = lived.look("overview", "sender")
    page.button(key="tile_risk_message").click().run()
    [draft] = drafts_of(lived, "sender")
    assert draft.kind == "message"
    assert draft.body == {
        "selection": {"filters": [{"countries": ["PH"], "recipient_type": "people"}]}
    }
    assert page.query_params["draft"] in (draft.draft_id, [draft.draft_id])
    assert [one.action for one in read_entries(lived.ledger, AuditQuery(), 9)] == ["open_draft"]


@pytest.mark.parametrize("figure", ["risk", "travelling", "incident", "emergency", "unknown"])
def test_each_figure_is_a_selection_that_a_chat_can_be_opened_with(
    lived: Lived, figure: str
) -> None:
    lived.look("overview", "admin").button(key=f"tile_{figure}_chat").click().run()
    [draft] = drafts_of(lived, "admin")
    assert draft.kind == "chat"
    assert parse_selection(draft.body["selection"])


def test_what_is_drawn_is_counted_and_becomes_an_area(lived: Lived) -> None:
    page = draw(lived.look("overview", "sender"), DRAWN)
    assert not page.exception
    assert "**2 people**" in text_of(page)
    page.checkbox(key="marked_with_facilities").check().run()
    assert "**3 people**, with the contacts of 1 facility" in text_of(page)
    page.button(key="marked_message").click().run()
    [draft] = drafts_of(lived, "sender")
    selection = draft.body["selection"]
    assert selection["filters"][0]["area"]["features"][0]["geometry"]["type"] == "Polygon"


def test_a_viewer_counts_but_begins_no_message(lived: Lived) -> None:
    page = draw(lived.look("overview", "viewer"), DRAWN)
    assert "**2 people**" in text_of(page)
    assert "Message" not in labels_of(page)


def test_what_is_drawn_wrongly_is_told_and_nobody_is_counted(lived: Lived) -> None:
    shape = {"type": "Point", "coordinates": [0, 0]}
    wrong = {"type": "Feature", "properties": {}, "geometry": shape}
    page = draw(lived.look("overview"), {"type": "FeatureCollection", "features": [wrong]})
    assert "radius" in page.error[0].value
    assert "The area:" not in text_of(page)


def test_an_area_is_chosen_around_an_incident_by_the_keyboard(lived: Lived) -> None:
    page = lived.look("overview", "sender")
    page.selectbox(key="overview_incident").select("flood").run()
    page.number_input(key="overview_km").set_value(20.0).run()
    page.button(key="overview_mark").click().run()
    assert "within 20 km of Flood in Manila" in text_of(page).replace("\\", "")
    assert "**1 person**" in text_of(page)
    page.button(key="overview_forget").click().run()
    assert "The area:" not in text_of(page)


def test_an_area_is_chosen_around_a_facility_and_an_airport(lived: Lived) -> None:
    page = lived.look("overview")
    page.radio(key="overview_around").set_value("facility").run()
    page.selectbox(key="overview_facility").select("tokyo").run()
    page.button(key="overview_mark").click().run()
    assert "**2 people**" in text_of(page)
    page.radio(key="overview_around").set_value("airport").run()
    page.text_input(key="overview_iata").set_value("cdg").run()
    page.button(key="overview_mark").click().run()
    assert "**1 person**" in text_of(page)


def test_pasted_geojson_is_an_area_and_a_mistake_in_it_is_one_sentence(lived: Lived) -> None:
    page = lived.look("overview")
    page.text_area(key="overview_geojson").set_value(json.dumps(AROUND_TOKYO)).run()
    page.button(key="overview_paste").click().run()
    assert "**2 people**" in text_of(page)
    page.text_area(key="overview_geojson").set_value('{"type": "Point"}').run()
    page.button(key="overview_paste").click().run()
    assert len(page.error) == 1


def test_nothing_chosen_is_one_sentence(lived: Lived) -> None:
    page = lived.look("overview")
    page.button(key="overview_mark").click().run()
    assert "choose an incident" in page.error[0].value


def test_what_is_drawn_later_counts_and_not_what_was_said_before(lived: Lived) -> None:
    page = lived.look("overview")
    page.selectbox(key="overview_incident").select("flood").run()
    page.button(key="overview_mark").click().run()
    assert "**1 person**" in text_of(page)
    assert "**2 people**" in text_of(draw(page, DRAWN))


def test_what_is_said_later_counts_and_the_map_taking_the_drawing_away_changes_nothing(
    lived: Lived,
) -> None:
    page = draw(lived.look("overview"), DRAWN)
    page.selectbox(key="overview_incident").select("flood").run()
    page.button(key="overview_mark").click().run()
    assert "**1 person**" in text_of(page)
    assert "**1 person**" in text_of(draw(page, {"type": "FeatureCollection", "features": []}))


def test_what_is_taken_off_the_map_is_no_area_any_more(lived: Lived) -> None:
    page = draw(lived.look("overview"), DRAWN)
    draw(page, {"type": "FeatureCollection", "features": []})
    assert "The area:" not in text_of(page)


def test_without_a_source_the_page_says_what_is_missing(lived: Lived) -> None:
    settings = lived.house.settings.model_copy(update={"source": None})
    lived.house.pictures = Pictures(settings, lived.ledger, lived.clock)
    lived.house.pictures.answers.patience_s = 60
    page = lived.look("overview")
    assert not page.exception
    assert "ROLLCALL" in page.warning[0].value


@pytest.mark.parametrize("role", ["viewer", "sender"])
def test_a_country_is_counted_and_becomes_a_draft(lived: Lived, role: Role) -> None:
    page = lived.look("overview", role)
    country = page.selectbox(key="country_chosen")
    assert country.options == ["France: 1 person", "Japan: 2 people", "Philippines: 1 person"]
    country.select("JP").run()
    assert "**The country:** Japan" in text_of(page)
    assert "**2 people**" in text_of(page)
    page.checkbox(key="country_with_facilities").check().run()
    assert "**3 people**, with the contacts of 1 facility" in text_of(page)
    if role == "viewer":
        assert "Chat" not in labels_of(page)
        return
    page.button(key="country_chat").click().run()
    [draft] = drafts_of(lived, "sender")
    assert (draft.kind, draft.body) == ("chat", {"selection": {"filters": [{"countries": ["JP"]}]}})


def test_each_country_says_as_many_as_its_filter_means(lived: Lived) -> None:
    page = lived.look("overview")
    picture = lived.house.pictures.get()
    assert picture is not None
    assert picture.picture is not None
    for code, count in picture.picture.by_country.items():
        page.selectbox(key="country_chosen").select(code).run()
        assert f"**{count} {'person' if count == 1 else 'people'}**" in text_of(page)


def list_incidents(lived: Lived) -> AppTest:
    page = lived.look("overview", "sender")
    page.session_state["overview_incidents_open"] = True
    return page.run()


def test_the_list_says_how_many_are_near_each_incident_and_leads_to_them(lived: Lived) -> None:
    page = list_incidents(lived)
    assert not page.exception
    quake, flood = html_of(page).partition("off Chiba")[2].split("Flood in Manila")
    assert ">0<" in quake
    assert ">1<" in flood
    page.selectbox(key="overview_near").select("flood").run()
    assert "near Flood in Manila" in text_of(page)
    assert "**1 person**" in text_of(page)
    page.button(key="marked_chat").click().run()
    assert len(drafts_of(lived, "sender")) == 1


def test_incidents_are_listed_too_newest_first(lived: Lived) -> None:
    told = html_of(list_incidents(lived))
    assert told.index("Earthquake off Chiba") < told.index("Flood in Manila")
    assert "14:12:00 JST" in told
