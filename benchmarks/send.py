"""How much of the carriers' speed a whole send keeps: ledger, leases and retries included.

The limit is the same routes handing the same texts to the same carriers with nothing recorded.
Prints medians of 5 runs; the ratio is the claim (docs/performance.md).
"""

import asyncio
import logging
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from rollcall.cli.demo import sandbox_process
from rollcall.domain.audience import Audience, Position, Recipient
from rollcall.domain.message import MessageRequest
from rollcall.ledger.queue import new_attempt_id
from rollcall.ledger.recording import freeze_audience
from rollcall.routes.base import Submission
from rollcall.sending.accepting import Order, accept_order
from rollcall.sending.drain import drain
from rollcall.settings import Settings
from rollcall.wiring import App, build_app

PEOPLE = 4_000
RUNS = 5
TEXT = "Earthquake near Tokyo. Tell us that you are safe."

REQUEST = MessageRequest.model_validate(
    {
        "content": {"subject": "Drill", "text": TEXT},
        "selection": {"everyone": True},
        "options": {"include_sms": True},
    }
)


def make_audience() -> Audience:
    """Return people with made-up addresses; they skip the source, which has its own benchmark."""
    nowhere = Position("none")
    recipients = (
        Recipient(f"p{n}", "N", f"p{n}@example.org", f"+1212555{n + 1:04}", None, None, nowhere, ())
        for n in range(PEOPLE)
    )
    return Audience(datetime.now(UTC), tuple(recipients), ())


async def send_through_ledger(app: App) -> None:
    """Deliver a recorded message as a flow does."""
    order = Order(REQUEST, source=Path("benchmark"))
    message, _ = accept_order(order, app.ledger, app.book, app.steps.layout, app.clock)
    freeze_audience(app.ledger, message.message_id, make_audience())
    app.steps.record_deliveries(message.message_id)
    async with app.steps.start_run(message.message_id) as run:
        await drain(run, run.deliver_batch)
    accepted = app.steps.report(message.message_id).total("accepted")
    assert accepted == 2 * PEOPLE, accepted


async def send_bare(app: App) -> None:
    """Hand the same texts to the same routes, as many at once, and record nothing."""

    async def submit(n: int, channel: str) -> None:
        entry = next(one for one in app.book.entries.values() if one.route.channel == channel)
        address = f"p{n}@example.org" if channel == "email" else f"+1212555{n + 1:04}"
        async with entry.slots.hold("bare"):
            await entry.route.submit(
                Submission(new_attempt_id(), "a", new_attempt_id(), address, TEXT, "Drill", "Drill")
            )

    await asyncio.gather(*(submit(n, name) for n in range(PEOPLE) for name in ("email", "sms")))


async def time_s(send: Callable[[App], Awaitable[None]], app: App) -> float:
    """Return how long one send takes, in seconds."""
    started = time.perf_counter()
    await send(app)
    return time.perf_counter() - started


async def measure(settings: Settings) -> tuple[list[float], list[float]]:
    """Run both ways in turn on one app, so that both meet the same weather."""
    app = build_app(settings)
    try:
        await time_s(send_bare, app)  # opens the connections
        pairs = [
            (await time_s(send_bare, app), await time_s(send_through_ledger, app))
            for _ in range(RUNS)
        ]
    finally:
        await app.aclose()
    return [bare for bare, _ in pairs], [whole for _, whole in pairs]


def main() -> None:
    """Measure and print."""
    logging.disable()
    with tempfile.TemporaryDirectory() as name, sandbox_process(Path(name), "clean", seed=1):
        routes_file = Path(name) / "routes.toml"
        settings = Settings(data_dir=Path(name), ledger_url="", routes_file=routes_file)
        bare, whole = asyncio.run(measure(settings))
    print(f"{2 * PEOPLE} deliveries, medians of {RUNS}")
    print(f"  routes alone   {2 * PEOPLE / median(bare):8.0f} deliveries/s")
    print(f"  whole send     {2 * PEOPLE / median(whole):8.0f} deliveries/s")
    print(f"  ratio          {median(bare) / median(whole):8.2f}")


if __name__ == "__main__":
    main()
