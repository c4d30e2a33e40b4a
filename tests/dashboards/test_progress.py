"""Live progress: how far a message is, and what somebody may do about it."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from rollcall.ledger.audit import AuditQuery, read_entries
from rollcall.ledger.messages import find_message, load_message, set_state
from rollcall.ledger.queue import claim_due
from rollcall.ledger.tables import Message
from rollcall.ledger.templates import list_templates
from tests.dashboards.houses import START, Lived, html_of, text_of
from tests.dashboards.test_log import send_one
from tests.integration.conversations import open_conversation
from tests.integration.ledger.records import begin, due_in, finish, queue_message
from tests.integration.ledger.test_chat_lists import settle


def acts_of(lived: Lived) -> list[tuple[str, str | None]]:
    return [(one.action, one.outcome) for one in read_entries(lived.ledger, AuditQuery(), 10)]


def test_a_message_shows_how_far_it_is_over_which_route_and_how_quick(lived: Lived) -> None:
    message_id = send_one(lived)
    page = lived.look("progress", message=message_id)
    assert not page.exception
    told = html_of(page)
    assert '<th scope="row">SMS</th><td class="n">0</td><td class="n">1</td>' in told
    assert "Taken over by a route, after" in told
    assert '<td class="n">1.0 s</td>' in told
    assert '<th scope="row">alpha</th>' in told


def test_what_only_the_network_has_is_not_told_as_with_the_telephone(lived: Lived) -> None:
    message_id = queue_message(lived.ledger, 3)
    for number, status in enumerate(("at_carrier", "at_carrier", "delivered")):
        settle(lived.ledger, message_id, **{f"p{number:04}_sms": status})
    told = html_of(lived.look("progress", message=message_id))
    columns = ("By", "waiting", "sent", "reached the network", "reached the telephone")
    assert "".join(re.findall(r"<th scope=.col.[^>]*>([^<]*)<", told)).startswith("".join(columns))
    figures = re.findall(r'<td class="n">(\d+)</td>', told.partition("SMS</th>")[2])
    assert figures[:7] == ["0", "0", "2", "1", "0", "0", "3"]


def test_a_route_that_only_fails_is_named_while_something_may_wait_for_it(lived: Lived) -> None:
    message_id = queue_failing(lived, "alpha")
    lived.clock.go_on(seconds=5)
    page = lived.look("progress", message=message_id)
    [warning] = page.warning
    assert warning.value.startswith("**The route alpha does nothing but fail just now.**")
    lived.house.desk.stop(lived.actor("admin"), message_id)
    assert len(lived.look("progress", message=message_id).warning) == 0


def queue_failing(lived: Lived, route_id: str) -> str:
    """Record a message to twelve, of whom each was tried once over a route that is away."""
    message_id = queue_message(lived.ledger, 12, key=f"by {route_id}")
    for claimed in claim_due(lived.ledger, message_id, "run", 12, START):
        attempt_id = begin(lived.ledger, "run", claimed.delivery_id, route_id) or ""
        waits = due_in(claimed.delivery_id, 60)
        finish(lived.ledger, "run", attempt_id, "unavailable", waits, START)
    return message_id


def test_what_was_held_back_does_not_look_as_if_it_was_done(lived: Lived) -> None:
    message_id = queue_message(lived.ledger, 3)
    page = lived.look("progress", "sender", message=message_id)
    assert [one.proto.text for one in page.get("progress")] == ["3 of 3 still wait"]
    page.button(key="act_stop").click().run()
    page.button(key="act_go").click().run()
    assert len(page.get("progress")) == 0


def test_an_invitation_leads_to_its_answers(lived: Lived) -> None:
    opened = open_conversation(lived.ledger, 2)
    for view in ("progress", "log"):
        page = lived.look(view, "viewer", message=opened.chat.message_id)
        assert not page.exception
        assert any(one.proto.label.startswith("Who is OK") for one in page.get("page_link"))


def test_sending_again_says_beforehand_to_how_many(lived: Lived) -> None:
    message_id = queue_email(lived, 3)
    settle(lived.ledger, message_id, p0000_email="accepted")
    finish_message(lived, message_id)
    page = lived.look("progress", "admin", message=message_id, act="retry", key="k")
    assert "**Of 2 people it is not known that any route took it over**" in text_of(page)
    assert page.button(key="act_go").label == "Send again to 2 people"
    settle(lived.ledger, message_id, p0001_email="delivered", p0002_email="at_carrier")
    page.run()
    assert "nobody to send it to again" in text_of(page)
    assert "act_go" not in {one.key for one in page.button}


def test_messages_under_way_are_offered_first(lived: Lived) -> None:
    done = queue_message(lived.ledger, key="done")
    set_state(lived.ledger, done, "sent", closed_at=START)
    open_id = queue_message(lived.ledger, key="open")
    page = lived.look("progress")
    assert [one.value for one in page.header] == ["Under way", "Latest"]
    assert page.button[0].key == f"watch_{open_id}"
    page.button(key=f"watch_{done}").click().run()
    assert page.query_params["message"] == done


def test_stopping_takes_two_clicks_and_is_recorded(lived: Lived) -> None:
    message_id = queue_message(lived.ledger, 3)
    page = lived.look("progress", "sender", message=message_id)
    page.button(key="act_stop").click().run()
    assert load_message(lived.ledger, message_id).stopped_at is None
    page.button(key="act_go").click().run()
    assert not page.exception
    assert load_message(lived.ledger, message_id).state == "stopped"
    assert "0 handed over, 3 held back" in page.success[0].value.replace("\\", "")
    assert acts_of(lived) == [("stop", "done")]


def test_a_viewer_is_offered_nothing(lived: Lived) -> None:
    message_id = queue_message(lived.ledger, 3)
    page = lived.look("progress", "viewer", message=message_id, act="stop", key="k")
    assert [one.label for one in page.button] == ["Back to all messages"]
    assert load_message(lived.ledger, message_id).stopped_at is None
    page.button[0].click().run()
    assert "message" not in page.query_params
    assert page.title[0].value == "Live progress"


def test_whoever_lost_their_session_meanwhile_does_nothing(lived: Lived) -> None:
    message_id = queue_message(lived.ledger, 3)
    page = lived.look("progress", "sender", message=message_id, act="stop", key="k")
    lived.clock.go_on(hours=13)
    page.button(key="act_go").click().run()
    assert load_message(lived.ledger, message_id).stopped_at is None
    assert acts_of(lived) == []


def queue_email(lived: Lived, count: int) -> str:
    """Record a message by email alone, for which there is a route."""
    message_id = queue_message(lived.ledger, count, "email")
    request = {"content": {"subject": "Drill", "text": "Drill"}, "selection": {"everyone": True}}
    with lived.ledger.write() as connection:
        connection.execute(update(Message).values(request=request))
    return message_id


def finish_message(lived: Lived, message_id: str) -> None:
    set_state(lived.ledger, message_id, "sent", closed_at=START + timedelta(minutes=1))


def test_four_clicks_on_send_again_are_one_message(lived: Lived) -> None:
    message_id = queue_email(lived, 2)
    finish_message(lived, message_id)
    pages = [
        lived.look("progress", "admin", message=message_id, act="retry", key="k") for _ in range(2)
    ]
    for page in pages * 2:
        if "act_go" in {one.key for one in page.button}:
            page.button(key="act_go").click().run()
            assert not page.exception
    followers = followers_of(lived, message_id)
    assert len(followers) == 1
    assert find_message(lived.ledger, "desk:k") is not None
    assert page.query_params["message"] == followers[0]


def followers_of(lived: Lived, message_id: str) -> list[str]:
    query = select(Message.message_id).where(Message.follows_message_id == message_id)
    with lived.ledger.read() as connection:
        return list(connection.execute(query).scalars())


def test_a_correction_goes_out_in_its_own_words(lived: Lived) -> None:
    message_id = send_one(lived)
    finish_message(lived, message_id)
    page = lived.look("progress", "admin", message=message_id, act="correct", key="k")
    page.text_input(key="correct_subject").set_value("Correction")
    page.text_area(key="correct_text").set_value("It was a drill.").run()
    page.button(key="act_go").click().run()
    assert "no route is configured for sms" in page.error[0].value.replace("\\", "")
    assert acts_of(lived) == [("correct", "failed")]
    assert page.query_params["act"] == "correct"
    assert page.text_area(key="correct_text").value == "It was a drill."


def test_a_senders_limit_holds_for_follow_ups(lived: Lived) -> None:
    message_id = queue_email(lived, 4)
    finish_message(lived, message_id)
    session_id = lived.sign_in("sender", limit=3)
    page = lived.look_as("progress", session_id, message=message_id, act="retry", key="k")
    page.button(key="act_go").click().run()
    told = page.error[0].value.replace("\\", "")
    assert told == "this goes to 4 people, and you may send to 3 at once: ask an admin"
    assert followers_of(lived, message_id) == []
    [entry] = read_entries(lived.ledger, AuditQuery(), 10)
    assert (entry.outcome, entry.people_count) == ("refused", 4)


def test_a_message_is_saved_as_a_template(lived: Lived) -> None:
    message_id = queue_message(lived.ledger)
    page = lived.look("progress", "sender", message=message_id, act="keep", key="k")
    page.text_input(key="keep_name").set_value("Quake").run()
    page.button(key="act_go").click().run()
    assert [one.name for one in list_templates(lived.ledger, "one_way")] == ["Quake"]


@pytest.mark.parametrize("state", ["accepted", "sent"])
def test_a_message_that_is_over_is_not_asked_for_again_and_again(lived: Lived, state: str) -> None:
    message_id = send_one(lived)
    if state == "sent":
        finish_message(lived, message_id)
    page = lived.look("progress", message=message_id)
    assert ("being sent" in text_of(page)) is False
    assert ("done after" in text_of(page)) == (state == "sent")
