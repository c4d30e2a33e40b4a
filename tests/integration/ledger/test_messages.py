"""Idempotency keys: one key is one message, whoever asks and however often."""

from datetime import timedelta

import pytest

from rollcall.errors import InputError, RequestError
from rollcall.ledger.engine import Ledger
from rollcall.ledger.log import list_messages
from rollcall.ledger.messages import (
    accept_message,
    claim_message,
    load_message,
    record_source_version,
    set_state,
)
from rollcall.ledger.recording import refuse_message
from tests.integration.ledger.records import NOW, a_message, at_once


def test_the_same_key_twice_is_one_message(ledger: Ledger) -> None:
    first, is_new = accept_message(ledger, a_message("quake"), NOW)
    second, is_new_again = accept_message(ledger, a_message("quake"), NOW + timedelta(hours=1))

    assert (is_new, is_new_again) == (True, False)
    assert second == first
    assert list_messages(ledger) == [first]


def test_two_keys_are_two_messages_whatever_they_say(ledger: Ledger) -> None:
    first, _ = accept_message(ledger, a_message("quake"), NOW)
    second, is_new = accept_message(ledger, a_message("flood"), NOW + timedelta(seconds=1))

    assert is_new
    assert [one.message_id for one in list_messages(ledger)] == [
        second.message_id,
        first.message_id,
    ]


@pytest.mark.parametrize("state", ["accepted", "sending", "sent"])
def test_a_key_that_stands_for_another_request_is_refused(ledger: Ledger, state: str) -> None:
    first, _ = accept_message(ledger, a_message("quake"), NOW)
    set_state(ledger, first.message_id, state)  # type: ignore[arg-type] # parametrised

    with pytest.raises(RequestError, match=f"'quake' already stands for .*{first.message_id}"):
        accept_message(ledger, a_message("quake", request_digest="another"), NOW)

    assert len(list_messages(ledger)) == 1


@pytest.mark.parametrize("digest", ["digest of the request", "corrected"])
def test_a_refused_message_gives_its_key_back(ledger: Ledger, digest: str) -> None:
    refused, _ = accept_message(ledger, a_message("quake"), NOW)
    set_state(ledger, refused.message_id, "refused", reason="nobody is meant", closed_at=NOW)

    again, is_new = accept_message(ledger, a_message("quake", request_digest=digest), NOW)

    assert is_new
    assert again.message_id != refused.message_id
    assert load_message(ledger, refused.message_id).reason == "nobody is meant"
    assert accept_message(ledger, a_message("quake", request_digest=digest), NOW) == (again, False)


def test_twenty_at_once_with_one_key_are_one_message(ledger: Ledger) -> None:
    answers = at_once(20, lambda _: accept_message(ledger, a_message("quake"), NOW))

    assert len({record.message_id for record, _ in answers}) == 1
    assert sum(is_new for _, is_new in answers) == 1
    assert len(list_messages(ledger)) == 1


def test_twenty_at_once_after_a_refusal_are_one_message(ledger: Ledger) -> None:
    refused, _ = accept_message(ledger, a_message("quake"), NOW)
    set_state(ledger, refused.message_id, "refused")

    answers = at_once(20, lambda _: accept_message(ledger, a_message("quake"), NOW))

    assert sum(is_new for _, is_new in answers) == 1
    assert len({record.message_id for record, _ in answers} - {refused.message_id}) == 1


def test_what_was_accepted_is_read_back_as_it_was(ledger: Ledger) -> None:
    new = a_message("quake", uses_last_good=True, expires_at=NOW + timedelta(hours=2))
    accepted, _ = accept_message(ledger, new, NOW)

    message = load_message(ledger, accepted.message_id)

    assert message == accepted
    assert (message.state, message.accepted_at, message.as_of) == ("accepted", NOW, NOW)
    assert message.expires_at == NOW + timedelta(hours=2)
    assert message.request == new.request
    assert message.uses_last_good


def test_a_message_that_is_not_there_is_named(ledger: Ledger) -> None:
    with pytest.raises(InputError, match="no message 'm1'"):
        load_message(ledger, "m1")


def test_a_message_never_moves_back(ledger: Ledger) -> None:
    message, _ = accept_message(ledger, a_message("quake"), NOW)

    assert claim_message(ledger, message.message_id)
    assert not claim_message(ledger, message.message_id)
    assert set_state(ledger, message.message_id, "sent", closed_at=NOW)
    assert not claim_message(ledger, message.message_id)
    assert not set_state(ledger, message.message_id, "refused", reason="too late")

    assert load_message(ledger, message.message_id).state == "sent"


def test_the_version_it_was_selected_from_is_written_once(ledger: Ledger) -> None:
    message, _ = accept_message(ledger, a_message("quake"), NOW)

    record_source_version(ledger, message.message_id, "first")
    record_source_version(ledger, message.message_id, "second")

    assert load_message(ledger, message.message_id).source_version == "first"


def test_what_is_past_when_it_is_given_is_not_recorded(ledger: Ledger) -> None:
    with pytest.raises(RequestError, match="is past: nothing would be sent"):
        accept_message(ledger, a_message("quake", expires_at=NOW), NOW)

    assert list_messages(ledger) == []


def test_a_known_message_is_found_also_after_it_expired(ledger: Ledger) -> None:
    new = a_message("quake", expires_at=NOW + timedelta(hours=1))
    first, _ = accept_message(ledger, new, NOW)

    assert accept_message(ledger, new, NOW + timedelta(hours=2)) == (first, False)


def test_a_confirmation_is_taken_over_by_the_message_it_is_given_for(ledger: Ledger) -> None:
    first, _ = accept_message(ledger, a_message("quake"), NOW)
    confirmed = a_message("quake", request=first.request | {"confirmed": True})

    again, is_new = accept_message(ledger, confirmed, NOW)

    assert not is_new
    assert again.request["confirmed"]
    assert load_message(ledger, first.message_id) == again


def test_an_unknown_message_cannot_be_refused(ledger: Ledger) -> None:
    with pytest.raises(InputError, match="no message 'm1'"):
        refuse_message(ledger, "m1", "nobody is meant", NOW)
