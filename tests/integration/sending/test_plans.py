"""What a run asks of a SQLite ledger is found by index: it stays quick when the ledger is large."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from rollcall.clock import SystemClock
from rollcall.domain.personal_links import derive_token, digest_token
from rollcall.domain.sayings import make_saying
from rollcall.ledger.engine import Ledger
from rollcall.ledger.sayings import record_sayings
from rollcall.ledger.shared_numbers import settle_shared
from rollcall.ledger.stopping import stop_message
from rollcall.sending.route_book import RouteBook, RouteTraits
from tests.integration.conversations import KEY, open_conversation
from tests.integration.ledger.records import NOW
from tests.integration.sending.sends import queue_now, send, start_run
from tests.people import phone_of
from tests.unit.sending.scripted import ScriptedRoute

LARGE = (
    "messages", "audience_members", "deliveries", "attempts", "receipts", "contents",
    "chat_members", "chat_answers", "chat_posts", "taken_texts",
)  # fmt: skip
"""Tables that grow with every message."""


@contextmanager
def plans(ledger: Ledger) -> Iterator[dict[str, list[str]]]:
    """Note how SQLite does each statement meanwhile: by its text, the steps of its plan."""
    noted: dict[str, list[str]] = {}

    def note(_: object, cursor: Any, statement: str, parameters: Any, *__: object) -> None:
        if statement in noted or not statement.lstrip().startswith(("SELECT", "UPDATE", "INSERT")):
            return
        asked = parameters[0] if isinstance(parameters, list) else parameters
        explained = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", asked)
        noted[statement] = [step for *_, step in explained]

    event.listen(ledger.engine, "before_cursor_execute", note)
    try:
        yield noted
    finally:
        event.remove(ledger.engine, "before_cursor_execute", note)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
async def test_no_statement_of_a_run_reads_a_whole_table(ledger: Ledger) -> None:
    message_id, book = queue_now(ledger, 30), RouteBook()
    for name in ("alpha", "bravo"):
        book.add(ScriptedRoute(name), 2, traits=RouteTraits(receipt_deadline_s=0.3))
    run = start_run(ledger, message_id, book, canary_hold_s=1.0)

    with plans(ledger) as noted:
        await send(run)
        settle_shared(ledger, message_id)
        stop_message(ledger, message_id, SystemClock().now())

    assert len(noted) > 15
    assert find_scans(noted) == {}


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_whose_an_answer_is_is_found_by_index(ledger: Ledger) -> None:
    for key in ("older", "newer"):
        chat = open_conversation(ledger, 30, key=key).chat
    digest = digest_token(derive_token(KEY, chat.chat_id, "p0001", "reply"))

    with plans(ledger) as noted:
        for number, text in enumerate(("help, room 12", "ok")):
            sms = make_saying(f"s-{number}", "sms", phone_of(number), text, NOW)
            email = make_saying(f"e-{number}", "email", digest, text, NOW)
            assert record_sayings(ledger, [sms, email], NOW) == ["recorded", "recorded"]

    assert len(noted) > 8
    assert find_scans(noted) == {}


def find_scans(noted: dict[str, list[str]]) -> dict[str, str]:
    """Return the statements that read a whole large table, and where they do."""
    return {
        statement: step
        for statement, steps in noted.items()
        for step in steps
        if step.startswith(tuple(f"SCAN {table}" for table in LARGE))
    }
