"""How many receipts a second one portal takes, each in the ledger before it is answered.

    python -m benchmarks.receipts

Starts `rollcall portal` as a process with a ledger in SQLite (an fsync for each commit) that holds
a delivery and an attempt for each receipt, and calls it as Twilio does: signed forms over 50 kept
connections. Beside it, as a process too: a Starlette application that reads the body and answers.
The caller is the same and shares the machine. Prints medians of 5 runs; the ratio is the claim.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import uvicorn
from sqlalchemy import func, insert, select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped] # no hints

from rollcall.ledger.engine import Ledger, open_ledger
from rollcall.ledger.messages import NewMessage, accept_message
from rollcall.ledger.migrate import migrate_ledger
from rollcall.ledger.tables import Attempt, AudienceMember, Delivery, Receipt

RUNS = 5
RECEIPTS = 2_000
CONNECTIONS = 50
BARE_PORT, PORTAL_PORT = 8721, 8722
SECRET, TOKEN = "benchmark-secret-0123456789", "benchmark-token-0123456789"
PATH = f"/receipts/twilio/{SECRET}"
PUBLIC_URL = "https://safe.example.org"
ROUTES = f"""
[[route]]
id = "twilio"
kind = "twilio"
account_sid = "AC{"0" * 32}"
auth_token = "{TOKEN}"
sender = "+12025550100"
receipt_secret = "{SECRET}"
"""

Prepared = Sequence[bytes]
"""Requests as they go over the wire."""


def main() -> None:
    """Measure and print."""
    if sys.argv[1:] == ["bare"]:
        uvicorn.run(make_bare_app(), port=BARE_PORT, log_level="critical", access_log=False)
        return
    with tempfile.TemporaryDirectory() as name:
        bare_s, portal_s = measure(Path(name))
    print(f"{RECEIPTS} receipts over {CONNECTIONS} connections, medians of {RUNS}")
    print(f"  reads the body only     {RECEIPTS / median(bare_s):8.0f} requests/s")
    print(f"  portal, committed       {RECEIPTS / median(portal_s):8.0f} receipts/s")
    print(f"  ratio                   {median(bare_s) / median(portal_s):8.2f}")


def measure(folder: Path) -> tuple[list[float], list[float]]:
    """Call both in turn, so that both meet the same weather; return seconds a run."""
    (folder / "routes.toml").write_text(ROUTES)
    ledger = open_ledger(f"sqlite:///{folder / 'ledger.db'}")
    migrate_ledger(ledger)
    attempt_ids = record_attempts(ledger, RECEIPTS * RUNS)
    runs = [prepare(attempt_ids[run::RUNS]) for run in range(RUNS)]
    bare_s, portal_s = [], []
    with running_bare(), running_portal(folder):
        asyncio.run(call_all(BARE_PORT, runs[0][:500]))
        for prepared in runs:
            bare_s.append(asyncio.run(call_all(BARE_PORT, prepared)))
            portal_s.append(asyncio.run(call_all(PORTAL_PORT, prepared)))
    require_matched(ledger)
    ledger.close()
    return bare_s, portal_s


def record_attempts(ledger: Ledger, count: int) -> list[str]:
    """Record a message to many people, each tried once and accepted; return the attempts' ids."""
    now = datetime.now(UTC)
    message = NewMessage("benchmark", "digest", {}, "benchmark", uses_last_good=False, as_of=now)
    record, _ = accept_message(ledger, message, now)
    attempts = [new_attempt(uuid.uuid4().hex, now) for _ in range(count)]
    deliveries = [
        {
            "delivery_id": attempt["delivery_id"],
            "message_id": record.message_id,
            "person_id": attempt["delivery_id"],
            "channel": "sms",
            "address": "+12025550100",
            "status": "accepted",
            "attempt_count": 1,
            "route_id": "twilio",
        }
        for attempt in attempts
    ]
    members = [
        {
            "message_id": record.message_id,
            "person_id": attempt["delivery_id"],
            "name": "N",
            "position": {},
            "via": [],
        }
        for attempt in attempts
    ]
    with ledger.write() as connection:
        connection.execute(insert(AudienceMember), members)
        connection.execute(insert(Delivery), deliveries)
        connection.execute(insert(Attempt), attempts)
    return [str(attempt["attempt_id"]) for attempt in attempts]


