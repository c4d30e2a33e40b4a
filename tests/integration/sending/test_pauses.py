"""Processes that are paused for longer than their lease: others finish what they had begun."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import current_thread, main_thread

import pytest
from sqlalchemy import select

from rollcall.errors import LedgerError
from rollcall.ledger.engine import Ledger, open_ledger
from rollcall.ledger.leases import LEASE_S as DEFAULT_LEASE_S
from rollcall.ledger.log import count_statuses
from rollcall.ledger.queue import LOST_IN_A_CRASH, claim_due
from rollcall.ledger.tables import Attempt, Delivery
from rollcall.routes.base import Acceptance, Submission
from rollcall.sending.delivery_run import PAUSED
from rollcall.sending.route_book import RouteBook
from tests.integration.ledger.records import NOW, begin, queue_message, read_attempts
from tests.integration.routes.provider_server import Seen, read_seen
from tests.integration.routes.scripted import Script, ScriptedServer, serve_script
from tests.integration.sending.sends import queue_now, read_tries, send, start_run, until
from tests.unit.sending.scripted import ScriptedRoute

Sender = subprocess.Popen[str]

LEASE_S = 2.0
PEOPLE = 40
CONNECTIONS = 8
PATIENCE_S = 60

ROUTE = """
[[route]]
id = "alpha"
kind = "http_sms"
url = "http://127.0.0.1:{port}/messages"
max_connections = {connections}
answer_timeout_s = 300.0
headers = {{ X-Sender = "{sender}" }}
body = {{ to = "{{to}}", text = "{{text}}", reference = "{{reference}}" }}
id_path = "id"
"""


class SlowCarrier:
    """Takes whatever comes, as often as it comes; all but the first answers it holds when told to.

    Attributes:
        taken: Sender and delivery of all messages, as they came.
        may_answer: Set when a sender gets the answers that are held; for those that are not named
            nothing is.
        port: Where it listens.
    """

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []
        self.may_answer = {"first": asyncio.Event()}
        self.port = 0

    def __call__(self, server: ScriptedServer) -> Script:
        async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                await self._answer(read_seen(await server.read_request(reader)), writer)

        return play

    def of(self, sender: str) -> list[str]:
        """Return the deliveries that one sender has handed over."""
        return [reference for one, reference in self.taken if one == sender]

    async def _answer(self, request: Seen, writer: asyncio.StreamWriter) -> None:
        sender = request.headers["x-sender"]
        self.taken.append((sender, json.loads(request.body)["reference"]))
        if sender in self.may_answer and len(self.of(sender)) > CONNECTIONS:
            await self.may_answer[sender].wait()
        body = b'{"id": "alpha-%d"}' % len(self.taken)
        writer.write(b"HTTP/1.1 202 X\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


class PausedClock:
    """The clock of a process that is paused for longer than its lease once a try has begun.

    Args:
        ledger: Where the try is looked for.
        meanwhile: Called once, with the moment of waking up.
    """

    def __init__(self, ledger: Ledger, meanwhile: Callable[[datetime], None]) -> None:
        self._ledger = ledger
        self._meanwhile = meanwhile
        self._paused_for = timedelta()

    def now(self) -> datetime:
        """Return the moment; the event loop, which alone is asked about, may be paused before."""
        if current_thread() is main_thread() and not self._paused_for and self._has_begun():
            self._paused_for = 2 * timedelta(seconds=DEFAULT_LEASE_S)
            self._meanwhile(datetime.now(UTC) + self._paused_for)
        return datetime.now(UTC) + self._paused_for

    def _has_begun(self) -> bool:
        with self._ledger.read() as connection:
            return bool(connection.execute(select(Attempt.attempt_id)).all())


@pytest.fixture
async def carrier() -> AsyncIterator[SlowCarrier]:
    """A carrier that listens, at `carrier.port`."""
    slow = SlowCarrier()
    async with serve_script(slow) as server:
        slow.port = server.port
        yield slow


@pytest.fixture
def start_sender(
    ledger_url: str, carrier: SlowCarrier, tmp_path: Path
) -> Iterator[Callable[..., Sender]]:
    """Start processes that send under a name; at the end of the test they are gone."""
    with ExitStack() as stack:

        def start(name: str, message_id: str, *lease: object) -> Sender:
            routes_file = tmp_path / f"{name}.toml"
            routes_file.write_text(
                ROUTE.format(port=carrier.port, connections=CONNECTIONS, sender=name)
            )
            module = "tests.integration.sending.send_process"
            arguments = (ledger_url, message_id, routes_file, *lease)
            process = subprocess.Popen(
                [sys.executable, "-m", module, *map(str, arguments)],
                stderr=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield start


async def stop_in_flight(
    first: Sender, carrier: SlowCarrier, ledger: Ledger, message_id: str
) -> set[str]:
    """Stop the first sender while answers to it are held; return the deliveries they belong to."""
    await until(lambda: len(carrier.of("first")) == 2 * CONNECTIONS, PATIENCE_S)
    await stop_between_writes(first, ledger, message_id)
    return set(carrier.of("first")[CONNECTIONS:])


async def test_who_is_paused_beyond_the_lease_sends_nothing_more_of_what_others_have_sent(
    ledger: Ledger, carrier: SlowCarrier, start_sender: Callable[..., Sender]
) -> None:
    message_id = queue_now(ledger, PEOPLE)
    first = start_sender("first", message_id, LEASE_S)
    in_flight = await stop_in_flight(first, carrier, ledger, message_id)

    assert await finish(start_sender("second", message_id)) == (0, "")
    statuses, tries = read_statuses(ledger, message_id), read_tries(ledger, message_id)
    assert set(statuses.values()) == {"accepted"}
    assert {one.delivery_id for one in tries if one.reason == LOST_IN_A_CRASH} == in_flight

    first.send_signal(signal.SIGCONT)
    carrier.may_answer["first"].set()
    assert await finish(first) == (0, "")

    assert len(carrier.of("first")) == 2 * CONNECTIONS
    assert read_statuses(ledger, message_id) == statuses
    assert_late_answers_are_facts(ledger, message_id, in_flight, known_count=len(tries))
    assert_only_these_got_it_twice(carrier, in_flight)


async def test_who_wakes_up_while_another_is_sending_takes_nothing_from_it(
    ledger: Ledger, carrier: SlowCarrier, start_sender: Callable[..., Sender]
) -> None:
    message_id = queue_now(ledger, PEOPLE)
    first = start_sender("first", message_id, LEASE_S)
    in_flight = await stop_in_flight(first, carrier, ledger, message_id)
    carrier.may_answer["second"] = asyncio.Event()
    second = start_sender("second", message_id)
    await until(lambda: len(carrier.of("second")) == 2 * CONNECTIONS, PATIENCE_S)

    first.send_signal(signal.SIGCONT)
    carrier.may_answer["first"].set()
    await until(lambda: are_accepted(ledger, in_flight), PATIENCE_S)
    carrier.may_answer["second"].set()
    assert [await finish(one) for one in (first, second)] == [(0, ""), (0, "")]

    assert len(carrier.of("first")) == 2 * CONNECTIONS
    assert count_statuses(ledger, message_id) == {"sms": {"accepted": PEOPLE}}
    assert_late_answers_are_facts(ledger, message_id, in_flight)
    assert_nobody_got_more_than_one_copy_too_many(carrier, in_flight)


async def test_who_is_killed_on_another_machine_is_followed_when_its_lease_ends(
    ledger: Ledger, carrier: SlowCarrier, start_sender: Callable[..., Sender]
) -> None:
    message_id = queue_now(ledger, PEOPLE)
    elsewhere = start_sender("first", message_id, LEASE_S, "another-boot:4026531836/1/1/0badcafe")
    await until(lambda: len(carrier.of("first")) == 2 * CONNECTIONS, PATIENCE_S)
    elsewhere.kill()
    await asyncio.to_thread(elsewhere.wait)
    in_flight = set(carrier.of("first")[CONNECTIONS:])

    assert await finish(start_sender("second", message_id)) == (0, "")

    assert count_statuses(ledger, message_id) == {"sms": {"accepted": PEOPLE}}
    assert_only_these_got_it_twice(carrier, in_flight)


async def test_a_try_that_was_begun_before_a_pause_is_not_handed_over_after_it(
    ledger: Ledger,
) -> None:
    message_id, route = queue_now(ledger, 1), ScriptedRoute("alpha")
    (delivery_id,) = read_statuses(ledger, message_id)

    def take_over(now: datetime) -> None:
        run.stopping.set()
        assert len(claim_due(ledger, message_id, "heir", 10, now)) == 1

    run = start_run(ledger, message_id, book_of(route), clock=PausedClock(ledger, take_over))
    await send(run)

    assert route.submitted == []
    (attempt,) = read_attempts(ledger, delivery_id)
    assert (attempt.outcome, attempt.reason) == ("uncertain", LOST_IN_A_CRASH)
    assert claim_due(ledger, message_id, "third", 10, run.clock.now()) == []


async def test_what_nobody_took_over_in_a_pause_is_sent_after_it(ledger: Ledger) -> None:
    message_id, route = queue_now(ledger, 1), ScriptedRoute("alpha")

    clock = PausedClock(ledger, lambda _: None)
    await send(start_run(ledger, message_id, book_of(route), clock=clock))

    assert len(route.submitted) == 1
    first, *others = [(one.outcome, one.reason) for one in read_tries(ledger, message_id)]
    # who tries notices it, or whoever claims next in the same process, if that comes first
    assert first in {("unavailable", PAUSED), ("uncertain", LOST_IN_A_CRASH)}
    assert others == [("accepted", None)]


class HeldRoute(ScriptedRoute):
    """Answers when it may."""

    may_answer: asyncio.Event

    async def submit(self, submission: Submission) -> Acceptance:
        self.submitted.append(submission)
        await self.may_answer.wait()
        return self._answer()


class JumpingClock:
    """A clock that somebody sets forward."""

    ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


async def test_what_is_in_flight_when_the_clock_jumps_is_not_tried_beside_itself(
    ledger: Ledger,
) -> None:
    """As when a machine sleeps for longer than the lease: nobody else was there to take it over."""
    message_id, route, clock = queue_now(ledger, 5), HeldRoute("alpha"), JumpingClock()
    route.may_answer = asyncio.Event()
    book = RouteBook()
    book.add(route, 5)

    async with asyncio.timeout(30), start_run(ledger, message_id, book, clock=clock) as run:
        number = await run.claim(10, "sms")
        assert number is not None
        delivering = asyncio.create_task(run.deliver_batch(number))
        await until(lambda: len(route.submitted) == 5)
        clock.ahead = 2 * timedelta(seconds=DEFAULT_LEASE_S)
        assert await run.claim(10, "sms") is None
        route.may_answer.set()
        await delivering

    assert len(route.submitted) == 5
    assert count_statuses(ledger, message_id) == {"sms": {"accepted": 5}}


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
async def test_a_process_that_is_paused_in_mid_commit_holds_up_nobody_for_ever(
    ledger: Ledger, ledger_url: str
) -> None:
    message_id = queue_message(ledger, 3)
    paused, claimed = open_ledger(ledger_url, abandoned_after_s=0.2), []

    def is_claimed() -> bool:
        claimed.extend(claim_due(ledger, message_id, "heir", 10, NOW))
        return len(claimed) == 3

    async def commit_late() -> None:
        with paused.write() as connection:
            connection.execute(select(Delivery.delivery_id).with_for_update())
            assert not is_claimed()
            await until(is_claimed)
            connection.execute(select(Delivery.delivery_id))

    with pytest.raises(LedgerError):
        await commit_late()

    assert begin(paused, "paused", claimed[0].delivery_id) is None
    assert begin(paused, "heir", claimed[0].delivery_id)
    paused.close()


async def stop_between_writes(process: Sender, ledger: Ledger, message_id: str) -> None:
    """Stop a process that waits for answers; not while it renews its leases.

    What it would hold of the ledger then is another test's matter.
    """
    for _ in range(20):
        process.send_signal(signal.SIGSTOP)
        await asyncio.to_thread(os.waitid, os.P_PID, process.pid, os.WSTOPPED)
        if await asyncio.to_thread(is_unlocked, ledger, message_id):
            return
        process.send_signal(signal.SIGCONT)
        await asyncio.sleep(0.1)  # let it end its transaction
    pytest.fail("the process was writing whenever it was stopped")


def is_unlocked(ledger: Ledger, message_id: str) -> bool:
    query = select(Delivery.delivery_id).where(Delivery.message_id == message_id)
    try:
        with ledger.write() as connection:
            connection.execute(query.with_for_update(nowait=True))
    except LedgerError:
        return False
    return True


async def finish(process: Sender) -> tuple[int, str]:
    """Wait for the end of a process; return its exit code and what it complained of."""
    _, errors = await asyncio.to_thread(process.communicate, timeout=2 * PATIENCE_S)
    return process.returncode, errors


def read_statuses(ledger: Ledger, message_id: str) -> dict[str, str]:
    query = select(Delivery.delivery_id, Delivery.status).where(Delivery.message_id == message_id)
    with ledger.read() as connection:
        return dict(connection.execute(query).tuples().all())


def are_accepted(ledger: Ledger, delivery_ids: set[str]) -> bool:
    query = select(Delivery.status).where(Delivery.delivery_id.in_(delivery_ids))
    with ledger.read() as connection:
        return set(connection.execute(query).scalars()) == {"accepted"}


def assert_late_answers_are_facts(
    ledger: Ledger, message_id: str, in_flight: set[str], known_count: int | None = None
) -> None:
    """The first try of each is known to be accepted, and no try was begun for its sake."""
    tries = read_tries(ledger, message_id)
    earliest = {one.delivery_id: one for one in reversed(tries)}
    assert known_count in (None, len(tries))
    assert all(one.outcome is not None for one in tries)
    assert {earliest[one].outcome for one in in_flight} == {"accepted"}
    assert all(earliest[one].provider_id for one in in_flight)


def assert_only_these_got_it_twice(carrier: SlowCarrier, in_flight: set[str]) -> None:
    copies = Counter(reference for _, reference in carrier.taken)
    assert len(copies) == PEOPLE
    assert {one for one, count in copies.items() if count > 1} == in_flight
    assert max(copies.values()) == 2


def assert_nobody_got_more_than_one_copy_too_many(
    carrier: SlowCarrier, in_flight: set[str]
) -> None:
    copies = Counter(reference for _, reference in carrier.taken)
    assert len(copies) == PEOPLE
    assert {one for one, count in copies.items() if count > 1} <= in_flight
    assert max(copies.values()) <= 2


def book_of(route: ScriptedRoute) -> RouteBook:
    book = RouteBook()
    book.add(route, 1)
    return book
