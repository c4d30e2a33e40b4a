"""From one chat to the next: who needs help is not forgotten, and each leads to the other."""

from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from rollcall.ledger.entries import NewAnswer, record_entries
from tests.dashboards.houses import Lived, html_of
from tests.integration.conversations import Conversation, open_conversation
from tests.integration.desk.test_chatting import lead_somewhere
from tests.integration.ledger.records import NOW
from tests.integration.ledger.test_chat_lists import say


@pytest.fixture
def opened(lived: Lived) -> Conversation:
    """A chat of four by email, of whom one needs help."""
    lead_somewhere(lived)
    one = open_conversation(lived.ledger, 4, channels=("email",), include_sms=False)
    say(lived.ledger, one, "p0001", "needs_help")
    lived.clock.go_on(minutes=1)
    return one


def follow(lived: Lived, opened: Conversation) -> AppTest:
    """Open a new chat with those not OK; return its page."""
    page = lived.look("chats", "admin", chat=opened.chat.chat_id, act="follow", key="k")
    page.button(key="act_go").click().run()
    assert not page.exception
    return page


def ways_of(page: AppTest) -> list[str]:
    labels = [one.label for one in page.button if str(one.key).startswith("way_")]
    return [one.replace("\\", "").partition(": ")[0] for one in labels]


def test_who_needs_help_is_not_forgotten_in_the_new_chat(
    lived: Lived, opened: Conversation
) -> None:
    page = follow(lived, opened)
    assert "<b>0</b>need help" in html_of(page)
    assert page.warning[0].value.startswith("**1 said in the chat before that they need help.**")
    ok = NewAnswer(opened.chat.chat_id, "p0001", "ok", "page", "later")
    record_entries(lived.ledger, [ok], NOW + timedelta(seconds=60))
    lived.house.figures.answers.forget(opened.chat.chat_id)
    page.run()
    assert [one for one in page.warning if "need help" in one.value] == []


def test_each_leads_to_the_other_and_the_address_goes_along(
    lived: Lived, opened: Conversation
) -> None:
    page = follow(lived, opened)
    new_id = page.query_params["chat"]
    assert ways_of(page) == ["The chat before"]
    page.button(key=f"way_{opened.chat.chat_id}").click().run()
    assert page.query_params["chat"] == opened.chat.chat_id
    assert "<b>1</b>need help" in html_of(page)
    assert ways_of(page) == ["Followed by the chat"]
    page.button(key=f"way_{new_id}").click().run()
    assert ways_of(page) == ["The chat before"]
    assert ways_of(lived.look("chats", "viewer", chat=opened.chat.chat_id)) == [
        "Followed by the chat"
    ]
