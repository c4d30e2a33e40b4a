"""How long does a whole send take, from acceptance to the last acceptance, ledger included?

    python -m benchmarks.send [--people 50000] [--runs 5] [--personal] [--profile FILE]

Providers answer every message after 50 ms (`benchmarks.sinks`). Sends an email and an SMS to each
of 50,000 people, then an SMS to each of 10,000, from the kept version of a source to the closed
message in a SQLite ledger: accepting, loading, selecting, rendering, recording and delivering.

Prints how long it took (limit 60 s), when 99 of 100 SMS were accepted (limit 10 s), and the
ledger's share of recording and delivering (limit a fifth): the CPU time of its transactions in that
of the process, for 10,000 people and in one process, as it is not told of others. Beside it stands
for how much of the time any transaction was open; waiting for the disk and for Python's global lock
is in that. The measure of the routes is the same messages handed to the same routes, with nothing
recorded. Medians of 5.

How much memory a send takes: `benchmarks.send_memory`.
"""

import argparse
import asyncio
import cProfile
import logging
import pstats
import tempfile
import time
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from statistics import median

from sqlalchemy import select

from benchmarks.send_world import PERSONAL_TEXT, TEXT, Sent, open_app, phone_numbers, send
from benchmarks.send_world import write_people as write_source
from benchmarks.sinks import run_sink
from benchmarks.timed_ledger import LedgerTime, TimedLedger
from rollcall.domain.message import Channel
from rollcall.ledger.attempts import new_attempt_id
from rollcall.ledger.tables import Attempt, Delivery, Message
from rollcall.routes.base import Submission
from rollcall.wiring import App

PROVIDER_DELAY_MS = 50
SMS_PEOPLE = SHARE_PEOPLE = 10_000
BARE_PEOPLE = 5_000
HTML = "<p>Earthquake near Tokyo. Tell us that you are safe.</p>"


@dataclass(frozen=True, slots=True)
class Measured:
    """One send and what its ledger took while delivering."""

    sent: Sent
    ledger: LedgerTime
    delivery_count: int


@dataclass(frozen=True, slots=True)
class World:
    """What is sent, to how many, how often, and the ports of the providers."""

    folder: Path
    ports: tuple[int, int]
    text: str
    people_count: int
    runs: int


def main() -> None:
    """Measure and print."""
    asked = read_options()
    logging.disable()
    text = PERSONAL_TEXT if asked.personal else TEXT
    with (
        tempfile.TemporaryDirectory() as name,
        run_sink("http", PROVIDER_DELAY_MS) as http_port,
        run_sink("smtp", PROVIDER_DELAY_MS) as smtp_port,
    ):
        folder = Path(name)
        world = World(folder, (http_port, smtp_port), text, asked.people, asked.runs)
        measuring = measure(world)
        asyncio.run(measure_profiled(asked.profile, measuring) if asked.profile else measuring)


def read_options() -> argparse.Namespace:
    """Read the command line."""
    options = argparse.ArgumentParser()
    options.add_argument("--people", type=int, default=50_000)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--personal", action="store_true", help="a text of their own for each")
    options.add_argument("--profile", metavar="FILE", help="write profiles: FILE.loop, FILE.ledger")
    return options.parse_args()


class Profiler:
    """Profiles the event loop and the threads in which the ledger is asked, each by itself."""

    def __init__(self) -> None:
        self.profiles: list[cProfile.Profile] = []

    def start_thread(self) -> None:
        """Profile the thread that calls this."""
        profile = cProfile.Profile()
        self.profiles.append(profile)
        profile.enable()

    def dump(self, file: str) -> None:
        """Write the loop's profile to a file, and that of all other threads to another."""
        loop, *threads = self.profiles
        loop.dump_stats(f"{file}.loop")
        if threads:
            pstats.Stats(*threads).dump_stats(f"{file}.ledger")


async def measure_profiled(file: str, measuring: Coroutine[None, None, None]) -> None:
    """Measure under a profiler; times are longer, shares are not."""
    profiler = Profiler()
    executor = ThreadPoolExecutor(initializer=profiler.start_thread)
    asyncio.get_running_loop().set_default_executor(executor)
    profiler.start_thread()
    await measuring
    executor.shutdown()
    profiler.dump(file)


async def measure(world: World) -> None:
    """Send, again and again, and print."""
    everybody = write_source(world.folder / "everybody", world.people_count)
    sms_count = min(SMS_PEOPLE, world.people_count)
    phones_only = write_source(world.folder / "phones", sms_count, with_email=False)
    app, ledger = open_app(world.folder, world.ports)
    try:
        bare = [await time_bare(app) for _ in range(world.runs)]
        whole = await measure_sends(app, ledger, everybody, world)
        sms = await measure_sends(app, ledger, phones_only, world)
    finally:
        await app.aclose()
    report_whole(whole, bare)
    report_ledger(await measure_alone(world))
    report_sms([read_waits_s(app, one.sent.message_id) for one in sms], sms)


