"""The composer: drafts are begun, found again and kept; recipients are added by a few letters."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from rollcall.domain.drafts import DraftKind
from rollcall.domain.message_templates import parse_settings
from rollcall.domain.selection import parse_selection
from rollcall.ledger.log import list_messages
from rollcall.ledger.messages import accept_message, set_state
from rollcall.ledger.saved_filters import load_filter, save_filter
from rollcall.ledger.templates import list_templates, save_template
from tests.dashboards.composing import begin, body_of, labelled, press, selection_of, write_source
from tests.dashboards.houses import START, Lived, html_of, text_of
from tests.integration.ledger.records import a_message

TOLD = '{"content": {"subject": "Drill", "text": "Hello"}, "selection": {"groups": ["it"]}}'


@pytest.fixture
def peopled(lived: Lived, tmp_path: Path) -> Lived:
    write_source(tmp_path / "source")
    return lived


def told_of(page: AppTest) -> str:
    return "\n".join(one.value for one in (*page.error, *page.success)).replace("\\", "")


@pytest.mark.parametrize(
    ("button", "kind"), [("New message", "message"), ("New chat", "chat")], ids=["message", "chat"]
)
def test_a_draft_is_begun_and_its_id_is_in_the_address(
    lived: Lived, button: str, kind: str
) -> None:
    page = press(lived.look("compose", "sender"), button)
    assert not page.exception
    [draft] = lived.house.drafting.list_all(lived.actor("sender"))
    assert (draft.kind, draft.owner) == (kind, "the sender")
    assert page.query_params["draft"] == draft.draft_id
    assert "without a title" in page.title[0].value


def test_the_next_draft_is_another_one(lived: Lived) -> None:
    page = press(lived.look("compose", "sender"), "New message")
    page = press(press(page, "All drafts"), "New message")
    assert len(lived.house.drafting.list_all(lived.actor("sender"))) == 2


def test_a_draft_is_begun_from_a_template(lived: Lived) -> None:
    save_template(lived.ledger, "one_way", "Quake", parse_settings(TOLD), START)
    page = lived.look("compose", "sender")
    page.selectbox(key="compose_template").set_value(("one_way", "Quake"))
    page = press(page.run(), "Start")
    [draft] = lived.house.drafting.list_all(lived.actor("sender"))
    assert (draft.template, draft.title) == ("Quake", "Drill")
    assert "From the template Quake" in html_of(page)


@pytest.mark.parametrize("kind", ["message", "chat"])
def test_a_draft_is_saved_as_a_template_and_nothing_is_sent(
    peopled: Lived, kind: DraftKind
) -> None:
    body = json.loads(TOLD)
    if kind == "chat":
        body = {"title": "Drill", "post": "Hello", "selection": body["selection"]}
    peopled.house.drafting.open(peopled.actor("admin"), kind, body, "d1")
    page = peopled.look("compose", "admin", draft="d1")
    labelled(page.text_input, "Name of the template").set_value("Quake").run()
    press(page, "Save the template")
    assert told_of(page) == "saved as template 'Quake'"
    [saved] = list_templates(peopled.ledger, "chat" if kind == "chat" else "one_way")
    assert saved.settings.content.text == "Hello"
    assert page.query_params["draft"] == "d1"
    assert list_messages(peopled.ledger) == []


def test_a_draft_that_says_nothing_yet_is_no_template(peopled: Lived) -> None:
    begin(peopled)
    page = peopled.look("compose", "admin", draft="d1")
    labelled(page.text_input, "Name of the template").set_value("Quake").run()
    press(page, "Save the template")
    assert len(page.error) == 1
    assert list_templates(peopled.ledger, "one_way") == []


def test_a_draft_is_found_again_from_another_session_and_deleted(lived: Lived) -> None:
    begin(lived, {"content": {"subject": "Drill *now*"}})
    page = press(lived.look("compose"), "Drill \\*now\\*")
    assert page.title[0].value == "Drill \\*now\\*"
    press(page, "Delete")
    assert lived.house.drafting.list_all(lived.actor("admin")) == []
    assert "draft" not in page.query_params


def test_drafts_without_a_title_are_told_apart_by_whom_they_are_for(lived: Lived) -> None:
    admin, filters = lived.actor("admin"), [{"countries": ["JP"]}, {"countries": [1]}]
    for number, one in enumerate(filters):
        lived.house.drafting.open(admin, "message", {"selection": {"filters": [one]}}, f"d{number}")
    lived.house.drafting.open(admin, "message", {}, "empty")
    page = lived.look("compose")
    assert not page.exception
    assert "by a filter: they are in Japan" in html_of(page)
    assert "for nobody yet" in html_of(page)
    assert "selection: " in html_of(page)  # what cannot be meant says why


def test_nobody_sees_anybody_elses_draft_but_admins(lived: Lived) -> None:
    begin(lived, {"content": {"subject": "Secret"}})
    page = lived.look("compose", "sender", draft="d1")
    assert "there is no such draft, or it is somebody else's" in told_of(page)
    assert "Secret" not in text_of(page)
    begun_by_sender = lived.house.drafting.open(lived.actor("sender"), "message", {}, "d2")
    page = lived.look("compose", "admin", draft=begun_by_sender.draft_id)
    assert "Begun by the sender" in html_of(page)


def test_a_sent_drafts_address_shows_the_messages_progress(lived: Lived) -> None:
    begin(lived)
    accept_message(lived.ledger, a_message("draft-d1"), START)
    page = lived.look("compose", "admin", draft="d1")
    assert not page.exception
    assert page.title[0].value == "Drill"


def test_a_refused_draft_says_why_and_can_be_changed(lived: Lived) -> None:
    begin(lived)
    record, _ = accept_message(lived.ledger, a_message("draft-d1"), START)
    set_state(lived.ledger, record.message_id, "refused", reason="matches nobody", closed_at=START)
    page = lived.look("compose", "admin", draft="d1")
    assert "It was refused, and nothing was sent: matches nobody" in told_of(page)
    labelled(page.checkbox, "Everybody in the data").check().run()
    assert selection_of(lived) == {"everyone": True}


def look_for(page: AppTest, text: str) -> AppTest:
    box = labelled(page.text_input, "Add people, facilities, groups or dynamic filters")
    box.set_value(text)
    return page.run()


def test_everything_is_found_in_one_box(peopled: Lived) -> None:
    save_filter(peopled.ledger, "Tokyo now", parse_selection({"groups": ["it"]}), START)
    begin(peopled)
    page = look_for(peopled.look("compose", draft="d1"), "tok")
    assert "**Tokyo now**" in text_of(page)
    assert "**Tokyo office**" in text_of(page)
    for kind, its_id in (("saved_filters", "Tokyo now"), ("facilities", "tokyo")):
        page.button(key=f"found_include_{kind}_{its_id}_d1").click().run()
    page = look_for(page, "IT")
    page.button(key="found_include_groups_it_d1").click().run()
    page = look_for(page, "cruz bo")
    page.button(key="found_exclude_people_bo_d1").click().run()
    assert not page.exception
    assert selection_of(peopled) == {
        "saved_filters": ["Tokyo now"],
        "facilities": ["tokyo"],
        "groups": ["it"],
        "exclude": {"people": ["bo"]},
    }
    assert page.button(key="found_exclude_people_bo_d1").disabled


def test_names_of_people_are_shown_as_they_are(peopled: Lived) -> None:
    begin(peopled)
    page = look_for(peopled.look("compose", draft="d1"), "bo")
    assert "**Bo \\<b\\>Cruz\\<\\/b\\>**" in text_of(page)


def test_what_is_not_found_is_told(peopled: Lived) -> None:
    begin(peopled)
    page = look_for(peopled.look("compose", draft="d1"), "zzz")
    assert "Nothing is called so." in text_of(page)


def test_a_chosen_name_is_taken_away(peopled: Lived) -> None:
    begin(peopled, {"selection": {"people": ["ana", "bo"], "groups": ["it"]}})
    page = peopled.look("compose", draft="d1")
    people = labelled(page.multiselect, "People")
    assert people.options == ["Ana Ito (ana)", "Bo <b>Cruz</b> (bo)"]
    people.set_value(["ana"]).run()
    assert selection_of(peopled) == {"people": ["ana"], "groups": ["it"]}
    assert labelled(page.multiselect, "People").value == ["ana"]


def test_what_another_window_added_meanwhile_stays(peopled: Lived) -> None:
    begin(peopled, {"selection": {"people": ["ana", "bo"]}})
    page = peopled.look("compose", draft="d1")
    admin = peopled.actor("admin")
    theirs = {"content": {"subject": "Fire"}, "selection": {"people": ["ana", "bo", "cy"]}}
    peopled.house.drafting.change(admin, "d1", lambda _: theirs)
    labelled(page.multiselect, "People").set_value(["bo"]).run()
    assert body_of(peopled) == theirs | {"selection": {"people": ["bo", "cy"]}}


def test_recipients_are_saved_as_a_dynamic_filter_and_used_by_its_name(peopled: Lived) -> None:
    begin(peopled, {"selection": {"groups": ["it"], "exclude": {"people": ["bo"]}}})
    page = peopled.look("compose", draft="d1")
    page.text_input(key="save_name_d1").set_value("IT without Bo").run()
    page.button(key="save_filter_d1").click().run()
    assert "'IT without Bo' is saved" in told_of(page)
    saved = load_filter(peopled.ledger, "IT without Bo").selection
    assert (saved.groups, saved.exclude.people) == (("it",), ("bo",))
    assert selection_of(peopled) == {"saved_filters": ["IT without Bo"]}


def test_one_filter_alone_is_saved_and_the_rest_stays(peopled: Lived) -> None:
    filters = [{"countries": ["JP"]}, {"countries": ["FR"]}]
    begin(peopled, {"selection": {"filters": filters, "people": ["bo"]}})
    page = peopled.look("compose", draft="d1")
    page.radio(key="save_what_d1").set_value("1").run()
    page.text_input(key="save_name_d1").set_value("France").run()
    page.button(key="save_filter_d1").click().run()
    assert load_filter(peopled.ledger, "France").selection.filters[0].countries == ("FR",)
    assert selection_of(peopled) == {
        "filters": [{"countries": ["JP"]}],
        "people": ["bo"],
        "saved_filters": ["France"],
    }


def test_a_filter_without_a_name_is_not_saved_and_nothing_is_changed(peopled: Lived) -> None:
    begin(peopled, {"selection": {"groups": ["it"]}})
    page = peopled.look("compose", draft="d1")
    page.button(key="save_filter_d1").click().run()
    assert page.error
    assert selection_of(peopled) == {"groups": ["it"]}


def test_a_viewer_has_no_composer(lived: Lived) -> None:
    page = lived.look("log", "viewer")
    with pytest.raises(ValueError, match="Could not find a navigation page"):
        page.switch_page("views/compose.py")
