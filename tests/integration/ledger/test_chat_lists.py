"""Conversations as administrators see them, on both back ends."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from rollcall.domain.audience import Position
from rollcall.domain.chats import Answer
from rollcall.domain.message import FollowUp, MessageRequest
from rollcall.errors import InputError, RequestError, SelectionError
from rollcall.ledger.chat_lists import (
    count_answers,
    count_needs,
    list_chat_messages,
    list_chats,
    read_posts,
)
from rollcall.ledger.chat_members import iterate_members, read_answers, read_standing_answers
from rollcall.ledger.chat_tables import ChatMember
from rollcall.ledger.chats import archive_chat, load_chat
from rollcall.ledger.engine import Ledger
from rollcall.ledger.entries import NewAnswer, NewPost, record_entries
from rollcall.ledger.follow_ups import select_followed
from rollcall.ledger.messages import accept_message
from rollcall.ledger.tables import Delivery
from rollcall.sending.telephone import record_told_answer
from tests.integration.conversations import KEY, Conversation, open_conversation
from tests.integration.ledger.records import (
    NOW,
    a_message,
    an_audience,
    contents_of,
    deliveries_to,
    freeze_audience,
    record_deliveries,
)

SAID: tuple[Answer, ...] = ("ok", "needs_help", "none")


def say(ledger: Ledger, opened: Conversation, person: str, said: Any, via: Any = "page") -> None:
    key = f"{person}{said}{via}"
    record_entries(ledger, [NewAnswer(opened.chat.chat_id, person, said, via, key)], NOW)


def settle(ledger: Ledger, message_id: str, **statuses: str) -> None:
    """Say what became of deliveries: `p0001_sms="accepted"`."""
    with ledger.write() as connection:
        for name, status in statuses.items():
            person_id, channel = name.split("_")
            connection.execute(
                update(Delivery)
                .where(
                    Delivery.message_id == message_id,
                    Delivery.person_id == person_id,
                    Delivery.channel == channel,
                )
                .values(status=status)
            )


def test_ongoing_and_archived_chats_are_listed_apart_newest_first(ledger: Ledger) -> None:
    first = open_conversation(ledger, key="a")
    second = open_conversation(ledger, key="b", now=NOW + timedelta(minutes=1))
    one_way = open_conversation(ledger, key="c", now=NOW + timedelta(minutes=2), one_way=True)
    say(ledger, first, "p0000", "ok")
    archive_chat(ledger, second.chat.chat_id, NOW + timedelta(hours=1))

    ongoing, archived = list_chats(ledger), list_chats(ledger, archived=True)

    assert [one.chat.chat_id for one in ongoing] == [one_way.chat.chat_id, first.chat.chat_id]
    assert ongoing[1].answers == {"none": 2, "ok": 1, "needs_help": 0}
    assert ongoing[1].member_count == 3
    assert [one.chat.chat_id for one in archived] == [second.chat.chat_id]
    assert len(list_chats(ledger, limit=1)) == 1


def test_members_are_counted_and_sorted_by_what_they_need(ledger: Ledger) -> None:
    opened = open_conversation(ledger, 6, channels=("email", "sms"))
    settle(
        ledger, opened.chat.message_id,
        p0001_sms="accepted", p0002_email="unconfirmed", p0003_email="delivered",
    )  # fmt: skip
    say(ledger, opened, "p0005", "needs_help", "sms")
    say(ledger, opened, "p0003", "ok")
    say(ledger, opened, "p0004", "ok", "administrator")
    say(ledger, opened, "p0004", "none", "administrator")

    assert count_needs(ledger, opened.chat) == {
        "needs_help": 1,
        "not_reached": 3,
        "silent": 1,
        "ok": 1,
    }
    listed = list(iterate_members(ledger, opened.chat))
    assert [(one.person_id, one.need) for one in listed] == [
        ("p0005", "needs_help"),
        ("p0000", "not_reached"),
        ("p0002", "not_reached"),
        ("p0004", "not_reached"),
        ("p0001", "silent"),
        ("p0003", "ok"),
    ]
    assert listed[0].is_weak_proof
    assert not listed[-1].is_weak_proof
    assert listed[-1].answered_at == NOW
    assert listed[4].deliveries == {"email": "waiting", "sms": "accepted"}
    assert (listed[0].name, listed[0].distance_km) == ("Person 5", None)


def test_a_page_of_members_is_part_of_the_whole_order(ledger: Ledger) -> None:
    opened = open_conversation(ledger, 5)
    say(ledger, opened, "p0003", "needs_help")
    say(ledger, opened, "p0001", "needs_help")

    everybody = [one.person_id for one in iterate_members(ledger, opened.chat)]
    assert everybody == ["p0001", "p0003", "p0000", "p0002", "p0004"]
    page = iterate_members(ledger, opened.chat, limit=2, offset=1)
    assert [one.person_id for one in page] == everybody[1:3]
    helped = iterate_members(ledger, opened.chat, "needs_help")
    assert [one.person_id for one in helped] == ["p0001", "p0003"]
    assert list(iterate_members(ledger, opened.chat, "silent")) == []


def test_the_nearest_comes_first_and_who_cannot_be_placed_last(ledger: Ledger) -> None:
    places = {
        "p0000": Position("none", None, None, None, None),
        "p0001": Position("report", "JP", 35.68, 139.77, NOW),
        "p0002": Position("report", "CH", 47.37, 8.54, NOW),
        "p0003": Position("workplace", "CH", None, 7.59, None),
    }
    chat = {"near": {"latitude": 47.56, "longitude": 7.59}}
    opened = open_conversation(ledger, 4, chat=chat, places=places)
    say(ledger, opened, "p0001", "needs_help")

    listed = list(iterate_members(ledger, opened.chat))

    assert [one.person_id for one in listed] == ["p0001", "p0002", "p0000", "p0003"]
    assert listed[1].distance_km is not None
    assert round(listed[1].distance_km) == 75
    assert (listed[1].country, listed[2].country, listed[2].distance_km) == ("CH", None, None)


def test_who_was_reached_by_another_message_of_the_chat_is_reached(ledger: Ledger) -> None:
    opened = open_conversation(ledger, 2, channels=("email", "sms"))
    retry = a_message("retry", kind="chat_notice", chat_id=opened.chat.chat_id)
    message, _ = accept_message(ledger, retry, NOW)
    freeze_audience(ledger, message.message_id, an_audience(2))
    told = deliveries_to(an_audience(2), "email", "sms")
    record_deliveries(ledger, message.message_id, contents_of("email", "sms"), told, NOW)
    settle(ledger, message.message_id, p0001_sms="at_carrier")

    assert [one.need for one in iterate_members(ledger, opened.chat)] == ["not_reached", "silent"]
    assert count_needs(ledger, opened.chat)["not_reached"] == 1
    ids = [one.message_id for one in list_chat_messages(ledger, opened.chat.chat_id)]
    assert sorted(ids) == sorted([opened.chat.message_id, message.message_id])


def test_every_answer_is_kept_in_its_order_and_the_latest_stands(ledger: Ledger) -> None:
    opened = open_conversation(ledger, 2)
    chat_id = opened.chat.chat_id
    for minute, said in enumerate(SAID):
        told = NewAnswer(chat_id, "p0000", said, "sms", str(minute))
        record_entries(ledger, [told], NOW + timedelta(minutes=minute))
    say(ledger, opened, "p0001", "ok", "email")

    history = [one for one in read_answers(ledger, chat_id) if one.person_id == "p0000"]
    assert [one.answer for one in history] == ["ok", "needs_help", "none"]
    assert all(one.is_weak_proof for one in history)
    standing = read_standing_answers(ledger, chat_id)
    assert [(one.person_id, one.answer) for one in standing.values()] == [("p0001", "ok")]
    assert count_answers(ledger, chat_id) == {"none": 1, "ok": 1, "needs_help": 0}


def test_posts_are_read_with_who_wrote_them(ledger: Ledger) -> None:
    opened = open_conversation(ledger)
    later = NOW + timedelta(minutes=1)
    mine = NewPost(opened.chat.chat_id, None, "Stay.", "administrator", "1", {"de": "Bleiben."})
    theirs = NewPost(opened.chat.chat_id, "p0001", "On the roof.", "page", "2")
    record_entries(ledger, [mine], later)
    record_entries(ledger, [theirs], later + timedelta(minutes=1))

    first, second, third = read_posts(ledger, opened.chat)

    assert (first.text, first.name, first.translations) == (
        "Are you safe?",
        None,
        {"de": "Sind Sie in Sicherheit?"},
    )
    assert (second.text, second.translations) == ("Stay.", {"de": "Bleiben."})
    assert (third.person_id, third.name, third.via) == ("p0001", "Person 1", "page")


def test_nothing_is_sent_into_an_archived_chat(ledger: Ledger) -> None:
    opened = open_conversation(ledger)
    archive_chat(ledger, opened.chat.chat_id, NOW)
    notice = a_message("notice", kind="chat_notice", chat_id=opened.chat.chat_id)
    with pytest.raises(InputError, match="was archived at 2026-11-23T06:00:00Z"):
        accept_message(ledger, notice, NOW)
    with pytest.raises(InputError, match="there is no chat 'c1'"):
        accept_message(ledger, replace(notice, chat_id="c1"), NOW)


def test_who_joins_an_archived_chat_gets_no_link(ledger: Ledger) -> None:
    new = open_late(ledger)
    archive_chat(ledger, new.chat_id, NOW)
    assert record_deliveries(ledger, new.message_id, [], [], NOW, key=KEY)
    with ledger.read() as connection:
        query = select(ChatMember.token_digest, ChatMember.reply_digest, ChatMember.next_chase_at)
        rows = connection.execute(query.where(ChatMember.chat_id == new.chat_id)).all()
    assert [tuple(row) for row in rows] == [(None, None, None)] * 2


def open_late(ledger: Ledger) -> Any:
    """Open a chat whose audience is frozen and has not joined it yet."""
    told = {
        "content": {"subject": "Late", "text": "Are you safe?"},
        "selection": {"everyone": True},
        "options": {"ok_request": True},
        "chat": {"ladder": [{"after_min": 5}]},
    }
    request = MessageRequest.model_validate(told)
    new = a_message("late", request=told, kind=request.kind, opens=request)
    message, _ = accept_message(ledger, new, NOW)
    freeze_audience(ledger, message.message_id, an_audience(2))
    return load_chat(ledger, message.chat_id or "")


@pytest.mark.parametrize("who", ["not_ok", "not_answered", "members"])
def test_a_chat_without_members_yet_is_not_one_where_all_are_ok(ledger: Ledger, who: Any) -> None:
    chat = open_late(ledger)
    with pytest.raises(SelectionError, match="still being opened and has not all"):
        select_followed(ledger, FollowUp(message_id=chat.message_id, who=who))


def test_a_message_that_asked_nobody_has_nobody_who_is_not_ok(ledger: Ledger) -> None:
    message, _ = accept_message(ledger, a_message("plain"), NOW)
    freeze_audience(ledger, message.message_id, an_audience(1))
    with pytest.raises(SelectionError, match="asked nobody whether they are OK"):
        select_followed(ledger, FollowUp(message_id=message.message_id, who="not_ok"))


def test_an_answer_told_on_the_telephone_counts_once_under_its_key(ledger: Ledger) -> None:
    opened = open_conversation(ledger)
    chat_id = opened.chat.chat_id
    for outcome in ("recorded", "known"):
        told = record_told_answer(ledger, chat_id, "p0000", "needs_help", "call-1", NOW)
        assert told == outcome
    with pytest.raises(RequestError, match="already stands for another answer"):
        record_told_answer(ledger, chat_id, "p0000", "ok", "call-1", NOW)
    with pytest.raises(InputError, match="has no member 'p9'"):
        record_told_answer(ledger, chat_id, "p9", "ok", "call-2", NOW)
    archive_chat(ledger, chat_id, NOW)
    with pytest.raises(InputError, match="was archived"):
        record_told_answer(ledger, chat_id, "p0000", "ok", "call-3", NOW)
    assert count_answers(ledger, chat_id) == {"none": 2, "ok": 0, "needs_help": 1}
