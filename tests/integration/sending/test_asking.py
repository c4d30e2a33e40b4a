"""Providers are asked about the very try that is meant, or not at all."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from rollcall.domain.receipts import Receipt, ReceiptState
from rollcall.ledger.engine import Ledger
from rollcall.ledger.queue import claim_due
from rollcall.ledger.receipts import record_receipts
from rollcall.routes.base import Submission
from rollcall.sending.asking import Inquiry
from rollcall.sending.route_book import RouteBook, RouteTraits
from tests.integration.ledger.records import NOW, begin, claim_one, finish, queue_message
from tests.unit.sending.scripted import SUBMISSION, ScriptedRoute

LATER = NOW + timedelta(hours=1)


class LateClock:
    def now(self) -> datetime:
        return LATER


@dataclass
class TalkativeRoute(ScriptedRoute):
    asked: list[str] = field(default_factory=list)

    async def look_up(
        self, submission: Submission, provider_id: str | None, submitted_at: datetime
    ) -> Receipt | None:
        del provider_id, submitted_at
        self.asked.append(submission.attempt_id)
        return None


async def ask_after(ledger: Ledger, first_came_to: ReceiptState) -> tuple[list[str], list[str]]:
    """Lose the answer of a second try; return whom a run asks about, and all attempts."""
    delivery_id = claim_one(ledger, queue_message(ledger), "me").delivery_id
    attempt_ids = []
    for outcome in ("uncertain", "uncertain"):
        attempt_id = begin(ledger, "me", delivery_id)
        assert attempt_id
        finish(ledger, "me", attempt_id, outcome)
        attempt_ids.append(attempt_id)
        if len(attempt_ids) == 1:
            told = [Receipt(first_came_to, attempt_id)]
            record_receipts(ledger, "alpha", "webhook", told, NOW)
    book, route = RouteBook(), TalkativeRoute("alpha")
    book.add(route, 1, traits=RouteTraits(receipt_deadline_s=60, can_be_asked=True))
    (claimed,) = claim_due(ledger, _message_of(ledger), "other", 1, LATER)
    inquiry = Inquiry(ledger, book, LateClock())
    await inquiry.resolve(replace(SUBMISSION, delivery_id=delivery_id), claimed.tries)
    return route.asked, attempt_ids


def _message_of(ledger: Ledger) -> str:
    with ledger.read() as connection:
        return str(connection.exec_driver_sql("select message_id from messages").scalar_one())


async def test_a_try_whose_answer_was_lost_is_asked_about(ledger: Ledger) -> None:
    asked, attempt_ids = await ask_after(ledger, "accepted")
    assert asked == attempt_ids


async def test_whose_key_is_not_sure_after_a_failure_is_not_asked_about(ledger: Ledger) -> None:
    """The first try's failure would be taken for the second's, and a third sent."""
    asked, _ = await ask_after(ledger, "failed")
    assert asked == []
