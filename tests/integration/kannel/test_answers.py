"""A text through Debian's Kannel answers a chat: from the phone's network to the ledger."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import uvicorn
from pydantic import SecretStr
from sqlalchemy import select
from starlette.applications import Starlette

from rollcall.clock import SystemClock
from rollcall.ledger.chat_tables import ChatMember, ChatPost
from rollcall.ledger.engine import Ledger
from rollcall.ledger.opt_outs import list_opt_outs
from rollcall.portal.app import make_app
from rollcall.portal.intake import Intake
from rollcall.portal.reception import Caller
from rollcall.routes.callbacks import CallbackReader
from rollcall.routes.registry import build_route, read_route_settings
from rollcall.wiring import build_arrivals_recorder
from tests.integration.conversations import open_conversation
from tests.integration.kannel.conftest import ROUTE_ID, SECRET
from tests.integration.kannel.gateway import FAKES, INBOUND_TOKEN, PASSWORD, USERNAME, run_gateway
from tests.people import phone_of

PATIENCE_S = 30.0
OURS = "13013"


@asynccontextmanager
async def running_portal(ledger: Ledger) -> AsyncIterator[str]:
    """Run a portal for one route to Kannel on a free port; yield its address."""
    clock = SystemClock()
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    told = {
        "id": ROUTE_ID, "kind": "kannel", "url": "http://127.0.0.1:1/cgi-bin/sendsms",
        "username": USERNAME, "password": PASSWORD, "sender": OURS, "receipts": "carrier",
        "receipt_secret": SECRET, "inbound_token": INBOUND_TOKEN,
    }  # fmt: skip
    route = build_route(read_route_settings(told), clock, url)
    assert isinstance(route, CallbackReader)
    intake = Intake(build_arrivals_recorder(ledger, clock), clock)
    app = make_app({ROUTE_ID: Caller(route, SecretStr(SECRET))}, intake, url, clock)
    async with served(app, listening):
        yield url
    await route.aclose()


@asynccontextmanager
async def served(app: Starlette, listening: socket.socket) -> AsyncIterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, lifespan="on", log_config=None, ws="none"))
    serving = asyncio.create_task(server.serve([listening]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving


def answers(ledger: Ledger) -> dict[str, tuple[str, str | None]]:
    query = select(ChatMember).where(ChatMember.answer != "none")
    with ledger.read() as connection:
        rows = connection.execute(query)
        return {row.person_id: (row.answer, row.answered_via) for row in rows}


def replies(ledger: Ledger) -> list[str]:
    query = select(ChatPost.text).where(ChatPost.person_id.is_not(None)).order_by(ChatPost.text)
    with ledger.read() as connection:
        return list(connection.execute(query).scalars())


async def wait_until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await asyncio.to_thread(is_so):  # noqa: ASYNC110 - Kannel tells nobody
            await asyncio.sleep(0.05)


async def test_texts_through_kannel_answer_a_chat(ledger: Ledger, tmp_path: Path) -> None:
    open_conversation(ledger, 4, now=SystemClock().now() - timedelta(minutes=1))
    async with running_portal(ledger) as url:
        with run_gateway(tmp_path, f"{url}/inbound/{ROUTE_ID}/{SECRET}") as gateway:
            gateway.text_from_smpp(phone_of(0).lstrip("+"), OURS, "Yes, I am safe!")
            gateway.text_from_smpp(phone_of(1).lstrip("+"), OURS, "أنا بخير لكن أمي تحتاج مساعدة")
            gateway.text_from_fake(FAKES[0], phone_of(2), OURS, "OK I will call you later")
            gateway.text_from_fake(FAKES[1], phone_of(3), OURS, "STOP")
            await wait_until(
                lambda: (
                    len(answers(ledger)) == 2
                    and len(replies(ledger)) == 2
                    and len(list_opt_outs(ledger)) == 1
                )
            )
    assert answers(ledger) == {"p0000": ("ok", "sms"), "p0001": ("needs_help", "sms")}
    assert replies(ledger) == ["OK I will call you later", "أنا بخير لكن أمي تحتاج مساعدة"]
    assert [one.address for one in list_opt_outs(ledger)] == [phone_of(3)]
