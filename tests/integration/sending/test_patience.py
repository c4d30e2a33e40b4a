"""Routes that are slow by agreement or ask for patience hold up neither others nor a stop."""

import asyncio
import time

import pytest
from sqlalchemy import select

from rollcall.clock import SystemClock
from rollcall.errors import RouteError
from rollcall.ledger.engine import Ledger
from rollcall.ledger.log import count_statuses
from rollcall.ledger.queue import read_queue
from rollcall.ledger.stopping import stop_message
from rollcall.ledger.tables import RateShare
from rollcall.sending.delivery_run import DeliveryRun
from rollcall.sending.route_book import RouteBook, RouteTraits
from tests.integration.sending.sends import queue_now, send, start_run, until
from tests.unit.sending.scripted import ScriptedRoute

PEOPLE = 60


def slow_book(messages_per_s: float) -> tuple[RouteBook, ScriptedRoute]:
    book, route = RouteBook(), ScriptedRoute("alpha")
    book.add(route, 10, traits=RouteTraits(messages_per_s=messages_per_s))
    return book, route


async def test_who_asks_for_patience_does_not_hold_up_those_whom_others_serve(
    ledger: Ledger,
) -> None:
    message_id = queue_now(ledger, PEOPLE)
    book, bravo = RouteBook(), ScriptedRoute("bravo")
    busy = ScriptedRoute("alpha", answer=RouteError("slow down", "alpha", "429", "throttled", 600))
    book.add(busy, 2)
    book.add(bravo, 10)

    await send(start_run(ledger, message_id, book), limit_s=20)

    assert count_statuses(ledger, message_id) == {"sms": {"accepted": PEOPLE}}
    assert len(busy.submitted) <= 2


@pytest.mark.parametrize("messages_per_s", [2.0, 0.01])
async def test_ctrl_c_ends_a_run_whose_route_is_slow(ledger: Ledger, messages_per_s: float) -> None:
    message_id = queue_now(ledger, PEOPLE)
    book, route = slow_book(messages_per_s)
    run = start_run(ledger, message_id, book)
    sending = asyncio.create_task(send(run))
    await until(lambda: len(route.submitted) > 0)

    stopped_at = time.monotonic()
    run.stopping.set()
    await sending

    assert time.monotonic() - stopped_at < 3
    assert read_queue(ledger, message_id, SystemClock().now()).due_count == PEOPLE - len(
        route.submitted
    )


async def test_a_stopped_message_ends_a_run_whose_route_is_slow(ledger: Ledger) -> None:
    message_id = queue_now(ledger, PEOPLE)
    book, route = slow_book(1.0)
    run: DeliveryRun = start_run(ledger, message_id, book)
    sending = asyncio.create_task(send(run))
    await until(lambda: len(route.submitted) > 0)

    stopped_at = time.monotonic()
    stop_message(ledger, message_id, SystemClock().now())
    await sending

    assert time.monotonic() - stopped_at < 5
    counts = count_statuses(ledger, message_id)["sms"]
    assert counts == {"accepted": len(route.submitted), "stopped": PEOPLE - len(route.submitted)}


async def test_a_run_takes_no_share_of_routes_that_it_never_uses(ledger: Ledger) -> None:
    message_id = queue_now(ledger, 1, "email")
    book, _ = slow_book(10.0)
    book.add(ScriptedRoute("mail", "email"), 1, traits=RouteTraits(messages_per_s=10.0))
    run = start_run(ledger, message_id, book)
    del run.policies["sms"]  # as of a message without SMS

    async with run:
        with ledger.read() as connection:
            shared = set(connection.execute(select(RateShare.route_id)).scalars())

    assert shared == {"mail"}
