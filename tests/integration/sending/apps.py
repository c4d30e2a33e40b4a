"""Whole apps of tests: a ledger, a source, carriers of a sandbox, and a clock that can be moved."""

import csv
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rollcall.clock import SystemClock
from rollcall.domain.message import MessageRequest
from rollcall.ledger.messages import MessageRecord
from rollcall.sending.accepting import Order, accept_order
from rollcall.sending.drain import drain
from rollcall.sending.steps import SendReport
from rollcall.settings import DeliverySettings, Settings
from rollcall.wiring import App, build_app
from tests.people import phone_of

PEOPLE_COLUMNS = (
    "person_id", "name", "email", "phone", "language", "facility_id", "groups", "time_zone",
)  # fmt: skip


class MovedClock:
    """The machine's clock, moved to wherever a test wants it; it goes on from there."""

    def __init__(self) -> None:
        self._moved_by = timedelta()
        self._leap = timedelta()

    def now(self) -> datetime:
        """Return the present moment of the test."""
        moment = datetime.now(UTC) + self._moved_by
        self._moved_by += self._leap
        self._leap = timedelta()
        return moment

    def move_to(self, moment: datetime) -> None:
        """Let it be that moment now."""
        self._moved_by = moment - SystemClock().now()

    def move_by(self, **told: float) -> None:
        """Let so much time have passed."""
        self._moved_by += timedelta(**told)

    def leap_after_next(self, **told: float) -> None:
        """Let so much time pass right after somebody has next asked what time it is."""
        self._leap = timedelta(**told)


def write_source(
    folder: Path, people: list[dict[str, str]], managers: dict[str, list[str]]
) -> Path:
    """Write a source: people with an email and a number of their own, and managers by facility."""
    folder.mkdir(exist_ok=True)
    rows = [
        {"name": f"Person {number}", "email": f"p{number}@example.org", "phone": phone_of(number)}
        | one
        for number, one in enumerate(people)
    ]
    _write(folder / "people.csv", PEOPLE_COLUMNS, rows)
    facilities = [{"facility_id": one, "name": one, "country": "JP"} for one in managers]
    _write(folder / "facilities.csv", ("facility_id", "name", "country"), facilities)
    contacts = [
        {"facility_id": facility, "person_id": person, "is_manager": "true"}
        for facility, persons in managers.items()
        for person in persons
    ]
    _write(folder / "facility_contacts.csv", ("facility_id", "person_id", "is_manager"), contacts)
    return folder


@asynccontextmanager
async def open_app(
    folder: Path, ledger_url: str, routes_file: Path, clock: MovedClock
) -> AsyncIterator[App]:
    """Build an app of its own; its waits are short, its links lead to nowhere."""
    settings = Settings(
        data_dir=folder / "data",
        ledger_url=ledger_url,
        routes_file=routes_file,
        public_url="https://safe.example.org",
        delivery=DeliverySettings(first_wait_s=0.05, longest_wait_s=0.2, processes=1),
    )
    app = build_app(settings, clock)
    try:
        yield app
    finally:
        await app.aclose()


def accept(app: App, source: Path, told: dict[str, Any], key: str = "chat") -> MessageRecord:
    """Accept a message as an administrator does."""
    request = MessageRequest.model_validate(told)
    steps = app.steps
    record, _ = accept_order(
        Order(request, source, key),
        app.ledger,
        app.book,
        steps.layout,
        app.clock,
        links=steps.links,
    )
    return record


def record(app: App, message_id: str) -> None:
    """Do all that comes before delivering."""
    app.steps.claim_message(message_id)
    app.steps.load_snapshot(message_id)
    app.steps.select_audience(message_id)
    app.steps.record_first(message_id)
    app.steps.record_rest(message_id)


async def deliver(app: App, message_id: str) -> SendReport:
    """Send a message to the end."""
    record(app, message_id)
    return await drain_queue(app, message_id)


async def drain_queue(app: App, message_id: str) -> SendReport:
    """Deliver what was recorded."""
    async with app.steps.start_run(message_id) as run:
        await drain(run, run.deliver_batch)
    return app.steps.close_message(message_id)


def _write(path: Path, columns: tuple[str, ...], rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
