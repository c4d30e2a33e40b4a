"""Whose a text is, in which conversation it counts, and that nobody is shown as safe by mistake."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from rollcall.domain.message import MessageRequest
from rollcall.domain.personal_links import derive_token, digest_token
from rollcall.domain.sayings import derive_text_id, make_saying
from rollcall.ledger.chat_tables import ChatAnswer, ChatMember, ChatPost, TakenText
from rollcall.ledger.chats import archive_chat
from rollcall.ledger.counted_notices import list_waiting_notices
from rollcall.ledger.engine import Ledger
from rollcall.ledger.entries import NewAnswer, record_entries
from rollcall.ledger.follow_ups import select_followed
from rollcall.ledger.messages import load_message
from rollcall.ledger.sayings import MOST_SHARING, SayingFate, record_sayings
from tests.integration.conversations import KEY, Conversation, open_conversation
from tests.integration.ledger.records import NOW
from tests.people import phone_of

LATER = NOW + timedelta(hours=1)


def say(
    ledger: Ledger,
    text: str,
    number: int = 0,
    *,
    key: str | None = None,
    said_at: Any = LATER,
    now: Any = None,
) -> SayingFate:
    text_id = derive_text_id("sms", "alpha", key or text)
    saying = make_saying(text_id, "sms", phone_of(number), text, said_at)
    return record_sayings(ledger, [saying], now or said_at)[0]


def mail(ledger: Ledger, text: str, chat: Conversation, person_id: str = "p0000") -> SayingFate:
    token = derive_token(KEY, chat.chat.chat_id, person_id, "reply")
    text_id = derive_text_id("email", text)
    saying = make_saying(text_id, "email", digest_token(token), text, LATER)
    return record_sayings(ledger, [saying], LATER)[0]


def answer_on_page(ledger: Ledger, chat: Conversation, answer: Any, at: Any = LATER) -> None:
    new = NewAnswer(chat.chat.chat_id, "p0000", answer, "page", f"{answer}-{at}")
    record_entries(ledger, [new], at)


def answers(ledger: Ledger, chat: Conversation) -> dict[str, tuple[str, str | None]]:
    """Return what everybody who has answered stands at, and how they answered."""
    query = select(ChatMember).where(
        ChatMember.chat_id == chat.chat.chat_id, ChatMember.answer != "none"
    )
    with ledger.read() as connection:
        rows = connection.execute(query)
        return {row.person_id: (row.answer, row.answered_via) for row in rows}


def replies(ledger: Ledger, chat: Conversation) -> list[tuple[str, str]]:
    query = (
        select(ChatPost.person_id, ChatPost.text)
        .where(ChatPost.chat_id == chat.chat.chat_id, ChatPost.person_id.is_not(None))
        .order_by(ChatPost.person_id, ChatPost.text)
    )
    with ledger.read() as connection:
        return [(row.person_id, row.text) for row in connection.execute(query)]


def share_number(ledger: Ledger, *people: str) -> None:
    """Give people the number of `p0000`."""
    shared = update(ChatMember).where(ChatMember.person_id.in_(people))
    with ledger.write() as connection:
        connection.execute(shared.values(phone=phone_of(0)))


def test_number_decides_whose_answer_it_is(ledger: Ledger) -> None:
    chat = open_conversation(ledger)
    assert say(ledger, "Yes, I am safe!", 1) == "recorded"
    assert answers(ledger, chat) == {"p0001": ("ok", "sms")}
    assert replies(ledger, chat) == []


def test_call_for_help_is_counted_and_its_words_are_kept(ledger: Ledger) -> None:
    chat = open_conversation(ledger)
    say(ledger, "I'm ok but John needs help, room 12")
    assert answers(ledger, chat) == {"p0000": ("needs_help", "sms")}
    assert replies(ledger, chat) == [("p0000", "I'm ok but John needs help, room 12")]


@pytest.mark.parametrize("text", ["not sure yet", "OK?", "ok I will call you later", "👍"])
def test_anything_else_is_a_reply_and_no_answer(ledger: Ledger, text: str) -> None:
    chat = open_conversation(ledger)
    assert say(ledger, text) == "recorded"
    assert (answers(ledger, chat), replies(ledger, chat)) == ({}, [("p0000", text)])


def test_text_of_nobody_is_not_stored(ledger: Ledger) -> None:
    chat = open_conversation(ledger)
    assert say(ledger, "help", 99) == "nobody"
    assert (answers(ledger, chat), replies(ledger, chat)) == ({}, [])


def test_text_of_nobody_is_known_when_it_comes_again(ledger: Ledger) -> None:
    """Else it would answer what was opened since."""
    assert say(ledger, "ok") == "nobody"
    chat = open_conversation(ledger)
    assert say(ledger, "ok") == "known"
    assert answers(ledger, chat) == {}


def test_mail_of_nobody_stays_one_of_nobody(ledger: Ledger) -> None:
    """It stays in its mailbox, from where one that is known would be cleared."""
    chat = open_conversation(ledger)
    archive_chat(ledger, chat.chat.chat_id, LATER)
    assert [mail(ledger, "ok", chat) for _ in range(2)] == ["nobody", "nobody"]
    with ledger.read() as connection:
        assert connection.execute(select(TakenText)).all() == []


def test_text_that_is_handed_over_again_counts_once_wherever_an_answer_is_awaited(
    ledger: Ledger,
) -> None:
    older = open_conversation(ledger, key="older")
    newer = open_conversation(ledger, key="newer", now=NOW + timedelta(minutes=1))
    assert [say(ledger, "ok", key="t1") for _ in range(3)] == ["recorded", "known", "known"]
    archive_chat(ledger, newer.chat.chat_id, LATER)
    assert say(ledger, "ok", key="t1") == "known"
    assert answers(ledger, older) == {}
    assert set(answers(ledger, newer)) == {"p0000"}


def test_newest_that_awaits_an_answer_is_credited_then_the_one_before(ledger: Ledger) -> None:
    older = open_conversation(ledger, key="older")
    newer = open_conversation(ledger, key="newer", now=NOW + timedelta(minutes=1))
    say(ledger, "ok", key="t1")
    assert (set(answers(ledger, older)), set(answers(ledger, newer))) == (set(), {"p0000"})
    say(ledger, "ok", key="t2")
    assert set(answers(ledger, older)) == {"p0000"}
    say(ledger, "ok, all fine: bye", key="t3")
    assert (replies(ledger, older), replies(ledger, newer)) == (
        [],
        [("p0000", "ok, all fine: bye")],
    )


def test_chat_that_asks_nothing_takes_words_and_calls_for_help_but_no_ok(ledger: Ledger) -> None:
    chat = open_conversation(ledger, ok_request=False)
    say(ledger, "ok")
    assert (answers(ledger, chat), replies(ledger, chat)) == ({}, [("p0000", "ok")])
    say(ledger, "help")
    assert answers(ledger, chat) == {"p0000": ("needs_help", "sms")}


def test_one_way_message_takes_answers_and_keeps_what_is_said_with_a_call_for_help(
    ledger: Ledger,
) -> None:
    chat = open_conversation(ledger, one_way=True)
    say(ledger, "help, room 12")
    assert answers(ledger, chat) == {"p0000": ("needs_help", "sms")}
    assert replies(ledger, chat) == [("p0000", "help, room 12")]


def test_ok_never_takes_back_a_call_for_help(ledger: Ledger) -> None:
    """ "ok" may mean: I have read that somebody comes."""
    older = open_conversation(ledger, key="older")
    newer = open_conversation(ledger, key="newer", now=NOW + timedelta(minutes=1))
    say(ledger, "help")
    say(ledger, "ok", now=LATER + timedelta(minutes=5), said_at=LATER + timedelta(minutes=5))
    assert answers(ledger, newer) == {"p0000": ("needs_help", "sms")}
    assert replies(ledger, newer) == [("p0000", "ok")]
    # where it is awaited, it is no OK either, but is seen
    assert (answers(ledger, older), replies(ledger, older)) == ({}, [("p0000", "ok")])


def test_ok_answers_a_chat_that_was_opened_after_the_call_for_help(ledger: Ledger) -> None:
    """A round of a check-in is never archived: a call in it must not swallow every later OK."""
    check_in = open_conversation(ledger, key="check-in", one_way=True)
    say(ledger, "help")
    opened_at = NOW + timedelta(days=20)
    chat = open_conversation(ledger, key="chat", now=opened_at)
    say(ledger, "I'm OK", said_at=opened_at + timedelta(minutes=5))
    assert answers(ledger, chat) == {"p0000": ("ok", "sms")}
    assert answers(ledger, check_in) == {"p0000": ("needs_help", "sms")}
    assert replies(ledger, check_in) == []
    # and again: it answers the same, and is no reply in the old one
    say(ledger, "ok", key="again", said_at=opened_at + timedelta(minutes=9))
    assert (answers(ledger, chat), replies(ledger, check_in)) == ({"p0000": ("ok", "sms")}, [])


def test_ok_answers_no_chat_that_was_open_when_help_was_called_for_and_is_seen_in_it(
    ledger: Ledger,
) -> None:
    older = open_conversation(ledger, key="older")
    newer = open_conversation(ledger, key="newer", now=NOW + timedelta(minutes=1))
    answer_on_page(ledger, older, "needs_help")
    say(ledger, "ok", said_at=LATER + timedelta(minutes=5))
    assert answers(ledger, older) == {"p0000": ("needs_help", "page")}
    assert answers(ledger, newer) == {}
    for chat in (older, newer):
        assert replies(ledger, chat) == [("p0000", "ok")]


def test_conversation_whose_links_have_expired_is_meant_only_where_there_is_no_other(
    ledger: Ledger,
) -> None:
    expired = open_conversation(ledger, key="expired", chat={"link_days": 1})
    goes_on = open_conversation(ledger, key="goes-on", chat={"link_days": 9})
    answer_on_page(ledger, goes_on, "ok")
    at = NOW + timedelta(days=2)
    say(ledger, "ok", key="t1", said_at=at)
    assert (answers(ledger, expired), replies(ledger, expired)) == ({}, [])
    archive_chat(ledger, goes_on.chat.chat_id, at)
    say(ledger, "ok", key="t2", said_at=at + timedelta(minutes=1))
    assert answers(ledger, expired) == {"p0000": ("ok", "sms")}


def test_call_for_help_leaves_nobody_shown_as_safe_elsewhere(ledger: Ledger) -> None:
    older = open_conversation(ledger, key="older")
    newer = open_conversation(ledger, key="newer", now=NOW + timedelta(minutes=1))
    answer_on_page(ledger, newer, "ok")
    say(ledger, "help", said_at=LATER + timedelta(minutes=1))
    for chat in (older, newer):
        assert answers(ledger, chat) == {"p0000": ("needs_help", "sms")}


@pytest.mark.parametrize(("late", "since"), [("help", "ok"), ("ok", "needs_help")])
def test_text_that_comes_late_undoes_nothing_that_was_answered_since(
    ledger: Ledger, late: str, since: str
) -> None:
    chat = open_conversation(ledger)
    answer_on_page(ledger, chat, since)
    assert say(ledger, late, said_at=LATER - timedelta(minutes=30), now=LATER) == "recorded"
    assert answers(ledger, chat) == {"p0000": (since, "page")}
    assert replies(ledger, chat) == [("p0000", late)]


def test_text_of_before_a_conversation_is_no_answer_in_it(ledger: Ledger) -> None:
    chat = open_conversation(ledger)
    assert say(ledger, "ok", said_at=NOW - timedelta(minutes=1), now=LATER) == "recorded"
    assert (answers(ledger, chat), replies(ledger, chat)) == ({}, [("p0000", "ok")])


def test_call_for_help_of_just_before_the_first_conversation_is_not_lost(ledger: Ledger) -> None:
    chat = open_conversation(ledger)
    say(ledger, "help, room 12", said_at=NOW - timedelta(minutes=1), now=LATER)
    assert answers(ledger, chat) == {"p0000": ("needs_help", "sms")}


def test_call_for_help_is_not_undone_by_a_clock_that_is_a_little_slow(ledger: Ledger) -> None:
    chat = open_conversation(ledger)
    answer_on_page(ledger, chat, "ok")
    say(ledger, "help", said_at=LATER - timedelta(seconds=30), now=LATER + timedelta(seconds=10))
    assert answers(ledger, chat) == {"p0000": ("needs_help", "sms")}


def test_answer_stands_as_of_when_it_was_said(ledger: Ledger) -> None:
    chat = open_conversation(ledger)
    say(ledger, "help", said_at=LATER, now=LATER + timedelta(minutes=30))
    answer_on_page(ledger, chat, "ok", at=LATER + timedelta(minutes=10))
    assert answers(ledger, chat) == {"p0000": ("ok", "page")}


def test_late_text_of_nobody_answered_yet_counts(ledger: Ledger) -> None:
    chat = open_conversation(ledger)
    say(ledger, "ok", said_at=NOW + timedelta(minutes=1), now=LATER)
    assert answers(ledger, chat) == {"p0000": ("ok", "sms")}


def test_shared_number_makes_nobody_safe_and_loses_no_word(ledger: Ledger) -> None:
    chat = open_conversation(ledger)
    share_number(ledger, "p0001")
    say(ledger, "ok")
    assert answers(ledger, chat) == {}
    assert replies(ledger, chat) == [("p0000", "ok"), ("p0001", "ok")]
    say(ledger, "help")
    assert answers(ledger, chat) == dict.fromkeys(("p0000", "p0001"), ("needs_help", "sms"))


def test_number_shared_over_two_conversations_is_shared(ledger: Ledger) -> None:
    older = open_conversation(ledger, key="older")
    newer = open_conversation(ledger, 1, key="newer", now=NOW + timedelta(minutes=1))
    share_number(ledger, "p0001")
    say(ledger, "ok")
    assert (answers(ledger, older), answers(ledger, newer)) == ({}, {})
    assert replies(ledger, older) == [("p0001", "ok")]
    assert replies(ledger, newer) == [("p0000", "ok")]


def test_number_of_very_many_is_kept_in_the_name_of_some(ledger: Ledger) -> None:
    chat = open_conversation(ledger, MOST_SHARING + 5)
    share_number(ledger, *(f"p{number:04}" for number in range(MOST_SHARING + 5)))
    say(ledger, "ok")
    assert answers(ledger, chat) == {}
    assert len(replies(ledger, chat)) == MOST_SHARING


def test_archived_conversation_takes_no_text_and_has_no_numbers(ledger: Ledger) -> None:
    chat = open_conversation(ledger)
    archive_chat(ledger, chat.chat.chat_id, LATER)
    assert say(ledger, "ok") == "nobody"
    with ledger.read() as connection:
        assert set(connection.execute(select(ChatMember.phone)).scalars()) == {None}


def test_email_counts_for_whom_its_token_says(ledger: Ledger) -> None:
    older = open_conversation(ledger, key="older")
    newer = open_conversation(ledger, key="newer", now=NOW + timedelta(minutes=1))
    assert mail(ledger, "ok", older, "p0002") == "recorded"
    assert answers(ledger, older) == {"p0002": ("ok", "email")}
    assert (answers(ledger, newer), list_waiting_notices(ledger)) == ({}, [])


def test_long_text_is_kept_whole(ledger: Ledger) -> None:
    chat = open_conversation(ledger)
    text = " ".join(f"word{number}" for number in range(1_500))
    mail(ledger, text, chat)
    parts = sorted((said for _, said in replies(ledger, chat)), key=text.index)
    assert len(parts) > 1
    assert "".join(parts) == text


def test_what_no_database_stores_is_left_out(ledger: Ledger) -> None:
    chat = open_conversation(ledger)
    say(ledger, "a\x00b\ud800\u202ec\r\nd")
    assert replies(ledger, chat) == [("p0000", "abc\nd")]


def test_person_in_two_conversations_is_told_which_was_meant(ledger: Ledger) -> None:
    open_conversation(ledger, key="older")
    newer = open_conversation(ledger, key="newer", now=NOW + timedelta(minutes=1))
    say(ledger, "ok", key="t1")
    say(ledger, "ok", key="t1")
    [message_id] = list_waiting_notices(ledger)
    message = load_message(ledger, message_id)
    assert (message.kind, message.chat_id) == ("chat_notice", newer.chat.chat_id)
    request = MessageRequest.model_validate(message.request)
    assert request.channels() == ("sms",)
    assert "Flood in Example City" in request.content.text
    assert request.follow_up is not None
    told = select_followed(ledger, request.follow_up)
    assert [one.person_id for one in told.recipients] == ["p0000"]


def test_nobody_is_told_where_there_is_nothing_to_tell_apart(ledger: Ledger) -> None:
    open_conversation(ledger)
    say(ledger, "ok")
    open_conversation(ledger, key="newer", now=NOW + timedelta(minutes=1))
    say(ledger, "who is asking?")
    assert list_waiting_notices(ledger) == []


def test_nobody_is_told_where_no_other_conversation_awaited_an_answer(ledger: Ledger) -> None:
    """Every OK to a daily check-in would order an SMS."""
    for day in range(3):
        opened_at = NOW + timedelta(days=day)
        open_conversation(ledger, key=f"day-{day}", now=opened_at, one_way=True)
        say(ledger, "ok", key=str(day), said_at=opened_at + timedelta(minutes=5))
    assert list_waiting_notices(ledger) == []


def test_every_answer_by_text_is_kept_as_history(ledger: Ledger) -> None:
    open_conversation(ledger)
    for number, text in enumerate(("ok", "help", "ok")):
        say(ledger, text, key=str(number), said_at=LATER + timedelta(minutes=number))
    with ledger.read() as connection:
        query = select(ChatAnswer.answer).order_by(ChatAnswer.answered_at)
        assert list(connection.execute(query).scalars()) == ["ok", "needs_help"]
