"""Who asks for help by an old link is heard in the chats that follow: nobody stands there as OK."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from rollcall.domain.chats import Answer
from rollcall.ledger.chat_tables import ChatAnswer, ChatMember
from rollcall.ledger.chats import archive_chat
from rollcall.ledger.engine import Ledger
from rollcall.ledger.entries import NewAnswer, Recorded, record_entries
from tests.integration.conversations import Conversation, open_conversation
from tests.integration.ledger.records import NOW

LATER = NOW + timedelta(hours=1)


def say(
    ledger: Ledger, opened: Conversation, said: Answer, minute: int, key: str = ""
) -> Sequence[Recorded]:
    told = NewAnswer(opened.chat.chat_id, "p0001", said, "email", key or f"at {minute}")
    return record_entries(ledger, [told], LATER + timedelta(minutes=minute))


def stands(ledger: Ledger, opened: Conversation, person: str = "p0001") -> tuple[str, int | None]:
    """Return what stands as somebody's answer, and the minute of it."""
    query = select(ChatMember.answer, ChatMember.answered_at).where(
        ChatMember.chat_id == opened.chat.chat_id, ChatMember.person_id == person
    )
    with ledger.read() as connection:
        answer, at = connection.execute(query).one()
    return answer, round((at - LATER) / timedelta(minutes=1)) if at else None


def three_chats(ledger: Ledger) -> tuple[Conversation, Conversation, Conversation]:
    """Open a chat of three, one that follows it with two of them, and another after that."""
    first = open_conversation(ledger)
    second = open_conversation(ledger, 2, key="second", follows=first)
    return first, second, open_conversation(ledger, 2, key="third", follows=second)


def test_a_call_for_help_in_an_old_chat_stands_in_those_that_follow(ledger: Ledger) -> None:
    first, second, third = three_chats(ledger)
    apart = open_conversation(ledger, key="apart")
    say(ledger, third, "ok", 1)
    assert say(ledger, first, "needs_help", 2) == ["recorded"]
    assert [stands(ledger, one) for one in (first, second, third)] == [("needs_help", 2)] * 3
    assert stands(ledger, apart) == ("none", None)
    assert stands(ledger, second, "p0000") == ("none", None)
    say(ledger, third, "ok", 3)
    assert [stands(ledger, one)[0] for one in (first, second, third)] == [
        "needs_help",
        "needs_help",
        "ok",
    ]


def test_that_somebody_is_ok_counts_where_they_say_it(ledger: Ledger) -> None:
    first, second, _ = three_chats(ledger)
    say(ledger, first, "ok", 1)
    assert stands(ledger, second) == ("none", None)
    say(ledger, second, "needs_help", 2)
    assert stands(ledger, first) == ("ok", 1)


def test_a_repeat_of_an_old_call_undoes_nothing(ledger: Ledger) -> None:
    first = open_conversation(ledger)
    say(ledger, first, "needs_help", 1, "same")
    second = open_conversation(ledger, key="second", follows=first)
    say(ledger, second, "ok", 2)
    assert say(ledger, first, "needs_help", 3, "same") == ["known"]
    assert stands(ledger, second) == ("ok", 2)


def test_what_was_said_twice_is_heard_once(ledger: Ledger) -> None:
    first, second, third = three_chats(ledger)
    for _ in range(2):
        say(ledger, first, "needs_help", 1)
    with ledger.read() as connection:
        told = connection.execute(select(ChatAnswer.chat_id)).scalars().all()
    assert sorted(told) == sorted(one.chat.chat_id for one in (first, second, third))


def test_who_is_not_in_the_new_chat_and_what_is_archived_take_nothing(ledger: Ledger) -> None:
    first = open_conversation(ledger)
    second = open_conversation(ledger, 1, key="second", follows=first)
    third = open_conversation(ledger, key="third", follows=second)
    assert say(ledger, first, "needs_help", 1) == ["recorded"]
    assert stands(ledger, third) == ("none", None)  # they were OK in the second, or never in it

    fourth = open_conversation(ledger, key="fourth", follows=first)
    fifth = open_conversation(ledger, key="fifth", follows=fourth)
    archive_chat(ledger, fourth.chat.chat_id, LATER)
    say(ledger, first, "needs_help", 2)
    assert stands(ledger, fourth) == ("none", None)
    assert stands(ledger, fifth) == ("needs_help", 2)


def test_help_is_heard_although_the_old_chat_is_archived(ledger: Ledger) -> None:
    first, second, _ = three_chats(ledger)
    archive_chat(ledger, first.chat.chat_id, LATER)
    assert say(ledger, first, "needs_help", 1) == ["closed"]
    assert stands(ledger, second) == ("needs_help", 1)
