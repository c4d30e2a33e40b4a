"""Carriers that report back: what they report, through the real route, against the journal."""

import asyncio
import uuid
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from rollcall.clock import SystemClock
from rollcall.domain.receipts import Receipt, ReceiptSummary, summarise
from rollcall.errors import OutcomeUnknownError, SendError
from rollcall.routes.base import Submission
from rollcall.routes.callbacks import Callback, ForgedCallbackError
from rollcall.routes.config import load_routes
from rollcall.routes.registry import build_route
from rollcall.routes.sms.http_sms import HttpSmsRoute
from rollcall.sandbox.plan import CarrierPlan, ReceiptPlan, SandboxPlan
from rollcall.sandbox.schedule import (
    FaultRates,
    ReceiptFault,
    ReceiptRates,
    Try,
    draw_fate,
    draw_receipt,
)
from rollcall.sandbox.servers import Sandbox, start_sandbox
from tests.integration.callback_receiver import CallbackReceiver, receive_callbacks
from tests.people import phone_of

SEED = 4

ReportingRoute = tuple[Sandbox, HttpSmsRoute]
RunReporting = Callable[..., ReportingRoute]


@pytest.fixture
async def receiver() -> AsyncIterator[CallbackReceiver]:
    async with receive_callbacks() as running:
        yield running


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


@pytest.fixture
async def run_reporting(
    receiver: CallbackReceiver, stack: ExitStack, tmp_path: Path
) -> AsyncIterator[RunReporting]:
    """Run a carrier whose receipts have some faults, and open its route."""
    routes: list[HttpSmsRoute] = []

    def run(faults: FaultRates | None = None, **rates: float) -> ReportingRoute:
        receipts = ReceiptPlan(faults=ReceiptRates(**rates), longest_delay_s=0.05)
        carrier = CarrierPlan(
            name="alpha",
            answer_timeout_s=30.0,  # nothing here times out on purpose
            max_connections=10,
            faults=faults or FaultRates(),
            receipts=receipts,
        )
        plan = SandboxPlan(seed=SEED, carriers=(carrier,))
        sandbox = stack.enter_context(start_sandbox(plan, tmp_path, awaits_receipts=True))
        (settings,) = load_routes(sandbox.routes_file, {})
        route = build_route(settings, public_url=receiver.public_url)
        assert isinstance(route, HttpSmsRoute)
        routes.append(route)
        return sandbox, route

    yield run
    for route in routes:
        await route.aclose()


def text_to(number: int = 1, delivery_id: str = "d-1") -> Submission:
    key = f"{delivery_id}/alpha"
    return Submission(delivery_id, uuid.uuid4().hex, key, phone_of(number), "Flood")


def read(route: HttpSmsRoute, callback: Callback) -> Receipt:
    route.verify(callback, SystemClock().now())
    (receipt,) = route.read_receipts(callback)
    return receipt


async def test_report_names_the_attempt_and_the_carriers_id(
    run_reporting: RunReporting, receiver: CallbackReceiver
) -> None:
    _, route = run_reporting()
    submission = text_to()
    acceptance = await route.submit(submission)
    (callback,) = await receiver.wait_for(1)
    receipt = read(route, callback)
    assert (receipt.state, receipt.reference) == ("delivered", submission.attempt_id)
    assert receipt.provider_id == acceptance.provider_id
    assert callback.query() == {"ref": submission.attempt_id}


@pytest.mark.parametrize(
    ("rate", "states", "is_permanent", "is_delivered"),
    [
        ("failed_pct", ["failed"], False, False),
        ("permanent_pct", ["failed"], True, False),
        ("duplicate_pct", ["delivered", "delivered"], False, True),
        ("shuffled_pct", ["delivered", "accepted"], False, True),
        ("early_pct", ["delivered"], False, True),
    ],
)
async def test_fault_of_a_receipt_is_as_planned(
    rate: str,
    states: list[str],
    *,
    is_permanent: bool,
    is_delivered: bool,
    run_reporting: RunReporting,
    receiver: CallbackReceiver,
) -> None:
    sandbox, route = run_reporting(**{rate: 100.0})
    await route.submit(text_to())
    receipts = [read(route, callback) for callback in await receiver.wait_for(len(states))]
    assert [receipt.state for receipt in receipts] == states
    assert receipts[0].is_permanent == is_permanent
    assert [entry.is_delivered for entry in sandbox.journal()] == [is_delivered]
    if rate == "duplicate_pct":
        assert receipts[0] == receipts[1]


async def test_early_report_is_here_before_the_answer(
    run_reporting: RunReporting, receiver: CallbackReceiver
) -> None:
    _, route = run_reporting(early_pct=100.0)
    submitting = asyncio.create_task(route.submit(text_to()))
    await receiver.wait_for(1)
    assert not submitting.done()
    await submitting


