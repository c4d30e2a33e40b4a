"""How many messages a second go through the bulk endpoints of providers, each with its own text?

    python -m benchmarks.bulk_routes

Every kind of route that hands many messages over with one request, in one process, to a sink on
loopback that answers as the provider does; each message has a text of its own. Medians of 5. Beside
it: messages per second of our CPU time, for the sink has to read the requests too.

To reach: 20,000 messages a second.
"""

import asyncio
import logging
import time
from statistics import median
from typing import Any

from benchmarks.sinks import count_taken, run_sink
from rollcall.ledger.attempts import new_attempt_id
from rollcall.routes.base import Acceptance, BulkRoute, Route, Submission
from rollcall.routes.registry import build_route, read_route_settings

COUNT, ROUNDS = 20_000, 5
REQUESTS_AT_ONCE = 4
SENDER = "Crisis Team <crisis@example.org>"

ENTRIES: dict[str, dict[str, Any]] = {
    "infobip": {"api_key": "benchmark", "sender": "Rollcall", "receipts": "none"},
    "sinch": {
        "service_plan_id": "plan",
        "api_token": "benchmark",
        "sender": "Rollcall",
        "receipts": "none",
    },
    "sendgrid": {"api_key": "benchmark", "sender": SENDER},
    "mailgun": {"api_key": "benchmark", "sender": SENDER, "domain": "mg.example.org"},
}
"""What each kind of route needs besides its id and address."""


def main() -> None:
    """Measure each kind, print."""
    logging.disable()
    print(f"{'':<12} {'messages/s':>12} {'per CPU s':>12} {'a request':>12}")
    for kind, entry in ENTRIES.items():
        with run_sink("http", answer=kind) as port:
            asyncio.run(measure(kind, entry, port))


async def measure(kind: str, entry: dict[str, Any], port: int) -> None:
    """Hand messages over to one sink, five times; print the medians."""
    shared = {"id": kind, "kind": kind, "max_connections": REQUESTS_AT_ONCE}
    base_url = f"http://127.0.0.1:{port}"
    route = build_route(read_route_settings(shared | {"base_url": base_url} | entry))
    assert isinstance(route, BulkRoute)
    per_s, per_cpu_s = [], []
    try:
        await submit_all(route, make_submissions(route, COUNT // 10))
        for number in range(ROUNDS):
            submissions = make_submissions(route, COUNT)
            started, started_cpu_s = time.perf_counter(), time.process_time()
            await submit_all(route, submissions)
            per_s.append(COUNT / (time.perf_counter() - started))
            per_cpu_s.append(COUNT / (time.process_time() - started_cpu_s))
            taken = await asyncio.to_thread(count_taken, port)
            assert taken == (number + 1) * COUNT + COUNT // 10, taken
    finally:
        await route.aclose()
    print(f"{kind:<12} {median(per_s):12.0f} {median(per_cpu_s):12.0f} {route.bulk_size:12}")


async def submit_all(route: BulkRoute, submissions: list[Submission]) -> None:
    """Hand messages over in requests as large as the route's; every one has to be accepted."""
    slots = asyncio.Semaphore(REQUESTS_AT_ONCE)

    async def submit(bulk: list[Submission]) -> None:
        async with slots:
            results = await route.submit_bulk(bulk)
        assert all(isinstance(one, Acceptance) for one in results), results[0]

    size = route.bulk_size
    bulks = [submissions[at : at + size] for at in range(0, len(submissions), size)]
    await asyncio.gather(*map(submit, bulks))


def make_submissions(route: Route, count: int) -> list[Submission]:
    """Return messages to people that nobody is, each with a text of its own."""
    return [make_submission(route, number) for number in range(count)]


def make_submission(route: Route, number: int) -> Submission:
    """Return one message."""
    text = f"Dear Person {number}: earthquake near Tokyo. Tell us that you are safe, or call us."
    is_sms = route.channel == "sms"
    delivery_id = new_attempt_id()
    return Submission(
        delivery_id=delivery_id,
        attempt_id=new_attempt_id(),
        idempotency_key=f"{delivery_id}-{route.route_id}",
        address=f"+1202{5_550_000 + number}" if is_sms else f"p{number}@example.org",
        text=text,
        subject=None if is_sms else "Earthquake",
        html=None if is_sms else f"<p>{text}</p>",
    )


if __name__ == "__main__":
    main()
