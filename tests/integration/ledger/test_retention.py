"""What is old enough loses its personal data, and nothing else does."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from rollcall.domain.message import FollowUp, MessageRequest
from rollcall.domain.removal import REMOVED
from rollcall.errors import InputError, SelectionError
from rollcall.ledger.audiences import read_frozen_audience
from rollcall.ledger.chat_lists import count_answers, read_posts
from rollcall.ledger.chat_members import iterate_members
from rollcall.ledger.chat_tables import Chat
from rollcall.ledger.chats import ChatRecord, archive_chat, load_chat
from rollcall.ledger.engine import Ledger
from rollcall.ledger.entries import NewAnswer, NewPost, record_entries
from rollcall.ledger.follow_ups import select_followed
from rollcall.ledger.holds import hold, list_holds, release
from rollcall.ledger.log import count_outcomes, count_statuses, read_log
from rollcall.ledger.messages import accept_message, load_message, set_state
from rollcall.ledger.retention import (
    CHUNK_PEOPLE,
    DueCount,
    KeptCount,
    MessageAges,
    count_due_messages,
    count_kept_messages,
    remove_messages,
)
from rollcall.ledger.tables import Delivery
from tests.integration.conversations import open_conversation
from tests.integration.ledger.database_dump import dump
from tests.integration.ledger.records import (
    NOW,
    a_message,
    begin,
    claim_one,
    finish,
    finished,
    queue_message,
)

LATER = NOW + timedelta(days=91)
DUE = MessageAges(LATER - timedelta(days=90), LATER - timedelta(days=90))
OF_SOMEBODY = ("Person 0", "p0@example.org", "+12025550100", "139.7", "This is a drill", "Drill")


def send_one(ledger: Ledger, key: str = "drill") -> str:
    """Record a message to one person, try it once, and close it."""
    message_id = queue_message(ledger, 1, key=key)
    claimed = claim_one(ledger, message_id, "run")
    attempt_id = begin(ledger, "run", claimed.delivery_id) or ""
    finish(ledger, "run", attempt_id, "accepted", finished(claimed.delivery_id, "accepted"))
    set_state(ledger, message_id, "sending")
    set_state(ledger, message_id, "sent", closed_at=NOW)
    return message_id


def remove(ledger: Ledger, ages: MessageAges = DUE) -> int:
    return remove_messages(ledger, ages, LATER, pause=lambda _: None)


def test_an_old_message_loses_its_personal_data_and_keeps_its_counts(ledger: Ledger) -> None:
    message_id = send_one(ledger)
    before = (count_statuses(ledger, message_id), count_outcomes(ledger, message_id))
    assert all(one in dump(ledger) for one in OF_SOMEBODY)
    assert count_due_messages(ledger, DUE) == DueCount(1, NOW)

    assert remove(ledger) == 1

    assert [one for one in OF_SOMEBODY if one in dump(ledger)] == []
    assert (count_statuses(ledger, message_id), count_outcomes(ledger, message_id)) == before
    [entry] = read_log(ledger, message_id)
    assert (entry.name, entry.address, entry.status, entry.route_id) == (
        REMOVED, None, "accepted", "alpha",
    )  # fmt: skip
    message = load_message(ledger, message_id)
    assert message.erased_at == message.erasure_ended_at == LATER
    assert MessageRequest.model_validate(message.request).content.subject == REMOVED
    assert count_due_messages(ledger, DUE).count == 0
    assert remove(ledger) == 0


def test_a_message_that_is_young_or_kept_for_ever_stays_whole(ledger: Ledger) -> None:
    send_one(ledger)
    before = dump(ledger)

    assert remove(ledger, MessageAges(NOW, NOW)) == 0
    assert remove(ledger, MessageAges(None, None)) == 0

    assert dump(ledger) == before


def _still_queued(ledger: Ledger) -> None:
    message_id = queue_message(ledger)
    set_state(ledger, message_id, "sending")


def _receipt_awaited(ledger: Ledger) -> None:
    set_state(ledger, queue_message(ledger), "sent", closed_at=NOW)  # its delivery is in the queue


def _follow_up_not_selected_yet(ledger: Ledger) -> None:
    message_id = send_one(ledger)
    accept_message(ledger, a_message("retry", follows_message_id=message_id), LATER)


def open_sent(ledger: Ledger, **options: Any) -> ChatRecord:
    """Open a conversation whose invitation is sent."""
    chat = open_conversation(ledger, **options).chat
    set_state(ledger, chat.message_id, "sending")
    set_state(ledger, chat.message_id, "sent", closed_at=NOW)
    return chat


def _chat_not_archived(ledger: Ledger) -> None:
    open_sent(ledger)


def _archived_lately(ledger: Ledger) -> None:
    archive_chat(ledger, open_sent(ledger).chat_id, NOW + timedelta(days=2))


def _links_expired_lately(ledger: Ledger) -> None:
    open_sent(ledger, one_way=True)


def _held(ledger: Ledger) -> None:
    hold(ledger, send_one(ledger), LATER)


@pytest.mark.parametrize(
    "make",
    [
        _still_queued, _receipt_awaited, _follow_up_not_selected_yet, _chat_not_archived,
        _archived_lately, _links_expired_lately, _held,
    ],
    ids=lambda one: one.__name__.strip("_"),
)  # fmt: skip
def test_what_is_not_over_or_is_held_is_never_touched(
    ledger: Ledger, make: Callable[[Ledger], None]
) -> None:
    make(ledger)
    before = dump(ledger)

    assert count_due_messages(ledger, DUE).count == 0
    assert remove(ledger) == 0

    assert dump(ledger) == before
    kept = count_kept_messages(ledger, DUE)
    assert kept.held + kept.unfinished + kept.in_open_chats == 1


def test_an_archived_chat_loses_what_was_written_and_keeps_who_answered_what(
    ledger: Ledger,
) -> None:
    chat = open_conversation(ledger, chat={"near": {"latitude": 35.0, "longitude": 139.0}}).chat
    [far, *_] = iterate_members(ledger, chat)
    assert far.distance_km is not None
    record_entries(
        ledger,
        [
            NewAnswer(chat.chat_id, "p0000", "needs_help", "page", "a"),
            NewPost(chat.chat_id, "p0000", "in room 12", "page", "b"),
        ],
        NOW,
    )
    archive_chat(ledger, chat.chat_id, NOW)
    before = count_answers(ledger, chat.chat_id)

    assert remove(ledger) == 1

    kept = dump(ledger)
    told = (*OF_SOMEBODY[:4], "room 12", "Are you safe", "Flood", "Hochwasser", "in Sicherheit")
    assert [one for one in told if one in kept] == []
    assert count_answers(ledger, chat.chat_id) == before
    assert before["needs_help"] == 1
    assert {one.text for one in read_posts(ledger, chat)} == {REMOVED}
    assert load_chat(ledger, chat.chat_id).title == REMOVED
    assert {one.distance_km for one in iterate_members(ledger, chat)} == {None}


def test_a_chat_and_its_messages_go_by_its_own_age_whatever_becomes_of_others(
    ledger: Ledger,
) -> None:
    send_one(ledger)
    archive_chat(ledger, open_sent(ledger).chat_id, NOW)
    soon = NOW + timedelta(days=1)

    assert count_due_messages(ledger, MessageAges(soon, None)).count == 1
    assert count_due_messages(ledger, MessageAges(soon, NOW)).count == 1
    for ages in (MessageAges(NOW, soon), MessageAges(None, soon)):
        assert count_due_messages(ledger, ages).count == 1
        assert count_kept_messages(ledger, ages) == KeptCount(0, 0, 0)
    assert remove(ledger, MessageAges(None, soon)) == 1

    kept = dump(ledger)
    assert "Are you safe" not in kept
    assert "This is a drill" in kept


def test_what_is_of_an_open_chat_counts_as_kept_by_the_age_of_chats(ledger: Ledger) -> None:
    open_sent(ledger)
    assert count_kept_messages(ledger, MessageAges(None, LATER)) == KeptCount(0, 0, 1)
    assert count_kept_messages(ledger, MessageAges(LATER, None)) == KeptCount(0, 0, 0)


def test_the_page_of_a_one_way_message_ends_when_its_data_goes(ledger: Ledger) -> None:
    chat = open_sent(ledger, one_way=True)
    much_later = LATER + timedelta(days=14)
    cutoff = much_later - timedelta(days=90)

    assert remove_messages(ledger, MessageAges(cutoff, cutoff), much_later, lambda _: None) == 1

    assert load_chat(ledger, chat.chat_id).archived_at == much_later
    answer = NewAnswer(chat.chat_id, "p0000", "ok", "sms", "late")
    assert record_entries(ledger, [answer], much_later) == ["closed"]


def test_a_run_that_dies_anywhere_is_finished_by_the_next_one(ledger: Ledger) -> None:
    """After every transaction in turn; meanwhile it is told as removed, never as whole."""
    message_id = queue_message(ledger, CHUNK_PEOPLE + 1)
    with ledger.write() as connection:
        connection.execute(update(Delivery).values(next_attempt_at=None, status="accepted"))
    set_state(ledger, message_id, "sending")
    set_state(ledger, message_id, "sent", closed_at=NOW)

    def die(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        remove_messages(ledger, DUE, LATER, pause=die)
    half = load_message(ledger, message_id)
    assert (half.erased_at, half.erasure_ended_at) == (LATER, None)
    assert read_frozen_audience(ledger, message_id).is_reduced
    assert "Person 500" in dump(ledger)
    assert count_due_messages(ledger, DUE).count == 1

    assert remove(ledger, MessageAges(None, None)) == 1  # also if it is kept for ever from now on

    kept = dump(ledger)
    assert "Person" not in kept
    assert "example.org" not in kept


def test_who_is_gone_cannot_be_followed_up(ledger: Ledger) -> None:
    message_id = send_one(ledger)
    remove(ledger)
    with pytest.raises(SelectionError, match="was removed by retention; nothing was sent"):
        select_followed(ledger, FollowUp(message_id=message_id, who="reached"))


def test_what_is_released_goes_with_the_next_run(ledger: Ledger) -> None:
    message_id = send_one(ledger)
    assert hold(ledger, message_id, NOW)
    assert not hold(ledger, message_id, LATER)
    assert [(one.held_id, one.kind, one.held_at) for one in list_holds(ledger)] == [
        (message_id, "message", NOW)
    ]
    release(ledger, message_id)
    assert list_holds(ledger) == []
    assert remove(ledger) == 1
    with pytest.raises(InputError, match="nothing is held under the id"):
        release(ledger, message_id)


def test_a_held_chat_keeps_all_its_messages(ledger: Ledger) -> None:
    chat = open_conversation(ledger).chat
    archive_chat(ledger, chat.chat_id, NOW)
    hold(ledger, chat.chat_id, LATER)
    assert remove(ledger) == 0


def test_nothing_can_be_held_that_is_gone_or_never_was(ledger: Ledger) -> None:
    message_id = send_one(ledger)
    remove(ledger)
    with pytest.raises(InputError, match="cannot be held: retention removed its data"):
        hold(ledger, message_id, LATER)
    with pytest.raises(InputError, match="there is no message or chat 'm1'"):
        hold(ledger, "m1", LATER)


def test_chats_whose_invitation_was_refused_go_with_it(ledger: Ledger) -> None:
    chat = open_conversation(ledger).chat
    set_state(ledger, chat.message_id, "refused", closed_at=NOW, reason="unknown group 'x'")
    assert remove(ledger) == 1
    assert "Flood" not in dump(ledger)


def test_the_links_of_a_one_way_page_that_expired_count_from_their_end(ledger: Ledger) -> None:
    open_sent(ledger, one_way=True)
    with ledger.write() as connection:
        connection.execute(update(Chat).values(links_expire_at=NOW - timedelta(seconds=1)))
    assert remove(ledger, MessageAges(LATER, NOW)) == 1