def new_attempt(name: str, now: datetime) -> dict[str, object]:
    """Return the row of an attempt that was accepted."""
    return {
        "attempt_id": f"t{name}",
        "delivery_id": f"d{name}",
        "number": 1,
        "route_id": "twilio",
        "started_at": now,
        "finished_at": now,
        "outcome": "accepted",
    }


def prepare(attempt_ids: Sequence[str]) -> Prepared:
    """Write and sign a callback for each attempt."""
    validator = RequestValidator(TOKEN)
    return [prepare_one(validator, attempt_id) for attempt_id in attempt_ids]


def prepare_one(validator: RequestValidator, attempt_id: str) -> bytes:
    """Write and sign one callback, as Twilio does."""
    path, sid = f"{PATH}?ref={attempt_id}", f"SM{uuid.uuid4().hex}"
    fields = {"MessageSid": sid, "MessageStatus": "delivered", "SmsStatus": "delivered"}
    body = "&".join(f"{name}={value}" for name, value in fields.items())
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: portal",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
        f"X-Twilio-Signature: {validator.compute_signature(PUBLIC_URL + path, fields)}",
    ]
    return "\r\n".join([*lines, "", body]).encode()


async def call_all(port: int, prepared: Prepared) -> float:
    """Make all calls, so many at once; return how long it takes, in seconds."""
    waiting = list(prepared)
    started = time.perf_counter()
    await asyncio.gather(*(call_in_turn(port, waiting) for _ in range(CONNECTIONS)))
    return time.perf_counter() - started


async def call_in_turn(port: int, waiting: list[bytes]) -> None:
    """Make calls over one kept connection until none is left."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while waiting:
        writer.write(waiting.pop())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), head
    writer.close()


def require_matched(ledger: Ledger) -> None:
    """Make sure that every receipt is there and found its attempt."""
    with ledger.read() as connection:
        matched = select(func.count()).where(Receipt.attempt_id.is_not(None))
        delivered = select(func.count()).where(Delivery.status == "delivered")
        assert connection.execute(matched).scalar_one() == RECEIPTS * RUNS
        assert connection.execute(delivered).scalar_one() == RECEIPTS * RUNS


def make_bare_app() -> Starlette:
    """Return an application that reads what comes and answers."""

    async def read(request: Request) -> Response:
        await request.body()
        return Response()

    return Starlette(routes=[Route("/receipts/{route_id}/{secret}", read, methods=["POST"])])


@contextmanager
def running_bare() -> Iterator[None]:
    """Run the bare application as a process."""
    with running([sys.executable, "-m", "benchmarks.receipts", "bare"], {}, BARE_PORT):
        yield


@contextmanager
def running_portal(folder: Path) -> Iterator[None]:
    """Run the portal as a process, as an operator does."""
    command = [sys.executable, "-m", "rollcall.cli", "portal", "--port", str(PORTAL_PORT)]
    settings = {
        "ROLLCALL_DATA_DIR": str(folder),
        "ROLLCALL_ROUTES_FILE": str(folder / "routes.toml"),
        "ROLLCALL_PUBLIC_URL": PUBLIC_URL,
    }
    with running(command, settings, PORTAL_PORT):
        yield


@contextmanager
def running(command: list[str], settings: dict[str, str], port: int) -> Iterator[None]:
    """Run a process until the context ends; begin when it listens."""
    process = subprocess.Popen(command, env=os.environ | settings)  # noqa: S603 - our own
    try:
        asyncio.run(wait_until_listening(port))
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


async def wait_until_listening(port: int) -> None:
    """Return when connections are taken."""
    async with asyncio.timeout(60):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return


if __name__ == "__main__":
    main()
