"""Templates and dynamic filters: kept apart, changed, used, deleted; by whom it is allowed."""

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from rollcall.domain.message_templates import TemplateKind, parse_settings
from rollcall.domain.selection import parse_selection
from rollcall.errors import InputError
from rollcall.ledger.audit import AuditQuery, read_entries
from rollcall.ledger.drafts import list_drafts
from rollcall.ledger.log import list_messages
from rollcall.ledger.saved_filters import list_filters, load_filter, save_filter
from rollcall.ledger.templates import list_templates, load_template, save_template
from tests.dashboards.composing import ADMIN
from tests.dashboards.houses import START, Lived, html_of, text_of
from tests.people import write_people

ONE_WAY = '{"content": {"subject": "Drill", "text": "Hello"}, "selection": {"groups": ["all"]}}'
CHAT = '{"title": "Are you there?", "post": "Say so.", "selection": {"groups": ["all"]}}'


def keep(lived: Lived, name: str = "Quake", kind: TemplateKind = "one_way") -> None:
    settings = parse_settings(ONE_WAY if kind == "one_way" else CHAT, kind)
    save_template(lived.ledger, kind, name, settings, START)


def told_of(page: AppTest) -> str:
    return "\n".join(one.value for one in (*page.error, *page.success)).replace("\\", "")


@pytest.fixture
def peopled(lived: Lived, tmp_path: Path) -> Lived:
    write_people(tmp_path / "source", count=5)
    return lived


def test_templates_of_one_kind_are_not_shown_with_the_others(lived: Lived) -> None:
    keep(lived)
    keep(lived, "Roll", "chat")
    page = lived.look("templates")
    assert [one.label for one in page.button] == ["Quake"]
    page.radio(key="templates_kind").set_value("chat").run()
    assert [one.label for one in page.button] == ["Roll"]


@pytest.mark.parametrize(
    ("kind", "field"), [("one_way", "text"), ("chat", "post")], ids=["one-way", "chat"]
)
def test_a_template_is_edited_in_fields(lived: Lived, kind: TemplateKind, field: str) -> None:
    keep(lived, kind=kind)
    template = load_template(lived.ledger, kind, "Quake")
    page = lived.look("templates", "sender", name="Quake", kind=kind)
    assert not page.exception
    lived.clock.go_on(minutes=1)
    key = f"edit_{template.template_id}"
    page.text_area(key=f"{key}_{field}").set_value("Take care")
    page.checkbox(key=f"{key}_include_sms").check().run()
    page.button(key="template_save").click().run()
    changed = load_template(lived.ledger, kind, "Quake").settings
    assert changed.content.text == "Take care"
    assert changed.options.include_sms
    assert changed.options.model_copy(update={"include_sms": False}) == template.settings.options
    assert changed.selection == template.settings.selection
    assert told_of(page) == "'Quake' is saved"


def test_a_mistake_in_a_field_changes_nothing_and_is_one_sentence(lived: Lived) -> None:
    keep(lived)
    template = load_template(lived.ledger, "one_way", "Quake")
    page = lived.look("templates", "sender", name="Quake")
    key = f"edit_{template.template_id}_selection"
    for wrong, told in (("{", "whom it is for is not valid JSON"), ("{}", "names nobody")):
        page.text_area(key=key).set_value(wrong).run()
        page.button(key="template_save").click().run()
        assert told in told_of(page)
    assert load_template(lived.ledger, "one_way", "Quake") == template


def test_what_somebody_else_changed_meanwhile_is_not_lost(lived: Lived) -> None:
    keep(lived)
    page = lived.look("templates", "sender", name="Quake")
    seen = load_template(lived.ledger, "one_way", "Quake")
    theirs = ONE_WAY.replace("Hello", "Theirs")
    lived.clock.go_on(minutes=1)
    now = lived.clock.now()
    save_template(
        lived.ledger, "one_way", "Quake", parse_settings(theirs, "one_way"), now, replace=True
    )
    with pytest.raises(InputError, match="changed by somebody else"):
        lived.house.keeping.change_template(lived.actor("admin"), seen, seen.settings)
    assert load_template(lived.ledger, "one_way", "Quake").settings.content.text == "Theirs"
    assert not page.exception


def test_a_template_is_sent_once_to_whom_was_shown(peopled: Lived) -> None:
    keep(peopled)
    page = peopled.look("templates", "admin", name="Quake")
    page.button(key="template_look").click().run()
    assert "**Now: 5 people**" in text_of(page)
    page.button(key="template_send").click().run()
    assert not page.exception
    [message] = list_messages(peopled.ledger)
    assert message.template_name == "Quake"
    assert message.request["expected_audience"]
    [entry] = read_entries(peopled.ledger, AuditQuery(), 9)
    assert (entry.action, entry.outcome, entry.people_count) == ("send", "done", 5)
    assert f"message {message.message_id} is accepted" in told_of(page)
    assert page.title[0].value == "Drill"  # its progress


