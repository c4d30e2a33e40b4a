"""Acts in chats by way of the desk: by whom, to how many at most, and once."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from rollcall.domain.acts import Actor
from rollcall.domain.chat_posts import make_post
from rollcall.domain.message import Channel, FollowUp
from rollcall.errors import InputError, NotAllowedError
from rollcall.ledger.audit import AuditQuery, AuditRecord, read_entries
from rollcall.ledger.chat_lists import count_answers, list_chat_messages, read_posts
from rollcall.ledger.chats import load_chat
from rollcall.ledger.engine import Ledger
from rollcall.ledger.follow_ups import select_followed
from rollcall.ledger.log import list_messages
from rollcall.ledger.messages import MessageRecord
from rollcall.ledger.stopping import stop_message
from rollcall.sending.chat_orders import PostOrder
from tests.dashboards.houses import START, Lived, living_in
from tests.integration.conversations import KEY, Conversation, open_conversation
from tests.integration.ledger.test_chat_lists import say

ADMIN = Actor("Ana", "admin")


@pytest.fixture
def lived(ledger: Ledger, tmp_path: Path) -> Iterator[Lived]:
    with living_in(ledger, tmp_path) as one:
        lead_somewhere(one)
        yield one


def lead_somewhere(lived: Lived) -> None:
    """Let personal links lead somewhere, and be those of `open_conversation`."""
    told = {"public_url": "http://127.0.0.1", "portal_key": SecretStr(KEY.hex())}
    lived.house.settings = lived.house.settings.model_copy(update=told)


@pytest.fixture
def opened(lived: Lived) -> Conversation:
    """A chat of four by email: p0000 is OK, p0001 needs help, the others have not answered."""
    one = open_conversation(lived.ledger, 4, channels=("email",), include_sms=False)
    say(lived.ledger, one, "p0000", "ok")
    say(lived.ledger, one, "p0001", "needs_help")
    lived.clock.go_on(minutes=1)
    return one


def entries(lived: Lived) -> list[AuditRecord]:
    return read_entries(lived.ledger, AuditQuery(), 50)


def a_post(opened: Conversation, *notify: Channel, key: str = "k") -> PostOrder:
    return PostOrder(opened.chat.chat_id, make_post({"post": "Stay inside."}), key, notify)


def sent_since(lived: Lived) -> list[MessageRecord]:
    """Return the messages beside the one that opened the chat."""
    return [one for one in list_messages(lived.ledger) if one.idempotency_key != "chat"]


Act = Callable[[Lived, Actor, Conversation], object]
ACTS: dict[str, Act] = {
    "post": lambda lived, actor, opened: lived.house.chatting.post(actor, a_post(opened, "email")),
    "open_chat": lambda lived, actor, opened: lived.house.chatting.follow(
        actor, opened.chat.chat_id, "f", is_confirmed=True
    ),
    "chase": lambda lived, actor, opened: lived.house.chatting.remind(
        actor, opened.chat.chat_id, "r", ("email",)
    ),
    "record_answer": lambda lived, actor, opened: lived.house.chatting.record_answer(
        actor, opened.chat.chat_id, "p0002", "ok", "a"
    ),
    "archive": lambda lived, actor, opened: lived.house.chatting.archive(
        actor, opened.chat.chat_id, 0
    ),
}


@pytest.mark.parametrize("name", ACTS)
def test_a_viewer_cannot_act_in_a_chat_by_calling_the_library_either(
    lived: Lived, opened: Conversation, name: str
) -> None:
    with pytest.raises(NotAllowedError, match="a viewer may not"):
        ACTS[name](lived, Actor("Vi", "viewer"), opened)
    chat = load_chat(lived.ledger, opened.chat.chat_id)
    assert (chat.archived_at, len(read_posts(lived.ledger, chat))) == (None, 1)
    assert count_answers(lived.ledger, chat.chat_id)["ok"] == 1
    assert sent_since(lived) == []
    [entry] = entries(lived)
    assert (entry.actor, entry.action, entry.outcome) == ("Vi", name, "refused")


@pytest.mark.parametrize("name", ACTS)
def test_a_sender_acts_in_a_chat_once_and_it_is_recorded(
    lived: Lived, opened: Conversation, name: str
) -> None:
    for _ in range(3):  # impatient clicks
        ACTS[name](lived, Actor("Bo", "sender", 4), opened)
    assert [(one.action, one.outcome) for one in entries(lived)] == [(name, "done")] * 3
    assert all(one.subject_id for one in entries(lived))
    assert len(sent_since(lived)) == (name in ("post", "open_chat", "chase"))
    assert len(read_posts(lived.ledger, opened.chat)) == (2 if name == "post" else 1)


@pytest.mark.parametrize(
    ("name", "count"),
    [("post", 4), ("open_chat", 3), ("chase", 2)],
    ids=["all", "not-ok", "silent"],
)
def test_a_senders_limit_holds_in_chats(
    lived: Lived, opened: Conversation, name: str, count: int
) -> None:
    told = f"this goes to {count} people, and you may send to {count - 1} at once: ask an admin"
    with pytest.raises(NotAllowedError, match=told):
        ACTS[name](lived, Actor("Bo", "sender", count - 1), opened)
    assert sent_since(lived) == []
    assert len(read_posts(lived.ledger, opened.chat)) == 1
    assert [(one.outcome, one.people_count) for one in entries(lived)] == [("refused", count)]
    ACTS[name](lived, Actor("Bo", "sender", count), opened)
    assert len(sent_since(lived)) == 1


def test_a_post_of_which_nobody_is_told_goes_to_nobody(lived: Lived, opened: Conversation) -> None:
    outcome = lived.house.chatting.post(Actor("Bo", "sender", 1), a_post(opened))
    assert outcome.notice is None
    assert sent_since(lived) == []
    assert read_posts(lived.ledger, opened.chat)[-1].text == "Stay inside."


def test_whoever_says_ok_meanwhile_does_not_stop_the_chat_with_the_others(
    lived: Lived, opened: Conversation
) -> None:
    """A sender is counted for before; an answer between that and the sending refuses nothing."""
    chat_id = opened.chat.chat_id
    record, is_new = lived.house.chatting.follow(Actor("Bo", "sender", 3), chat_id, "f")
    assert is_new
    assert record.request.get("expected_audience") is None
    say(lived.ledger, opened, "p0001", "ok")
    follow_up = FollowUp.model_validate(record.request["follow_up"])
    followed = select_followed(lived.ledger, follow_up)
    assert [one.person_id for one in followed.recipients] == ["p0002", "p0003"]


def test_a_following_chat_is_opened_by_other_ways_and_in_other_words(
    lived: Lived, opened: Conversation
) -> None:
    changes = '{"title": "Roll call", "post": "Please answer."}'
    record, _ = lived.house.chatting.follow(ADMIN, opened.chat.chat_id, "f", changes)
    content = record.request["content"]
    assert (content["subject"], content["text"]) == ("Roll call", "Please answer.")
    assert not content.get("translations")
    assert record.kind == "chat_invite"


def test_reminders_by_hand_go_to_those_who_have_not_answered(
    lived: Lived, opened: Conversation
) -> None:
    record, _ = lived.house.chatting.remind(ADMIN, opened.chat.chat_id, "r", ("email", "push"))
    assert record.kind == "chat_reminder"
    follow_up = FollowUp.model_validate(record.request["follow_up"])
    followed = select_followed(lived.ledger, follow_up)
    assert [one.person_id for one in followed.recipients] == ["p0002", "p0003"]
    [_, reminder] = list_chat_messages(lived.ledger, opened.chat.chat_id)
    assert reminder.message_id == record.message_id
    assert not record.request["options"].get("include_push")  # nothing serves it


def test_nobody_is_reminded_of_what_was_stopped_is_over_or_asks_nothing(lived: Lived) -> None:
    remind = lived.house.chatting.remind
    stopped = open_conversation(lived.ledger, 1, key="stopped")
    stop_message(lived.ledger, stopped.chat.message_id, START)
    mute = open_conversation(lived.ledger, 1, key="mute", ok_request=False)
    over = open_conversation(lived.ledger, 1, key="over")
    lived.house.chatting.archive(ADMIN, over.chat.chat_id, 0)
    done = open_conversation(lived.ledger, 1, key="done")
    say(lived.ledger, done, "p0000", "ok")
    for chat, told in (
        (stopped, "was stopped"),
        (mute, "does not ask"),
        (over, "was archived"),
        (done, "everybody has answered"),
    ):
        with pytest.raises(InputError, match=told):
            remind(ADMIN, chat.chat.chat_id, "r", ("email",))
    with pytest.raises(InputError, match="choose how"):
        remind(ADMIN, open_conversation(lived.ledger, 1).chat.chat_id, "r", ())


@pytest.mark.parametrize("name", ["post", "chase", "record_answer"])
def test_in_an_archived_chat_nothing_is_done_any_more(
    lived: Lived, opened: Conversation, name: str
) -> None:
    lived.house.chatting.archive(ADMIN, opened.chat.chat_id, 0)
    with pytest.raises(InputError, match="was archived"):
        ACTS[name](lived, ADMIN, opened)
    assert sorted(str(one.outcome) for one in entries(lived)) == ["done", "failed"]
    assert sent_since(lived) == []


def test_archiving_and_answers_need_no_routes(lived: Lived, opened: Conversation) -> None:
    lived.house.settings.routes_file.unlink()
    lived.house.chatting.record_answer(ADMIN, opened.chat.chat_id, "p0003", "needs_help", "a")
    assert lived.house.chatting.archive(ADMIN, opened.chat.chat_id, 0).is_new
    assert count_answers(lived.ledger, opened.chat.chat_id)["needs_help"] == 2
