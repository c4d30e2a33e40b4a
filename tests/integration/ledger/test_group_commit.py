"""Group commits: nobody is told "done" before it is, and everybody is told when it failed."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, ExceptionContext, event
from sqlalchemy.exc import IntegrityError

from rollcall.clock import SystemClock
from rollcall.domain.delivery import Finish
from rollcall.errors import LedgerError
from rollcall.ledger.attempts import AttemptEnd, AttemptStart, Settlement, new_attempt_id
from rollcall.ledger.engine import Ledger
from rollcall.ledger.group_commit import GroupCommit
from rollcall.ledger.log import count_statuses
from rollcall.ledger.patience import PATIENCE
from rollcall.ledger.queue import claim_due
from tests.integration.ledger.outages import outage_of
from tests.integration.ledger.records import (
    NOW,
    claim_one,
    finished,
    queue_message,
    read_attempts,
    read_delivery,
)


class HurriedClock:
    """A clock on which patience is over every time that one looks."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 23, 6, tzinfo=UTC)

    def now(self) -> datetime:
        self.moment += PATIENCE
        return self.moment


def a_start(delivery_id: str) -> AttemptStart:
    return AttemptStart(delivery_id, "alpha", new_attempt_id())


def an_acceptance(start: AttemptStart) -> AttemptEnd:
    settlement = finished(start.delivery_id, "accepted")
    return AttemptEnd(start.attempt_id, "accepted", settlement, provider_id="alpha-1")


async def test_a_try_stands_in_the_ledger_before_it_may_be_made(ledger: Ledger) -> None:
    delivery_id = claim_one(ledger, queue_message(ledger), "one").delivery_id
    async with GroupCommit(ledger, "one", SystemClock()) as commits:
        assert await commits.begin(a_start(delivery_id))

        (attempt,) = read_attempts(ledger, delivery_id)
        assert (attempt.route_id, attempt.outcome) == ("alpha", None)


async def test_what_a_try_came_to_is_recorded_when_finish_returns(ledger: Ledger) -> None:
    delivery_id = claim_one(ledger, queue_message(ledger), "one").delivery_id
    async with GroupCommit(ledger, "one", SystemClock()) as commits:
        await commits.begin(start := a_start(delivery_id))
        await commits.finish(an_acceptance(start))

        (attempt,) = read_attempts(ledger, delivery_id)
        assert (attempt.outcome, attempt.provider_id) == ("accepted", "alpha-1")
        stored = read_delivery(ledger, delivery_id)
        assert (stored.status, stored.lease_owner) == ("accepted", None)


async def test_a_settlement_needs_no_try(ledger: Ledger) -> None:
    delivery_id = claim_one(ledger, queue_message(ledger), "one").delivery_id
    async with GroupCommit(ledger, "one", SystemClock()) as commits:
        expired = Finish("not_delivered", "expired after 0 tries")
        await commits.settle(Settlement(delivery_id, expired))

    stored = read_delivery(ledger, delivery_id)
    assert (stored.status, stored.reason) == ("not_delivered", "expired after 0 tries")


async def test_who_lost_the_lease_may_not_begin_while_others_may(ledger: Ledger) -> None:
    message_id = queue_message(ledger, 2)
    (lost,) = claim_due(ledger, message_id, "one", 1, NOW)
    later = NOW + timedelta(hours=1)
    claim_due(ledger, message_id, "heir", 1, NOW)
    taken = claim_due(ledger, message_id, "heir", 2, later)
    assert lost.delivery_id in {one.delivery_id for one in taken}
    other = claim_one(ledger, queue_message(ledger, key="quake"), "one")

    async with GroupCommit(ledger, "one", SystemClock()) as commits:
        is_allowed, is_other_allowed = await asyncio.gather(
            commits.begin(a_start(lost.delivery_id)), commits.begin(a_start(other.delivery_id))
        )

    assert (is_allowed, is_other_allowed) == (False, True)
    assert read_attempts(ledger, lost.delivery_id) == []


async def test_a_group_that_fails_tells_everybody_in_it(ledger: Ledger) -> None:
    claimed = claim_due(ledger, queue_message(ledger, 3), "one", 3, NOW)
    broken = AttemptStart(claimed[2].delivery_id, None, new_attempt_id())  # type: ignore[arg-type] # refused by the table
    starts = [a_start(claimed[0].delivery_id), a_start(claimed[1].delivery_id), broken]

    async with GroupCommit(ledger, "one", SystemClock()) as commits:
        answers = await asyncio.gather(*map(commits.begin, starts), return_exceptions=True)
        recovered = await commits.begin(a_start(claimed[0].delivery_id))

    # the first may have been alone in its group
    assert isinstance(answers[-1], IntegrityError)
    assert all(answer is True or isinstance(answer, IntegrityError) for answer in answers)
    assert recovered


async def test_when_patience_ends_everybody_who_waits_is_told(ledger: Ledger) -> None:
    claimed = claim_due(ledger, queue_message(ledger, 3), "one", 3, NOW)
    async with GroupCommit(ledger, "one", HurriedClock()) as commits:
        with outage_of(ledger):
            answers = await asyncio.gather(
                *(commits.begin(a_start(one.delivery_id)) for one in claimed),
                return_exceptions=True,
            )

    assert all(isinstance(answer, LedgerError) for answer in answers)
    assert [read_attempts(ledger, one.delivery_id) for one in claimed] == [[], [], []]


async def test_an_outage_that_ends_only_delays(ledger: Ledger) -> None:
    delivery_id = claim_one(ledger, queue_message(ledger), "one").delivery_id
    failed = asyncio.Event()
    loop = asyncio.get_running_loop()

    def note_failure(_: ExceptionContext) -> None:
        loop.call_soon_threadsafe(failed.set)

    event.listen(ledger.engine, "handle_error", note_failure)

    async with GroupCommit(ledger, "one", SystemClock()) as commits:
        with outage_of(ledger):
            beginning = asyncio.create_task(commits.begin(a_start(delivery_id)))
            async with asyncio.timeout(10):
                await failed.wait()
            assert not beginning.done()
        assert await beginning

    assert len(read_attempts(ledger, delivery_id)) == 1


async def test_many_writes_are_few_commits(ledger: Ledger) -> None:
    message_id = queue_message(ledger, 300)
    claimed = claim_due(ledger, message_id, "one", 300, NOW)
    commit_count = 0

    def count(_: Connection) -> None:
        nonlocal commit_count
        commit_count += 1

    async with GroupCommit(ledger, "one", SystemClock()) as commits:

        async def deliver(delivery_id: str) -> None:
            await commits.begin(start := a_start(delivery_id))
            await commits.finish(an_acceptance(start))

        event.listen(ledger.engine, "commit", count)
        await asyncio.gather(*(deliver(one.delivery_id) for one in claimed))

    assert count_statuses(ledger, message_id) == {"sms": {"accepted": 300}}
    assert commit_count <= 10


async def test_who_no_longer_waits_does_not_disturb_the_others(ledger: Ledger) -> None:
    claimed = claim_due(ledger, queue_message(ledger, 2), "one", 2, NOW)
    async with GroupCommit(ledger, "one", SystemClock()) as commits:
        impatient, patient = (
            asyncio.create_task(commits.begin(a_start(one.delivery_id))) for one in claimed
        )
        await asyncio.sleep(0)  # both have asked
        impatient.cancel()
        assert await patient

    with pytest.raises(asyncio.CancelledError):
        await impatient