def test_a_large_audience_has_to_be_typed(lived: Lived, tmp_path: Path) -> None:
    write_people(tmp_path / "source", count=101)
    keep(lived)
    page = lived.look("templates", "admin", name="Quake")
    page.button(key="template_look").click().run()
    assert page.button(key="template_send").disabled
    page.text_input(key="template_typed").set_value("101").run()
    assert not page.button(key="template_send").disabled


def test_a_senders_limit_holds(peopled: Lived) -> None:
    keep(peopled)
    page = peopled.look_as("templates", peopled.sign_in("sender", limit=3), name="Quake")
    page.button(key="template_look").click().run()
    page.button(key="template_send").click().run()
    assert "goes to 5 people, and you may send to 3 at once" in told_of(page)
    assert list_messages(peopled.ledger) == []


def test_a_template_is_renamed_and_deleted(lived: Lived, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    keep(lived)
    page = lived.look("templates", "sender", name="Quake")
    page.text_input(key="template_new_name").set_value("Flood").run()
    page.button(key="template_rename").click().run()
    assert "'Quake' is called 'Flood' now; schedules could not be checked" in told_of(page)
    page.checkbox(key="template_sure").check().run()
    page.button(key="template_delete").click().run()
    assert list_templates(lived.ledger, "one_way") == []
    assert "name" not in page.query_params


def test_a_viewer_sees_a_template_and_changes_nothing(lived: Lived) -> None:
    keep(lived)
    page = lived.look("templates", "viewer", name="Quake")
    assert not page.exception
    assert [one.label for one in page.button] == ["Back to all templates"]
    assert "Hello" in html_of(page)
    assert "groups: all" in text_of(page).replace("\\", "")


def test_what_is_sent_stands_above_the_button_that_sends_it(peopled: Lived) -> None:
    settings = parse_settings(
        json.dumps(
            {
                "content": {
                    "subject": "Drill",
                    "text": "Hello",
                    "sms": "Hi",
                    "translations": {"de": {"subject": "Probe", "text": "Hallo"}},
                },
                "selection": {"filters": [{"countries": ["JP"]}], "exclude": {"people": ["p0001"]}},
                "options": {"include_sms": True, "high_quality_sms": True},
            }
        )
    )
    save_template(peopled.ledger, "one_way", "Quake", settings, START)
    page = peopled.look("templates", "sender", name="Quake")
    assert not page.exception
    for text in ("Drill", "Hello", "Hi", "Probe", "Hallo"):
        assert f">{text}<" in html_of(page)
    told = text_of(page).replace("\\", "")
    assert "**How it goes out:** email, SMS; SMS of high quality" in told
    assert "* by a filter: they are in Japan" in told
    assert "* left out: 1 person by name" in told


def test_a_template_is_changed_for_one_sending_in_a_draft(peopled: Lived) -> None:
    keep(peopled)
    page = peopled.look("templates", "sender", name="Quake")
    page.button(key="template_begin").click().run()
    assert not page.exception
    [draft] = list_drafts(peopled.ledger, ADMIN)
    assert draft.title == "Drill"
    assert page.query_params["draft"] == draft.draft_id


def save(lived: Lived, name: str, told: dict[str, Any]) -> None:
    save_filter(lived.ledger, name, parse_selection(told), START)


def test_a_filter_is_made_looked_at_changed_and_deleted(
    peopled: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    page = peopled.look("filters", "sender")
    page.text_input(key="filter_name").set_value("Everybody")
    page.text_area(key="filter_selection").set_value('{"groups": ["all"]}').run()
    page.button(key="filter_add").click().run()
    [saved] = list_filters(peopled.ledger)
    assert page.query_params["name"] == "Everybody"
    page.button(key="filter_look").click().run()
    assert "**Now: 5 people**" in text_of(page)
    key = f"filter_edit_{saved.saved_filter_id}"
    page.text_area(key=key).set_value('{"people": ["p0000"]}').run()
    page.button(key="filter_save").click().run()
    assert load_filter(peopled.ledger, "Everybody").selection.people == ("p0000",)
    page.checkbox(key="filter_sure").check().run()
    page.button(key="filter_delete").click().run()
    assert list_filters(peopled.ledger) == []


def test_a_filter_that_something_uses_stays(lived: Lived, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    save(lived, "Tokyo", {"groups": ["all"]})
    save(lived, "Asia", {"saved_filters": ["Tokyo"]})
    page = lived.look("filters", "admin", name="Tokyo")
    assert "dynamic filter &#x27;Asia&#x27;" in html_of(page)
    page.checkbox(key="filter_sure").check().run()
    page.button(key="filter_delete").click().run()
    assert "is used by dynamic filter 'Asia'" in told_of(page)


def test_a_viewer_sees_filters_and_changes_nothing(lived: Lived) -> None:
    save(lived, "Tokyo", {"groups": ["all"]})
    page = lived.look("filters", "viewer")
    assert [one.label for one in page.button] == ["Tokyo"]
    page.button[0].click().run()
    assert [one.label for one in page.button] == ["Back to all filters"]
    assert "groups: all" in text_of(page).replace("\\", "")