async def test_forged_report_claims_what_is_not_so_and_is_refused(
    run_reporting: RunReporting, receiver: CallbackReceiver
) -> None:
    sandbox, route = run_reporting(forged_pct=100.0)
    await route.submit(text_to())
    (callback,) = await receiver.wait_for(1)
    with pytest.raises(ForgedCallbackError):
        route.verify(callback, SystemClock().now())
    assert b'"delivered"' in callback.body
    assert [entry.is_delivered for entry in sandbox.journal()] == [False]


@pytest.mark.parametrize(
    ("faults", "rates"),
    [(FaultRates(accept_and_drop_pct=100), {}), (FaultRates(), {"never_pct": 100.0})],
    ids=["dropped", "never"],
)
async def test_silence_stays_silence(
    faults: FaultRates,
    rates: dict[str, float],
    run_reporting: RunReporting,
    receiver: CallbackReceiver,
    stack: ExitStack,
) -> None:
    sandbox, route = run_reporting(faults, **rates)
    await route.submit(text_to())
    await asyncio.to_thread(stack.close)  # the carrier has ended: nothing more can come
    assert receiver.callbacks == []
    assert [entry.is_delivered for entry in sandbox.journal()] == [not faults.accept_and_drop_pct]


async def test_report_tells_what_became_of_a_message_whose_answer_was_lost(
    run_reporting: RunReporting, receiver: CallbackReceiver
) -> None:
    _, route = run_reporting(FaultRates(reset_pct=100, taken_when_unclear_pct=100))
    submission = text_to()
    with pytest.raises(OutcomeUnknownError):
        await route.submit(submission)
    (callback,) = await receiver.wait_for(1)
    assert read(route, callback).reference == submission.attempt_id


async def test_report_comes_again_until_it_is_taken(
    run_reporting: RunReporting, receiver: CallbackReceiver
) -> None:
    _, route = run_reporting()
    receiver.refusals = [503, 503, 500]
    await route.submit(text_to())
    callbacks = await receiver.wait_for(4)
    assert len({read(route, callback) for callback in callbacks}) == 1


async def test_what_is_reported_agrees_with_the_journal(
    run_reporting: RunReporting, receiver: CallbackReceiver
) -> None:
    """All faults at once, over 200 messages: whatever is believed is so."""
    names = ("never", "failed", "permanent", "duplicate", "shuffled", "early", "forged")
    rates = {f"{name}_pct": 10.0 for name in names}
    faults = FaultRates(refuse_pct=5, reset_pct=5, accept_and_drop_pct=5)
    sandbox, route = run_reporting(faults, **rates)
    submissions = [text_to(number, f"d-{number}") for number in range(200)]
    answers = await asyncio.gather(*map(route.submit, submissions), return_exceptions=True)
    assert all(isinstance(each, SendError) for each in answers if isinstance(each, Exception))
    counts = {
        each.attempt_id: count_reports(each.delivery_id, faults, ReceiptRates(**rates))
        for each in submissions
    }
    # more often where the machine is so slow that an answer of ours was not waited for
    callbacks = await receiver.wait_until(lambda seen: count_by_attempt(seen) >= Counter(counts))
    assert set(count_by_attempt(callbacks)) == {each for each, count in counts.items() if count}
    truth = {entry.reference: entry.is_delivered for entry in sandbox.journal()}
    deliveries = {each.attempt_id: each.delivery_id for each in submissions}
    told = fold_believed(route, callbacks)
    assert len(told) > 100
    assert {attempt_id: summary.state == "delivered" for attempt_id, summary in told.items()} == {
        attempt_id: truth[deliveries[attempt_id]] for attempt_id in told
    }


def count_by_attempt(callbacks: list[Callback]) -> Counter[str]:
    """Say how often each attempt was reported on."""
    return Counter(callback.query()["ref"] for callback in callbacks)


def count_reports(delivery_id: str, faults: FaultRates, rates: ReceiptRates) -> int:
    """Say how often a carrier with the seed of these tests reports on a first try."""
    tried = Try("alpha", delivery_id, 1)
    fate = draw_fate(SEED, tried, faults)
    if not fate.is_accepted:
        return 0
    match draw_receipt(SEED, tried, fate, rates).fault:
        case ReceiptFault.NEVER:
            return 0
        case ReceiptFault.DUPLICATE | ReceiptFault.SHUFFLED:
            return 2
        case _:
            return 1


def fold_believed(route: HttpSmsRoute, callbacks: list[Callback]) -> dict[str, ReceiptSummary]:
    """Fold what is signed as it should be, by attempt."""
    believed: defaultdict[str, list[ReceiptSummary]] = defaultdict(list)
    for callback in callbacks:
        try:
            receipt = read(route, callback)
        except ForgedCallbackError:
            continue
        assert receipt.reference is not None
        believed[receipt.reference].append(
            ReceiptSummary(receipt.state, receipt.level, receipt.is_permanent, receipt.code)
        )
    folded = {attempt_id: summarise(told) for attempt_id, told in believed.items()}
    return {attempt_id: summary for attempt_id, summary in folded.items() if summary}