async def measure_alone(world: World) -> list[Measured]:
    """Send to some in one process, whose CPU time is all there is."""
    some = write_source(world.folder / "some", min(SHARE_PEOPLE, world.people_count))
    app, ledger = open_app(world.folder / "alone", world.ports, processes=1)
    try:
        return await measure_sends(app, ledger, some, world)
    finally:
        await app.aclose()


async def measure_sends(
    app: App, ledger: TimedLedger, source: Path, world: World
) -> list[Measured]:
    """Send as often as asked."""
    app.sources.open(source)  # `rollcall refresh` has done it long before
    return [await measure_send(app, ledger, source, world.text) for _ in range(world.runs)]


async def measure_send(app: App, ledger: TimedLedger, source: Path, text: str) -> Measured:
    """Send once; everything has to be accepted."""
    sent = await send(app, ledger, source, text)
    taken = replace(ledger.taken)  # a copy: the next send is prepared before it resets
    report = app.steps.report(sent.message_id)
    assert report.state == "sent", report
    assert report.total("accepted") == report.total("accepted", "failed", "waiting"), report.counts
    return Measured(sent, taken, report.total("accepted"))


async def time_bare(app: App) -> float:
    """Hand messages to the routes, as many at once as in a send; return deliveries per second."""
    numbers = phone_numbers()
    phones = [next(numbers) for _ in range(BARE_PEOPLE)]

    async def submit(number: int, channel: Channel) -> None:
        entry = next(one for one in app.book.entries.values() if one.route.channel == channel)
        address = phones[number] if channel == "sms" else f"p{number}@example.org"
        submission = Submission(
            new_attempt_id(), new_attempt_id(), new_attempt_id(), address, TEXT, "Earthquake", HTML
        )
        async with entry.slots.hold("bare"):
            await entry.route.submit(submission)

    channels: tuple[Channel, ...] = ("email", "sms")
    started = time.perf_counter()
    await asyncio.gather(*(submit(one, each) for one in range(BARE_PEOPLE) for each in channels))
    return len(channels) * BARE_PEOPLE / (time.perf_counter() - started)


def read_waits_s(app: App, message_id: str) -> list[float]:
    """Return how long after acceptance each SMS was accepted by the provider, shortest first."""
    query = (
        select(Message.accepted_at, Attempt.finished_at)
        .join(Delivery, Delivery.message_id == Message.message_id)
        .join(Attempt, Attempt.delivery_id == Delivery.delivery_id)
        .where(Message.message_id == message_id, Attempt.outcome == "accepted")
    )
    with app.ledger.read() as connection:
        moments: Sequence[tuple[datetime, datetime | None]] = (
            connection.execute(query).tuples().all()
        )
    return sorted(
        (ended_at - began_at).total_seconds() for began_at, ended_at in moments if ended_at
    )


def report_whole(whole: list[Measured], bare_per_s: list[float]) -> None:
    """Print the whole send and its steps."""
    count = whole[0].delivery_count
    total_s = median(one.sent.total_s for one in whole)
    print(f"{count:,} deliveries at providers that answer in {PROVIDER_DELAY_MS} ms")
    print(f"  accepted to all accepted, medians of {len(whole)} (limit 60 s)   {total_s:8.1f} s")
    for name in whole[0].sent.step_s:
        print(f"    {name:<20} {median(one.sent.step_s[name] for one in whole):8.2f} s")
    per_s = median(count / one.sent.step_s["deliver"] for one in whole)
    print(f"  delivering           {per_s:8.0f} deliveries/s")
    print(f"  routes alone         {median(bare_per_s):8.0f} deliveries/s")
    print(f"  ratio                {per_s / median(bare_per_s):8.2f}")


def report_ledger(whole: list[Measured]) -> None:
    """Print the ledger's share of recording and delivering."""
    print(f"{whole[0].delivery_count:,} of these in one process")
    cpu_pct = median(100 * one.ledger.cpu_s / one.sent.drain_cpu_s for one in whole)
    open_pct = median(100 * one.ledger.open_s / one.sent.step_s["deliver"] for one in whole)
    print(f"  ledger's share of the CPU time, recording included (limit 20 %)   {cpu_pct:5.1f} %")
    print(f"  some transaction open, waits included                            {open_pct:5.1f} %")
    print(f"  transactions  {median(one.ledger.count for one in whole):8.0f}")


def report_sms(waits_s: list[list[float]], sms: list[Measured]) -> None:
    """Print when most SMS were accepted."""
    p99_s = median(waits[int(0.99 * len(waits))] for waits in waits_s)
    last_s = median(waits[-1] for waits in waits_s)
    print(f"{sms[0].delivery_count:,} SMS: 99 % accepted by the provider within (limit 10 s)")
    print(f"  from acceptance      {p99_s:8.2f} s; the last {last_s:.2f} s")


if __name__ == "__main__":
    main()
