"""Tries that are recorded and wait for a connection: what happens meanwhile still counts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from rollcall.clock import SystemClock
from rollcall.domain.health import FAILURES_IN_A_ROW
from rollcall.errors import RouteError
from rollcall.ledger.engine import Ledger
from rollcall.ledger.log import count_statuses
from rollcall.ledger.stopping import stop_message
from rollcall.sending.delivery_run import EXPIRED, STOPPED, WENT_DOWN, DeliveryRun
from rollcall.sending.route_book import RouteBook
from tests.integration.sending.sends import queue_now, read_tries, start_run, until
from tests.unit.sending.scripted import HeldRoute


@asynccontextmanager
async def one_of_two_is_held(
    ledger: Ledger, message_id: str, route: HeldRoute, expires_at: datetime | None = None
) -> AsyncIterator[DeliveryRun]:
    """Hand one message over that is not answered yet, while another waits for the connection.

    When the block is left the answer comes, and everything is recorded.
    """
    book = RouteBook()
    book.add(route, 1)
    async with (
        asyncio.timeout(30),
        start_run(ledger, message_id, book, expires_at=expires_at) as run,
    ):
        number = await run.claim(10, "sms")
        assert number is not None
        delivering = asyncio.create_task(run.deliver_batch(number))
        await until(lambda: len(read_tries(ledger, message_id)) == 2 and bool(route.submitted))
        yield run
        route.may_answer.set()
        await delivering


def told(ledger: Ledger, message_id: str) -> set[tuple[str, str | None]]:
    return {(one.outcome, one.reason) for one in read_tries(ledger, message_id)}


async def test_of_a_stopped_message_nothing_more_leaves(ledger: Ledger) -> None:
    message_id, route = queue_now(ledger, 2), HeldRoute("alpha")

    async with one_of_two_is_held(ledger, message_id, route) as run:
        stop_message(ledger, message_id, SystemClock().now())
        await until(lambda: run.was_stopped)

    assert len(route.submitted) == 1
    assert told(ledger, message_id) == {("accepted", None), ("unavailable", STOPPED)}
    assert count_statuses(ledger, message_id) == {"sms": {"accepted": 1, "stopped": 1}}


async def test_an_expired_message_leaves_no_more(ledger: Ledger) -> None:
    message_id, route = queue_now(ledger, 2), HeldRoute("alpha")
    expires_at = SystemClock().now() + timedelta(seconds=2)

    async with one_of_two_is_held(ledger, message_id, route, expires_at):
        await until(lambda: SystemClock().now() > expires_at)

    assert len(route.submitted) == 1
    assert told(ledger, message_id) == {("accepted", None), ("unavailable", EXPIRED)}
    assert count_statuses(ledger, message_id) == {"sms": {"accepted": 1, "not_delivered": 1}}


async def test_nothing_is_handed_to_a_route_that_asked_to_wait(ledger: Ledger) -> None:
    message_id, route = queue_now(ledger, 2), HeldRoute("alpha")

    async with one_of_two_is_held(ledger, message_id, route) as run:
        run.book.note("alpha", "throttled", SystemClock().now(), retry_after_s=60.0)

    assert len(route.submitted) == 1
    assert told(ledger, message_id) == {("accepted", None), ("unavailable", WENT_DOWN)}
    assert count_statuses(ledger, message_id) == {"sms": {"accepted": 1, "waiting": 1}}


async def test_nothing_is_handed_to_a_route_that_went_down(ledger: Ledger) -> None:
    message_id, route = queue_now(ledger, 2), HeldRoute("alpha")
    route.answer = RouteError("connection refused", "alpha", fault="unavailable")

    async with one_of_two_is_held(ledger, message_id, route) as run:
        for _ in range(FAILURES_IN_A_ROW):
            run.book.note("alpha", "unavailable", SystemClock().now())

    assert len(route.submitted) == 1
    assert {reason for _, reason in told(ledger, message_id)} == {"connection refused", WENT_DOWN}
    assert count_statuses(ledger, message_id) == {"sms": {"waiting": 2}}


async def test_what_waits_for_a_connection_leaves_when_it_is_free(ledger: Ledger) -> None:
    message_id, route = queue_now(ledger, 2), HeldRoute("alpha")

    async with one_of_two_is_held(ledger, message_id, route):
        assert len(route.submitted) == 1

    assert len(route.submitted) == 2
    assert count_statuses(ledger, message_id) == {"sms": {"accepted": 2}}
