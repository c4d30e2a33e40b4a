"""Batches: how many are under way is a matter of deliveries that are left, not of batches."""

import asyncio
from dataclasses import dataclass, field

from rollcall.ledger.engine import Ledger
from rollcall.ledger.log import count_statuses
from rollcall.routes.base import Acceptance, Submission
from rollcall.sending.drain import BATCH_MIN, drain
from rollcall.sending.route_book import RouteBook
from tests.integration.sending.sends import queue_now, start_run, until
from tests.unit.sending.scripted import ScriptedRoute


@dataclass
class PartlySilent(ScriptedRoute):
    """Answers every hundredth message only when it may."""

    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def submit(self, submission: Submission) -> Acceptance:
        self.submitted.append(submission)
        if len(self.submitted) % 100 == 1:
            await self.may_answer.wait()
        return self._answer()


async def test_the_slow_end_of_a_batch_does_not_hold_up_the_next_ones(ledger: Ledger) -> None:
    """As when one answer in a hundred is lost: each is waited for as long as the route says."""
    count = 4 * BATCH_MIN
    message_id, route, book = queue_now(ledger, count), PartlySilent("alpha"), RouteBook()
    book.add(route, count)
    run = start_run(ledger, message_id, book)

    async with asyncio.timeout(60), run:
        draining = asyncio.create_task(drain(run, run.deliver_batch))
        await until(lambda: len(route.submitted) == count)
        await until(lambda: count_statuses(ledger, message_id)["sms"]["accepted"] == 0.99 * count)
        route.may_answer.set()
        await draining

    assert count_statuses(ledger, message_id) == {"sms": {"accepted": count}}
