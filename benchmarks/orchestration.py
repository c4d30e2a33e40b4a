"""What does it cost that a send is started, watched and recorded by Prefect?

    python -m benchmarks.orchestration [--people 100000] [--runs 5] [--only overhead] [--sqlite]

A Prefect server on PostgreSQL (or SQLite), `rollcall dispatcher` as a process, a ledger in SQLite,
providers that answer after 50 ms (`benchmarks.sinks`). Every send is started as a click in
Prefect's interface starts it: a flow run of the deployment `send-message` with the run form filled
in.

* Click → first attempt at the provider, for 100 and for all of 100,000 people: limit 1 s.
* A send to 50,000, by the ledger from accepted to closed, with Prefect and (the server stopped by a
  signal meanwhile) without, in turn: the ratio's limit is 1.15.
* Rows that one send adds to Prefect's database, whatever its size: limit 8,000, which is twenty for
  each of the 400 batches that the largest sends have.
* 20 sends clicked at once: each answered, each done, no "database is locked".

Medians; the first run of each kind is left out where time is measured: a dispatcher is warm after
one message.
"""

import argparse
import asyncio
import logging
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from sqlalchemy import func, select

from benchmarks.orchestration_world import (
    GROUPS,
    PATIENCE_S,
    Installation,
    PrefectServer,
    await_that,
    fill_form,
    install,
    run_prefect,
    write_people,
)
from benchmarks.sinks import count_taken, run_sink
from rollcall.domain.schedule_orders import ScheduledOrder
from rollcall.ledger.doorbell import ring
from rollcall.ledger.messages import load_message
from rollcall.ledger.tables import Message
from rollcall.sending.chat_orders import accept_order_of
from rollcall.sending.launching import make_scheduled
from rollcall.sending.stopping import stop_and_wait
from tests.postgres import run_postgres

PROVIDER_DELAY_MS = 50
AT_ONCE_COUNT = 20
FIRST_ATTEMPT_LIMIT_S, OVERHEAD_LIMIT, ROWS_LIMIT = 1.0, 1.15, 8_000


@dataclass(frozen=True)
class World:
    """Everything that runs.

    Attributes:
        prefect: The Prefect server.
        watched: An installation whose dispatcher has it.
        alone: One whose dispatcher has none.
        sms_port: Where the SMS provider counts what it has taken.
    """

    prefect: PrefectServer
    watched: Installation
    alone: Installation
    sms_port: int


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser()
    options.add_argument("--people", type=int, default=100_000)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--only", choices=["first", "rows", "at-once", "overhead"])
    options.add_argument("--sqlite", action="store_true", help="Prefect's own database by default")
    asked = options.parse_args()
    logging.disable()
    with tempfile.TemporaryDirectory() as name, build_world(Path(name), asked) as world:
        try:
            measure(world, asked)
        finally:
            asyncio.run(close(world))


def measure(world: World, asked: argparse.Namespace) -> None:
    """Take all measurements, or the one that was asked for."""
    watched: dict[str, Callable[[], None]] = {
        "first": lambda: report_first_attempts(world, asked.people, asked.runs),
        "rows": lambda: report_rows(world, asked.people, asked.runs),
        "at-once": lambda: report_at_once(world, asked.runs),
    }
    if asked.only != "overhead":
        with world.watched.dispatcher(world.prefect):
            for name, report in watched.items():
                if asked.only in (None, name):
                    report()
    if asked.only in (None, "overhead"):
        report_overhead(world, asked.people, asked.runs)


@contextmanager
def build_world(folder: Path, asked: argparse.Namespace) -> Iterator[World]:
    """Start what all measurements share."""
    with ExitStack() as stack:
        sms_port = stack.enter_context(run_sink("http", PROVIDER_DELAY_MS))
        ports = (sms_port, stack.enter_context(run_sink("smtp", PROVIDER_DELAY_MS)))
        source = write_people(folder / "people", asked.people)
        watched, alone = (
            install(folder / name, source, ports, folder / "home") for name in ("watched", "alone")
        )
        postgres = None if asked.sqlite else stack.enter_context(run_postgres())
        prefect = stack.enter_context(run_prefect(folder / "prefect", postgres))
        yield World(prefect, watched, alone, sms_port)


async def close(world: World) -> None:
    """Close what this process has opened."""
    await world.watched.app.aclose()
    await world.alone.app.aclose()


def report_first_attempts(world: World, people_count: int, runs: int) -> None:
    """Print how long after the click the SMS provider gets the first message."""
    print(f"click → first attempt at the provider (limit {FIRST_ATTEMPT_LIMIT_S} s)")
    for group, count in (("few", min(GROUPS["few"], people_count)), (None, people_count)):
        waits_s = [click_and_wait(world, group) for _ in range(runs + 1)][1:]
        tell(f"{count:,} of {people_count:,} people", waits_s, "s")


def click_and_wait(world: World, group: str | None) -> float:
    """Click, wait for the first SMS at the provider, and stop the message; return the wait, s."""
    before_count = count_taken(world.sms_port)
    started = time.perf_counter()
    run_id = world.prefect.click("send-message", fill_form(group))
    await_that(lambda: count_taken(world.sms_port) > before_count, "a first attempt", every_s=0.01)
    waited_s = time.perf_counter() - started
    watched = world.watched
    stop_and_wait(watched.app.ledger, latest_message(watched), watched.app.clock, PATIENCE_S)
    await_that(lambda: world.prefect.state_of(run_id) in FINAL, "the run ends")
    return waited_s


