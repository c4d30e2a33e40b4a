"""Kannel, a route to it, and a receiver of what it calls back with; each test has its own."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from rollcall.clock import SystemClock
from rollcall.domain.receipts import Receipt
from rollcall.routes.callbacks import Callback, receipts_address
from rollcall.routes.registry import build_route
from rollcall.routes.sms.kannel import KannelRoute
from rollcall.routes.sms.kannel_settings import KannelSettings
from tests.integration.callback_receiver import CallbackReceiver, receive_callbacks
from tests.integration.kannel.gateway import (
    INBOUND_TOKEN,
    PASSWORD,
    USERNAME,
    Gateway,
    run_gateway,
)

ROUTE_ID = "kannel"
SECRET = "receipt-secret-for-tests"

OpenKannel = Callable[..., KannelRoute]


@pytest.fixture
async def receiver() -> AsyncIterator[CallbackReceiver]:
    """Takes delivery reports and texts."""
    async with receive_callbacks() as running:
        yield running


@pytest.fixture
def gateway(receiver: CallbackReceiver, tmp_path: Path) -> Iterator[Gateway]:
    """A Kannel that reports to the receiver."""
    with ExitStack() as stack:
        inbound = receipts_address(receiver.public_url, ROUTE_ID, SECRET)
        yield stack.enter_context(run_gateway(tmp_path, inbound))


@pytest.fixture
async def open_kannel(gateway: Gateway, receiver: CallbackReceiver) -> AsyncIterator[OpenKannel]:
    """Open routes to the gateway, with changes, that are closed with the test."""
    opened: list[KannelRoute] = []

    def open_one(**changes: Any) -> KannelRoute:
        plain = {
            "id": ROUTE_ID,
            "kind": "kannel",
            "url": gateway.sendsms_url,
            "username": USERNAME,
            "password": PASSWORD,
            "sender": "13013",
            "status_url": gateway.status_url,
            "receipts": "carrier",
            "receipt_secret": SECRET,
            "inbound_token": INBOUND_TOKEN,
        }
        settings = KannelSettings.model_validate(plain | changes)
        route = build_route(settings, public_url=receiver.public_url)
        assert isinstance(route, KannelRoute)
        opened.append(route)
        return route

    yield open_one
    for route in opened:
        await route.aclose()


def read_all(route: KannelRoute, callbacks: list[Callback]) -> list[Receipt]:
    """Verify and read what came in, as the portal does."""
    receipts: list[Receipt] = []
    for callback in callbacks:
        route.verify(callback, SystemClock().now())
        receipts += route.read_receipts(callback)
    return receipts
