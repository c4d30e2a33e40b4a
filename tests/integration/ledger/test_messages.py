"""Idempotency keys: one key is one message, whoever asks and however often."""

from datetime import timedelta

import pytest

from rollcall.errors import InputError, RequestError
from rollcall.ledger.engine import Ledger
from rollcall.ledger.log import list_messages
from rollcall.ledger.messages import accept_message, load_message, set_state
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
