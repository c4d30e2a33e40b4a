"""The latest message to the same selection is found, whatever the order that was said in."""

from datetime import timedelta
from typing import Any

from rollcall.domain.message import MessageRequest
from rollcall.ledger.engine import Ledger
from rollcall.ledger.messages import accept_message, set_state
from rollcall.ledger.same_selection import find_same_selection
from tests.integration.ledger.records import (
    NOW,
    a_message,
    an_audience,
    freeze_audience,
    record_deliveries,
)

JAPAN: dict[str, Any] = {"filters": [{"countries": ["JP"]}], "groups": ["it", "board"]}
TURNED: dict[str, Any] = {"groups": ["board", "it"], "filters": [{"countries": ["jp", "JP"]}]}
FRANCE: dict[str, Any] = {"filters": [{"countries": ["FR"]}], "groups": ["it", "board"]}


def request(selection: dict[str, Any], **options: bool) -> MessageRequest:
    content = {"subject": "Drill", "text": "Drill"}
    return MessageRequest.model_validate(
        {"content": content, "selection": selection, "options": options}
    )


def accept(ledger: Ledger, minute: int, selection: dict[str, Any], **options: bool) -> str:
    """Accept a message in the given minute, as sends do; return its id."""
    told = request(selection, **options).model_dump(mode="json", exclude_none=True)
    accepted_at = NOW + timedelta(minutes=minute)
    return accept_message(ledger, a_message(f"k{minute}", request=told), accepted_at)[0].message_id


def send(ledger: Ledger, minute: int, selection: dict[str, Any], **options: bool) -> str:
    message_id = accept(ledger, minute, selection, **options)
    freeze_audience(ledger, message_id, an_audience(1))
    record_deliveries(ledger, message_id, [], [], NOW)
    return message_id


def find(ledger: Ledger, selection: dict[str, Any], **options: bool) -> str | None:
    with ledger.read() as connection:
        return find_same_selection(connection, request(selection, **options))


def test_the_latest_of_them_is_found_in_whatever_order_it_was_said(ledger: Ledger) -> None:
    assert find(ledger, JAPAN) is None
    send(ledger, 1, JAPAN)
    latest = send(ledger, 2, TURNED)
    french = send(ledger, 3, FRANCE)
    assert find(ledger, JAPAN) == find(ledger, TURNED) == latest
    assert find(ledger, FRANCE) == french
    assert find(ledger, {"groups": ["it", "board"]}) is None


def test_facilities_have_to_stand_for_the_same_contacts(ledger: Ledger) -> None:
    offices = {"facilities": ["tokyo"]}
    all_of_them = send(ledger, 1, offices)
    managers = send(ledger, 2, offices, managers_only=True)
    assert find(ledger, offices) == all_of_them
    assert find(ledger, offices, managers_only=True, include_sms=True) == managers


def test_what_was_refused_or_has_no_audience_is_passed_over(ledger: Ledger) -> None:
    good = send(ledger, 1, JAPAN)
    set_state(ledger, send(ledger, 2, JAPAN), "refused")
    accept(ledger, 3, JAPAN)
    assert find(ledger, JAPAN) == good


def test_what_follows_another_message_or_cannot_be_read_any_more_is_passed_over(
    ledger: Ledger,
) -> None:
    good = send(ledger, 1, JAPAN)
    for minute, told in enumerate(({"content": {}}, {"selection": {"people": []}}), 2):
        message, _ = accept_message(
            ledger, a_message(f"k{minute}", request=told), NOW + timedelta(minutes=minute)
        )
        freeze_audience(ledger, message.message_id, an_audience(1))
        record_deliveries(ledger, message.message_id, [], [], NOW)
    assert find(ledger, JAPAN) == good
