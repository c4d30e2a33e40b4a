"""The last look before a draft is sent, and sending it: once, by whom it is allowed."""

from pathlib import Path
from threading import Event
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.queries.checks import CheckedBy
from rollcall.desk.composing import CheckedDraft
from rollcall.ledger.audit import AuditQuery, read_entries
from rollcall.ledger.log import list_messages
from tests.dashboards.houses import Lived, html_of
from tests.dashboards.test_compose_texts import ADMIN, begin, look, told_of
from tests.people import write_people

PATIENCE_S = 60.0


@pytest.fixture
def peopled(lived: Lived, tmp_path: Path) -> Lived:
    write_people(tmp_path / "source", count=5)
    return lived


def send_button(page: AppTest) -> Any:
    return next(one for one in page.button if one.key and one.key.startswith("check_send"))


def test_what_is_missing_is_listed_and_nothing_can_be_sent(peopled: Lived) -> None:
    draft = peopled.house.drafting.open(ADMIN, "message")
    page = look(peopled, draft, "check")
    told = told_of(page)
    assert "* nobody is selected yet" in told
    assert "* the first version has no subject" in told
    assert not [one for one in page.button if one.label.startswith("Send to")]


def test_the_check_shows_who_how_many_where_and_what(peopled: Lived) -> None:
    page = look(peopled, begin(peopled), "check")
    shown = html_of(page)
    assert "**Goes to 5 people**" in told_of(page)
    for told in ("group all", "Drill", "Where they are", "unknown", "email", "Hello Maria Example"):
        assert told in shown, told
    assert "never sent with the same template" in shown
    assert send_button(page).label == "Send to 5 people now"


def test_the_page_goes_on_while_it_is_looked_who_is_meant(peopled: Lived) -> None:
    checks, may_end = peopled.house.checks, Event()

    def hold_up() -> CheckedDraft:
        may_end.wait(PATIENCE_S)
        raise AssertionError("nobody asks what came of it")

    checks.patience_s = 0
    checks.look(CheckedBy("somebody", "else"), 0, hold_up)
    page = look(peopled, begin(peopled), "check")
    assert "Looking who is meant now" in told_of(page)
    assert "Who gets it" in {one.value for one in page.header}
    assert not [one for one in page.button if one.label.startswith("Send to")]

    may_end.set()
    checks.patience_s = PATIENCE_S
    page.run()
    assert send_button(page).label == "Send to 5 people now"


def test_sending_goes_on_to_the_progress_and_the_draft_leads_there(peopled: Lived) -> None:
    draft = begin(peopled)
    page = look(peopled, draft, "check")
    send_button(page).click().run()
    assert not page.exception
    [message] = list_messages(peopled.ledger)
    assert page.title[0].value == "Drill"
    assert f"message {message.message_id} is accepted" in told_of(page)
    again = peopled.look("compose", "admin", draft=draft.draft_id, step="check")
    assert again.title[0].value == "Drill"
    [entry] = read_entries(peopled.ledger, AuditQuery(action="send"), 9)
    assert (entry.outcome, entry.subject_id) == ("done", message.message_id)


def test_two_windows_send_a_draft_once(peopled: Lived) -> None:
    draft = begin(peopled)
    windows = [look(peopled, draft, "check") for _ in range(2)]
    for page in windows:
        send_button(page).click().run()
        assert not page.exception
    [message] = list_messages(peopled.ledger)
    assert f"message {message.message_id} is known already" in told_of(windows[1])


def test_a_draft_that_another_window_changed_is_checked_again_first(peopled: Lived) -> None:
    draft = begin(peopled)
    page = look(peopled, draft, "check")
    other = {"content": {"subject": "Other", "text": "x"}}
    peopled.house.drafting.change(ADMIN, draft.draft_id, lambda body: body | other)
    send_button(page).click().run()
    assert "changed since you checked it" in told_of(page)
    assert list_messages(peopled.ledger) == []
    assert "Other" in html_of(page)
    send_button(page).click().run()
    assert len(list_messages(peopled.ledger)) == 1


def test_many_people_have_to_be_typed(lived: Lived, tmp_path: Path) -> None:
    write_people(tmp_path / "source", count=101)
    draft = begin(lived)
    page = look(lived, draft, "check")
    assert send_button(page).disabled
    page.text_input(key=f"check_typed_{draft.draft_id}").set_value("101").run()
    assert not send_button(page).disabled
    send_button(page).click().run()
    assert len(list_messages(lived.ledger)) == 1


def test_the_same_again_has_to_be_meant(peopled: Lived) -> None:
    send_button(look(peopled, begin(peopled), "check")).click().run()
    steps = peopled.house.app.steps
    [first] = list_messages(peopled.ledger)
    steps.claim_message(first.message_id)
    steps.load_snapshot(first.message_id)
    steps.select_audience(first.message_id)
    draft = begin(peopled)
    page = look(peopled, draft, "check")
    assert "already says exactly this to the same 5 people" in told_of(page)
    assert send_button(page).disabled
    page.checkbox(key=f"check_meant_{draft.draft_id}").check().run()
    send_button(page).click().run()
    assert len(list_messages(peopled.ledger)) == 2


def test_over_ones_limit_nothing_can_be_sent(peopled: Lived) -> None:
    session = peopled.sign_in("sender", limit=3)
    actor = peopled.house.reception.find_by_id(session)
    assert actor is not None
    draft = peopled.house.drafting.open(actor.actor, "message", begin(peopled).body)
    page = peopled.look_as("compose", session, draft=draft.draft_id, step="check")
    assert "You may send to 3 people at once, and this goes to 5" in told_of(page)
    assert send_button(page).disabled


def test_data_that_cannot_be_read_leave_those_that_were_good_last(
    peopled: Lived, tmp_path: Path
) -> None:
    draft = begin(peopled)
    look(peopled, draft, "check")
    (tmp_path / "source" / "people.csv").write_text("nothing", "utf-8")
    page = look(peopled, draft, "check")
    assert not [one for one in page.button if one.label.startswith("Send to")]
    page.checkbox(key=f"last_good_{draft.draft_id}").check().run()
    assert "Made from the data that were last found good" in told_of(page)
    send_button(page).click().run()
    assert len(list_messages(peopled.ledger)) == 1


def test_a_viewer_has_no_composer(peopled: Lived) -> None:
    draft = begin(peopled)
    page = peopled.look("log", "viewer")
    assert not page.exception
    page.query_params["draft"] = draft.draft_id
    assert [one for one in page.button if one.label.startswith("Send")] == []
