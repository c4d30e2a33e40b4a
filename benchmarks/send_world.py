"""What benchmarks of sending share: people, routes to the sinks, an app, and one send of it."""

import asyncio
import dataclasses
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import phonenumbers
import polars as pl

from benchmarks.timed_ledger import TimedLedger
from rollcall.domain.message import MessageRequest
from rollcall.extra_processes import ExtraProcesses
from rollcall.sending.accepting import Order, accept_order
from rollcall.sending.drain import drain
from rollcall.settings import DeliverySettings, Settings
from rollcall.wiring import App, build_app

HTTP_CONNECTIONS, SMTP_CONNECTIONS = 200, 100
TEXT = "Earthquake near Tokyo. Tell us that you are safe: reply OK, or call the crisis desk."
PERSONAL_TEXT = "Dear {{ name }}: " + TEXT

ROUTES = """
[[route]]
id = "sms"
kind = "http_sms"
url = "http://127.0.0.1:{http_port}/messages"
max_connections = {http_connections}
headers = {{ Authorization = "Bearer benchmark", Idempotency-Key = "{{idempotency_key}}" }}
body = {{ to = "{{to}}", text = "{{text}}", from = "{{sender}}", reference = "{{reference}}" }}
sender = "Rollcall"
id_path = "id"

[[route]]
id = "email"
kind = "smtp"
host = "127.0.0.1"
port = {smtp_port}
security = "none"
max_connections = {smtp_connections}
sender = "Crisis Team <crisis@sandbox.example>"
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """One send.

    Attributes:
        message_id: The message.
        step_s: How long each step took, by name.
        drain_cpu_s: CPU time of the process while it drained.
    """

    message_id: str
    step_s: dict[str, float]
    drain_cpu_s: float

    @property
    def total_s(self) -> float:
        """From acceptance until the last delivery was accepted and the message closed."""
        return sum(self.step_s.values())


def phone_numbers() -> Iterator[str]:
    """Make valid numbers, a different one each: `555` is nobody's exchange. Loopback only."""
    for area in range(201, 990):
        if phonenumbers.is_valid_number(phonenumbers.parse(f"+1{area}5550100")):
            yield from (f"+1{area}555{line:04}" for line in range(10_000))


def write_people(folder: Path, count: int, *, with_email: bool = True) -> Path:
    """Write a source of so many people, each with a number and perhaps an address of their own."""
    folder.mkdir(parents=True)
    numbers = phone_numbers()
    ids = [f"p{number:07}" for number in range(count)]
    people = pl.DataFrame(
        {
            "person_id": ids,
            "name": [f"Person {number}" for number in range(count)],
            "email": [f"{one}@example.org" if with_email else None for one in ids],
            "phone": [next(numbers) for _ in ids],
        },
        schema_overrides={"email": pl.String},
    )
    people.write_parquet(folder / "people.parquet")
    return folder


def open_app(folder: Path, ports: tuple[int, int], processes: int = 2) -> tuple[App, TimedLedger]:
    """Build an app in a folder whose routes lead to the HTTP and the SMTP sink."""
    folder.mkdir(parents=True, exist_ok=True)
    routes_file = folder / "routes.toml"
    routes_file.write_text(
        ROUTES.format(
            http_port=ports[0],
            smtp_port=ports[1],
            http_connections=HTTP_CONNECTIONS,
            smtp_connections=SMTP_CONNECTIONS,
        )
    )
    settings = Settings(
        data_dir=folder / "data",
        ledger_url="",
        routes_file=routes_file,
        delivery=DeliverySettings(processes=processes),
    )
    app = build_app(settings)
    ledger = TimedLedger(app.ledger)
    steps = dataclasses.replace(app.steps, ledger=ledger)
    return dataclasses.replace(app, ledger=ledger, steps=steps), ledger


def accept(app: App, source: Path, text: str = TEXT) -> str:
    """Accept a message by email and SMS to everybody of a source; return its id."""
    request = MessageRequest.model_validate(
        {
            "content": {"subject": "Earthquake", "text": text},
            "selection": {"everyone": True},
            "options": {"include_sms": True, "high_quality_sms": True},
            "confirmed": True,  # the same to the same people, run after run
        }
    )
    order = Order(request, source=source)
    steps = app.steps
    return accept_order(order, app.ledger, app.book, steps.layout, app.clock, links=steps.links)[
        0
    ].message_id


async def prepare(app: App, message_id: str) -> dict[str, float]:
    """Do a send's steps until deliveries are recorded, as its flow does; return their times, s."""
    steps: dict[str, Callable[[str], Any]] = {
        "claim": app.steps.claim_message,
        "load": app.steps.load_snapshot,
        "select": app.steps.select_audience,
        "record the first": app.steps.record_first,
    }
    step_s = {}
    for name, step in steps.items():
        started = time.perf_counter()
        await asyncio.to_thread(step, message_id)
        step_s[name] = time.perf_counter() - started
    return step_s


async def deliver(app: App, message_id: str) -> None:
    """Record what is left, drain the queue of a message and close it, as the flow does."""
    recording = asyncio.create_task(asyncio.to_thread(app.steps.record_rest, message_id))
    async with app.steps.start_run(message_id) as run:
        await drain(run, run.deliver_batch)
    await recording
    await asyncio.to_thread(app.steps.close_message, message_id)


async def send(app: App, ledger: TimedLedger, source: Path, text: str = TEXT) -> Sent:
    """Send one message to everybody, from acceptance to the end; `ledger` counts delivering.

    Of further processes neither their CPU time nor their share of the ledger's is told.
    """
    started = time.perf_counter()
    message_id = await asyncio.to_thread(accept, app, source, text)
    step_s = {"accept": time.perf_counter() - started}
    async with ExtraProcesses(app, message_id) as extra:
        step_s |= await prepare(app, message_id)
        ledger.reset()
        started, started_cpu_s = time.perf_counter(), time.process_time()
        await extra.start()
        await deliver(app, message_id)
    step_s["deliver"] = time.perf_counter() - started
    return Sent(message_id, step_s, time.process_time() - started_cpu_s)
