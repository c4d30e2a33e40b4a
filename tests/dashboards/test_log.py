"""The message log: what everybody may see, and how it is told."""

from datetime import timedelta

import pytest

from rollcall.ledger.messages import accept_message
from tests.dashboards.houses import START, Lived, html_of, text_of
from tests.integration.ledger.records import (
    a_message,
    begin,
    claim_one,
    finish,
    finished,
    queue_message,
)
from tests.people import phone_of


def send_one(lived: Lived, key: str = "drill") -> str:
    """Record a message to one person, taken over by a route in one second."""
    message_id = queue_message(lived.ledger, 1, key=key)
    claimed = claim_one(lived.ledger, message_id, "run")
    attempt_id = begin(lived.ledger, "run", claimed.delivery_id) or ""
    done = finished(claimed.delivery_id, "accepted")
    finish(lived.ledger, "run", attempt_id, "accepted", done, START + timedelta(seconds=1))
    return message_id


@pytest.mark.parametrize("role", ["viewer", "sender", "admin"])
def test_everybody_sees_all_messages_system_ones_too(lived: Lived, role: str) -> None:
    queue_message(lived.ledger, 2)
    accept_message(lived.ledger, a_message("notice", kind="chat_notice"), START)
    page = lived.look("log", role)  # type: ignore[arg-type]
    assert not page.exception
    told = html_of(page)
    assert "notice of a post (by the system)" in told
    assert "2 waiting to be sent" in told


def test_times_are_the_viewers_with_utc_behind_them(lived: Lived) -> None:
    queue_message(lived.ledger)
    told = html_of(lived.look("log"))
    assert 'title="2026-11-23T06:00:00Z">23 Nov 2026, 15:00:00 JST<' in told


def test_a_message_shows_its_recipients_deliveries_and_tries(lived: Lived) -> None:
    message_id = send_one(lived)
    page = lived.look("log", message=message_id)
    assert not page.exception
    told = html_of(page)
    assert page.title[0].value == "Drill"
    assert "Person 0" in told
    assert f"<b>SMS</b>, {phone_of(0)}: sent" in told
    assert "by alpha: taken over, after 1.0 s" in told
    assert f'href="/export/{message_id}.csv"' in told


def test_a_viewer_looks_at_recipients_and_may_download_them(lived: Lived) -> None:
    message_id = send_one(lived)
    told = html_of(lived.look("log", "viewer", message=message_id))
    assert "Person 0" in told
    assert f'href="/export/{message_id}.csv"' in told


def test_a_message_shows_what_its_sms_said(lived: Lived) -> None:
    content = {"subject": "Drill", "text": "Long", "sms": "Short"}
    translations = {"de": {"subject": "Probe", "text": "Lang", "sms": "Kurz"}}
    message = a_message("short", request={"content": content | {"translations": translations}})
    message_id = accept_message(lived.ledger, message, START)[0].message_id
    page = lived.look("log", message=message_id)
    assert not page.exception
    said = [one.value for one in page.text]
    assert said == ["Drill", "Long", "Short", "Probe", "Lang", "Kurz"]


def test_the_list_opens_a_message_and_the_address_names_it(lived: Lived) -> None:
    message_id = send_one(lived)
    page = lived.look("log")
    page.button(key=f"open_{message_id}").click().run()
    assert page.query_params["message"] == message_id
    assert "Person 0" in html_of(page)
    page.button[0].click().run()
    assert "message" not in page.query_params
    assert "Person 0" not in html_of(page)


def test_an_unknown_message_is_one_sentence(lived: Lived) -> None:
    page = lived.look("log", message="m-nothing")
    assert [one.value for one in page.error] == [r"there is no message \'m\-nothing\'"]


def test_searching_finds_subjects_whatever_their_case(lived: Lived) -> None:
    queue_message(lived.ledger, key="one")
    page = lived.look("log")
    page.text_input(key="log_text").set_value("dRiLL").run()
    assert "waiting to be sent" in html_of(page)
    page.text_input(key="log_text").set_value("%").run()
    assert "No message is like that." in text_of(page)


def test_recipients_come_a_page_at_a_time(lived: Lived) -> None:
    message_id = queue_message(lived.ledger, 30)
    page = lived.look("log", message=message_id)
    assert "Person 24" in html_of(page)
    assert "Person 25" not in html_of(page)
    [on] = [one for one in page.button if one.label == "Next recipients"]
    on.click().run()
    assert "Person 25" in html_of(page)
    assert "Person 24" not in html_of(page)
    assert "26 to 30" in text_of(page)


def test_recipients_are_filtered_by_what_came_of_them(lived: Lived) -> None:
    message_id = send_one(lived)
    page = lived.look("log", message=message_id)
    page.selectbox(key="people_status").select("waiting").run()
    assert "Nobody is like that." in text_of(page)
    page.selectbox(key="people_status").select("accepted").run()
    assert "Person 0" in html_of(page)
