"""Answers and posts in the ledger: each counts once, the latest stands, an archive ends them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from rollcall.domain.chats import Answer
from rollcall.domain.message import FollowUp
from rollcall.errors import SelectionError
from rollcall.ledger.chat_tables import Chat, ChatAnswer, ChatMember, ChatPost
from rollcall.ledger.chats import archive_chat
from rollcall.ledger.engine import Ledger
from rollcall.ledger.entries import Entry, NewAnswer, NewPost, record_entries
from rollcall.ledger.follow_ups import select_followed
from rollcall.ledger.messages import accept_message, is_stopped, load_message
from rollcall.ledger.tables import Delivery
from tests.integration.conversations import KEY, Conversation, open_conversation
from tests.integration.ledger.records import (
    NOW,
    a_message,
    an_audience,
    at_once,
    contents_of,
    deliveries_to,
    freeze_audience,
    record_deliveries,
)


def answer(opened: Conversation, person: str, said: Answer, key: str) -> NewAnswer:
    return NewAnswer(opened.chat.chat_id, person, said, "page", key)


def post(opened: Conversation, person: str | None, key: str) -> Entry:
    return NewPost(opened.chat.chat_id, person, "We are on the roof.", "page", key)


def member(ledger: Ledger, opened: Conversation, person: str) -> Any:
    query = select(ChatMember.__table__).where(
        ChatMember.chat_id == opened.chat.chat_id, ChatMember.person_id == person
    )
    with ledger.read() as connection:
        return connection.execute(query).one()


def count(ledger: Ledger, table: Any) -> int:
    with ledger.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def chat_version(ledger: Ledger) -> int:
    with ledger.read() as connection:
        return int(connection.execute(select(Chat.version)).scalar_one())


def test_the_latest_answer_stands_and_the_history_is_kept(ledger: Ledger) -> None:
    opened = open_conversation(ledger)

    record_entries(ledger, [answer(opened, "p0000", "ok", "1")], NOW)
    record_entries(ledger, [answer(opened, "p0000", "needs_help", "2")], NOW + timedelta(minutes=1))

    stands = member(ledger, opened, "p0000")
    assert (stands.answer, stands.answered_via) == ("needs_help", "page")
    assert stands.answered_at == NOW + timedelta(minutes=1)
    assert count(ledger, ChatAnswer) == 2
    assert member(ledger, opened, "p0001").answer == "none"


def test_a_repeat_of_an_older_answer_does_not_undo_a_newer_one(ledger: Ledger) -> None:
    opened = open_conversation(ledger)
    first, second = (
        answer(opened, "p0000", "ok", "1"),
        answer(opened, "p0000", "needs_help", "2"),
    )

    assert record_entries(ledger, [first, second], NOW) == ["recorded", "recorded"]
    assert record_entries(ledger, [first], NOW + timedelta(hours=1)) == ["known"]

    assert member(ledger, opened, "p0000").answer == "needs_help"


def test_an_ok_that_was_kept_without_a_line_does_not_undo_a_later_call_for_help(
    ledger: Ledger,
) -> None:
    opened = open_conversation(ledger)
    record_entries(ledger, [answer(opened, "p0000", "needs_help", "sms")], NOW)

    kept = replace(answer(opened, "p0000", "ok", "kept"), said_at=NOW - timedelta(minutes=20))
    assert record_entries(ledger, [kept], NOW + timedelta(hours=1)) == ["recorded"]
    assert member(ledger, opened, "p0000").answer == "needs_help"
    assert count(ledger, ChatAnswer) == 2

    later = replace(answer(opened, "p0000", "ok", "later"), said_at=NOW + timedelta(minutes=20))
    record_entries(ledger, [later], NOW + timedelta(hours=2))
    assert member(ledger, opened, "p0000").answer == "ok"


def test_nobody_answers_from_the_future(ledger: Ledger) -> None:
    opened = open_conversation(ledger)

    ahead = replace(answer(opened, "p0000", "ok", "ahead"), said_at=NOW + timedelta(days=1))
    record_entries(ledger, [ahead], NOW)
    record_entries(
        ledger, [answer(opened, "p0000", "needs_help", "now")], NOW + timedelta(minutes=1)
    )

    assert member(ledger, opened, "p0000").answer == "needs_help"


def test_one_answer_that_comes_many_times_at_once_counts_once(ledger: Ledger) -> None:
    opened = open_conversation(ledger)
    same = [answer(opened, "p0000", "ok", "nonce")]

    outcomes = at_once(4, lambda _: record_entries(ledger, same, NOW))

    assert sorted(outcomes) == [["known"], ["known"], ["known"], ["recorded"]]
    assert count(ledger, ChatAnswer) == 1


def test_who_is_no_member_cannot_answer(ledger: Ledger) -> None:
    opened = open_conversation(ledger, 1)
    strangers: list[Entry] = [answer(opened, "p0009", "ok", "1"), post(opened, "p0009", "2")]

    assert record_entries(ledger, strangers, NOW) == ["closed", "closed"]
    assert count(ledger, ChatPost) == 1  # the first post of the chat


def test_an_archived_chat_takes_nothing_from_anybody(ledger: Ledger) -> None:
    opened = open_conversation(ledger)
    entries: list[Entry] = [
        answer(opened, "p0000", "ok", "1"),
        post(opened, "p0000", "2"),
        post(opened, None, "3"),
    ]

    assert archive_chat(ledger, opened.chat.chat_id, NOW)
    assert not archive_chat(ledger, opened.chat.chat_id, NOW + timedelta(days=1))

    assert record_entries(ledger, entries, NOW) == ["closed"] * 3
    gone = member(ledger, opened, "p0000")
    assert (gone.token_digest, gone.reply_digest, gone.next_chase_at) == (None, None, None)


def test_an_archive_lets_nothing_be_begun_that_holds_a_dead_link(ledger: Ledger) -> None:
    opened = open_conversation(ledger)

    archive_chat(ledger, opened.chat.chat_id, NOW)

    assert is_stopped(ledger, opened.chat.message_id)
    assert load_message(ledger, opened.chat.message_id).state == "stopped"


def test_answers_replies_and_an_archive_at_once_end_all_of_them(ledger: Ledger) -> None:
    opened = open_conversation(ledger, 8, chat={"members_see_replies": True})
    people = [f"p{number:04}" for number in range(8)]

    def act(number: int) -> object:
        if number == 7:
            return archive_chat(ledger, opened.chat.chat_id, NOW)
        ordered = people if number % 2 else people[::-1]
        said = [answer(opened, one, "ok", f"{number}") for one in ordered]
        wrote = [post(opened, one, f"{number}") for one in ordered]
        return [record_entries(ledger, [*said, *wrote], NOW), record_entries(ledger, wrote, NOW)]

    outcomes = at_once(8, act)

    assert outcomes[7] is True
    recorded = str(outcomes).count("'recorded'")
    assert count(ledger, ChatAnswer) + count(ledger, ChatPost) == recorded + 1


def test_nobody_writes_on_the_page_of_a_one_way_message(ledger: Ledger) -> None:
    opened = open_conversation(ledger, one_way=True)

    entries: list[Entry] = [post(opened, "p0000", "1"), answer(opened, "p0000", "ok", "2")]
    assert record_entries(ledger, entries, NOW) == ["closed", "recorded"]


@pytest.mark.parametrize("seen", [False, True])
def test_replies_change_what_everybody_sees_only_where_everybody_sees_them(
    ledger: Ledger, *, seen: bool
) -> None:
    opened = open_conversation(ledger, chat={"members_see_replies": seen})

    record_entries(ledger, [post(opened, "p0000", "1")], NOW)
    assert chat_version(ledger) == (2 if seen else 1)
    assert member(ledger, opened, "p0000").version == 2

    record_entries(ledger, [post(opened, None, "2")], NOW)
    assert chat_version(ledger) == (3 if seen else 2)


def test_members_are_enrolled_once(ledger: Ledger) -> None:
    opened = open_conversation(ledger)
    record_entries(ledger, [answer(opened, "p0000", "ok", "1")], NOW)

    assert not record_deliveries(ledger, opened.chat.message_id, [], [], NOW, key=KEY)
    assert member(ledger, opened, "p0000").answer == "ok"


def test_a_new_chat_goes_to_exactly_those_who_have_not_answered_ok(ledger: Ledger) -> None:
    opened = open_conversation(ledger, 4)
    told = [
        answer(opened, "p0000", "ok", "1"),
        answer(opened, "p0001", "needs_help", "2"),
        answer(opened, "p0002", "ok", "3"),
        answer(opened, "p0002", "none", "4"),
    ]
    record_entries(ledger, told, NOW)

    def followed(who: Any) -> list[str]:
        follow_up = FollowUp(message_id=opened.chat.message_id, who=who)
        return [one.person_id for one in select_followed(ledger, follow_up).recipients]

    assert followed("not_ok") == ["p0001", "p0002", "p0003"]
    assert followed("not_answered") == ["p0002", "p0003"]
    assert len(followed("members")) == 4


def test_when_all_are_ok_there_is_nobody_to_follow_up(ledger: Ledger) -> None:
    opened = open_conversation(ledger, 1)
    record_entries(ledger, [answer(opened, "p0000", "ok", "1")], NOW)

    with pytest.raises(SelectionError, match="everybody has answered OK"):
        select_followed(ledger, FollowUp(message_id=opened.chat.message_id, who="not_ok"))


def test_a_group_counts_each_entry_once_and_the_last_answer_of_each_member_stands(
    ledger: Ledger,
) -> None:
    opened, other = open_conversation(ledger), open_conversation(ledger, key="other")
    group = [
        answer(opened, "p0000", "ok", "1"),
        answer(opened, "p0001", "ok", "1"),
        answer(opened, "p0000", "needs_help", "2"),
        answer(opened, "p0000", "ok", "1"),
        post(opened, "p0000", "1"),
        post(opened, "p0000", "1"),
        answer(other, "p0000", "ok", "1"),
        answer(opened, "p0009", "ok", "1"),
        post(opened, None, "3"),
    ]
    outcomes = ["recorded"] * 3 + ["known", "recorded", "known", "recorded", "closed", "recorded"]
    assert record_entries(ledger, group, NOW) == outcomes
    again = ["known" if one == "recorded" else one for one in outcomes]
    assert record_entries(ledger, group, NOW + timedelta(hours=1)) == again

    stands = member(ledger, opened, "p0000")
    assert (stands.answer, stands.answered_at, stands.version) == ("needs_help", NOW, 4)
    assert member(ledger, opened, "p0001").answer == "ok"
    assert member(ledger, other, "p0000").answer == "ok"
    assert (count(ledger, ChatAnswer), count(ledger, ChatPost)) == (4, 4)


def test_an_answer_ends_reminders_and_one_taken_back_does_not(ledger: Ledger) -> None:
    ladder = [{"after_min": 10}]
    opened = open_conversation(ledger, chat={"ladder": ladder})
    due_at = member(ledger, opened, "p0000").next_chase_at
    assert due_at is not None
    told = [answer(opened, "p0000", "needs_help", "1"), answer(opened, "p0001", "none", "1")]
    record_entries(ledger, told, NOW)
    assert member(ledger, opened, "p0000").next_chase_at is None
    assert member(ledger, opened, "p0001").next_chase_at == due_at
    assert member(ledger, opened, "p0002").next_chase_at == due_at


def test_a_reminder_that_waits_for_who_has_answered_is_not_sent(ledger: Ledger) -> None:
    opened = open_conversation(ledger)
    new = a_message("reminder", kind="chat_reminder", chat_id=opened.chat.chat_id)
    reminder, _ = accept_message(ledger, new, NOW)
    audience = an_audience(3)
    freeze_audience(ledger, reminder.message_id, audience)
    waiting = deliveries_to(audience, "sms")
    record_deliveries(ledger, reminder.message_id, contents_of("sms"), waiting, NOW)
    told = [answer(opened, "p0000", "ok", "1"), answer(opened, "p0001", "none", "1")]
    record_entries(ledger, told, NOW)
    with ledger.read() as connection:
        query = select(Delivery.person_id, Delivery.status).order_by(Delivery.person_id)
        rows = [tuple(row) for row in connection.execute(query)]
    assert rows == [("p0000", "stopped"), ("p0001", "waiting"), ("p0002", "waiting")]
