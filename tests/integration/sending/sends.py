"""Sends of tests: a queue, a sandbox that answers, runs that drain the one into the other."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from rollcall.clock import Clock, SystemClock
from rollcall.domain.message import CHANNELS, MessageOptions
from rollcall.ledger.engine import Ledger
from rollcall.ledger.log import LogEntry, read_log
from rollcall.ledger.recording import derive_delivery_id
from rollcall.ledger.tables import Attempt, Delivery
from rollcall.routes.config import load_routes
from rollcall.routes.registry import build_route
from rollcall.sandbox.servers import Sandbox
from rollcall.sending.delivery_run import DeliveryRun
from rollcall.sending.drain import drain
from rollcall.sending.policies import choose_policy
from rollcall.sending.route_book import RouteBook
from rollcall.settings import DeliverySettings
from tests.integration.ledger.records import queue_message

IMPATIENT = DeliverySettings(first_wait_s=0.05, longest_wait_s=0.2)
STANDARD = MessageOptions(include_sms=True)
HIGH_QUALITY = MessageOptions(include_sms=True, high_quality_sms=True)


def queue_now(ledger: Ledger, count: int, *channels: Any, key: str = "drill") -> str:
    """Queue a message that is due at once; it is another one with another key."""
    return queue_message(ledger, count, *channels, key=key, now=SystemClock().now())


def open_book(routes_file: Path) -> RouteBook:
    """Build the routes that lead to a sandbox."""
    book = RouteBook()
    for route in load_routes(routes_file, {}):
        book.add(
            build_route(route),
            route.max_connections,
            honours_idempotency_key=route.honours_idempotency_key,
        )
    return book


def start_run(
    ledger: Ledger,
    message_id: str,
    book: RouteBook,
    options: MessageOptions = HIGH_QUALITY,
    expires_at: datetime | None = None,
    clock: Clock | None = None,
    **lease: Any,
) -> DeliveryRun:
    """Return a run with short waits; of its lease `owner` and `lease_s` may be told."""
    policies = {
        channel: choose_policy(channel, options, IMPATIENT, expires_at) for channel in CHANNELS
    }
    told = clock or SystemClock()
    return DeliveryRun(message_id, ledger, book, policies, told, asyncio.Event(), **lease)


async def send(run: DeliveryRun, limit_s: float = 60) -> None:
    """Drain the queue, as the flow does without Prefect."""
    async with asyncio.timeout(limit_s), run:
        await drain(run, run.deliver_batch)


async def send_all(
    ledger: Ledger,
    message_id: str,
    routes_file: Path,
    options: MessageOptions = HIGH_QUALITY,
    expires_at: datetime | None = None,
    **lease: Any,
) -> None:
    """Send everything over routes of one's own."""
    book = open_book(routes_file)
    try:
        run = start_run(ledger, message_id, book, options, expires_at, **lease)
        await send(run, limit_s=120)
    finally:
        await book.aclose()


async def until(condition: Callable[[], bool], limit_s: float = 30) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in other processes
            await asyncio.sleep(0.01)


def entries_by_delivery(ledger: Ledger, message_id: str) -> dict[str, LogEntry]:
    return {
        derive_delivery_id(message_id, entry.person_id, entry.channel): entry
        for entry in read_log(ledger, message_id)
    }


def taken_by_delivery(sandbox: Sandbox) -> Counter[str]:
    """Count what the carriers themselves say they took, by delivery."""
    return Counter(line.reference for line in sandbox.journal())


def read_tries(ledger: Ledger, message_id: str) -> Sequence[Any]:
    """Return all tries of a message, oldest first."""
    query = (
        select(Attempt.__table__)
        .join(Delivery, Delivery.delivery_id == Attempt.delivery_id)
        .where(Delivery.message_id == message_id)
        .order_by(Attempt.started_at)
    )
    with ledger.read() as connection:
        return connection.execute(query).all()