def await_end(prefect: PrefectServer, run_ids: Iterable[str]) -> None:
    """Wait until runs are completed.

    Raises:
        RuntimeError: One ended otherwise.
    """
    for run_id in run_ids:
        await_that(lambda: prefect.state_of(run_id) in FINAL, "the run ends", 10 * PATIENCE_S)  # noqa: B023 - used at once
        if (state := prefect.state_of(run_id)) != "COMPLETED":
            raise RuntimeError(f"a run ended as {state}")


FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


def report_rows(world: World, people_count: int, runs: int) -> None:
    """Print how many rows one send adds to Prefect's database, by its size."""
    print(f"rows that a send adds to Prefect's database (limit {ROWS_LIMIT:,})")
    for group, count in (*GROUPS.items(), (None, people_count)):
        added_counts = [count_added_rows(world.prefect, group) for _ in range(runs)]
        tell(f"{min(count, people_count):,} people", added_counts, "rows")


def count_added_rows(prefect: PrefectServer, group: str | None) -> int:
    """Send to a group, or to everybody; return how many rows that added to the database."""
    before_count = prefect.settle()
    await_end(prefect, [prefect.click("send-message", fill_form(group))])
    return prefect.settle() - before_count


def report_at_once(world: World, runs: int) -> None:
    """Click many times at once; print how long it took, and how often one was locked out."""
    before_count = count_locked(world)
    waits_s = [click_at_once(world.prefect) for _ in range(runs + 1)][1:]
    locked_count = count_locked(world) - before_count
    print(f"{AT_ONCE_COUNT} sends at once: all done, 'database is locked' {locked_count} times")
    tell("until the last was done", waits_s, "s")


def count_locked(world: World) -> int:
    """Return how often Prefect's server or the dispatcher has said that it was locked out."""
    logs = (world.prefect.log, world.watched.log)
    return sum(one.read_text().count("database is locked") for one in logs)


def click_at_once(prefect: PrefectServer) -> float:
    """Click many times at once; return how long it took until all were done, s."""

    def click(_: int) -> str:
        return prefect.click("send-message", fill_form("few"))

    started = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE_COUNT) as threads:
        run_ids = list(threads.map(click, range(AT_ONCE_COUNT)))
    await_end(prefect, run_ids)
    return time.perf_counter() - started


def report_overhead(world: World, people_count: int, runs: int) -> None:
    """Print a send to 50,000 with Prefect and without, in turn."""
    count = min(GROUPS["half"], people_count)
    with_s, without_s = [], []
    for _ in range(runs + 1):
        with world.watched.dispatcher(world.prefect):
            with_s.append(time_send(world.watched, lambda: click_half(world)))
        with world.prefect.halted(), world.alone.dispatcher(None):
            without_s.append(time_send(world.alone, lambda: order_half(world.alone)))
    print(f"a send to {count:,} people, from accepted to closed")
    tell("with Prefect", with_s[1:], "s")
    tell("without", without_s[1:], "s")
    ratio = median(with_s[1:]) / median(without_s[1:])
    print(f"  ratio (limit {OVERHEAD_LIMIT})         {ratio:8.2f}")


def click_half(world: World) -> None:
    """Order the send in Prefect."""
    world.prefect.click("send-message", fill_form("half"))


def order_half(alone: Installation) -> None:
    """Order the same in the ledger."""
    ordered = ScheduledOrder("one_way", "Quake", ("half",), is_confirmed=True)
    order = make_scheduled(alone.app.ledger, ordered, alone.source)
    record, _ = accept_order_of(order, alone.app.steps)
    ring(alone.app.ledger, record.message_id)


def time_send(installation: Installation, order: Callable[[], None]) -> float:
    """Order a send and wait for its end; return how long it took by the ledger, s."""
    known_count = count_messages(installation)
    order()
    await_that(lambda: count_messages(installation) > known_count, "the order is accepted")
    message_id = latest_message(installation)

    def is_closed() -> bool:
        return load_message(installation.app.ledger, message_id).closed_at is not None

    await_that(is_closed, "the message is closed", 10 * PATIENCE_S)
    message = load_message(installation.app.ledger, message_id)
    assert message.closed_at is not None
    return (message.closed_at - message.accepted_at).total_seconds()


def count_messages(installation: Installation) -> int:
    """Return how many messages a ledger holds."""
    with installation.app.ledger.read() as connection:
        return connection.execute(select(func.count()).select_from(Message)).scalar_one()


def latest_message(installation: Installation) -> str:
    """Return the id of the message that was accepted last."""
    query = select(Message.message_id).order_by(Message.accepted_at.desc()).limit(1)
    with installation.app.ledger.read() as connection:
        return connection.execute(query).scalar_one()


def tell(name: str, values: list[float] | list[int], unit: str) -> None:
    """Print a median with the least and the most."""
    spread = f"  ({min(values):.2f} to {max(values):.2f})" if len(values) > 1 else ""
    print(f"  {name:<28}{median(values):10,.2f} {unit}{spread}", flush=True)


if __name__ == "__main__":
    main()
