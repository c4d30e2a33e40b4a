"""Every fault of the sandbox through the real routes: what the sender is told, what was sent."""

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme

from rollcall.errors import OutcomeUnknownError, RecipientError, RouteError, SendError
from rollcall.routes.base import Route, Submission
from rollcall.sandbox.plan import CarrierPlan, MailPlan, SandboxPlan
from rollcall.sandbox.schedule import FaultRates
from tests.integration.routes.conftest import OpenRoute, RunSandbox

MakePlan = Callable[..., SandboxPlan]

REFUSE = FaultRates(refuse_pct=100)
THROTTLE = FaultRates(throttle_pct=100)
DROP = FaultRates(accept_and_drop_pct=100)
UNCLEAR = (
    [
        pytest.param(
            FaultRates(time_out_pct=100, taken_when_unclear_pct=taken), id=f"time_out-{taken}"
        )
        for taken in (0, 100)
    ]
    + [
        pytest.param(FaultRates(reset_pct=100, taken_when_unclear_pct=taken), id=f"reset-{taken}")
        for taken in (0, 100)
    ]
    + [
        pytest.param(
            FaultRates(garbage_pct=100, taken_when_unclear_pct=taken), id=f"garbage-{taken}"
        )
        for taken in (0, 100)
    ]
)


def sms_plan(**changes: Any) -> SandboxPlan:
    carrier = CarrierPlan(name="alpha", answer_timeout_s=0.3)
    return SandboxPlan(carriers=(replace(carrier, **changes),))


def mail_plan(**changes: Any) -> SandboxPlan:
    mail = MailPlan(name="alpha", answer_timeout_s=0.3)
    return SandboxPlan(mail_servers=(replace(mail, **changes),))


def text_to(route: Route, address: str | None = None) -> Submission:
    delivery_id = uuid.uuid4().hex
    return Submission(
        delivery_id=delivery_id,
        attempt_id=uuid.uuid4().hex,
        idempotency_key=f"{delivery_id}/{route.route_id}",
        address=address or ("+4912345678901" if route.channel == "sms" else "anna@example.net"),
        text='Überflutung: "bitte" antworten {to} \\ \n.',
        subject="Überflutung" if route.channel == "email" else None,
        html="<p>Überflutung</p>" if route.channel == "email" else None,
    )


BOTH = pytest.mark.parametrize("plan", [sms_plan, mail_plan])


@BOTH
async def test_accepted_message_is_in_the_journal_with_our_ids(
    plan: MakePlan, run_sandbox: RunSandbox, open_route: OpenRoute
) -> None:
    sandbox = run_sandbox(plan())
    route = open_route(sandbox, "alpha")
    submission = text_to(route)
    acceptance = await route.submit(submission)
    (entry,) = sandbox.journal()
    assert acceptance.provider_id == entry.provider_id
    assert (entry.reference, entry.address) == (submission.delivery_id, submission.address)
    assert entry.idempotency_key in (submission.idempotency_key, None)
    assert entry.is_delivered


@BOTH
@pytest.mark.parametrize(("faults", "fault"), [(REFUSE, "rejected"), (THROTTLE, "throttled")])
async def test_refused_message_was_not_sent(
    plan: MakePlan, faults: FaultRates, fault: str, run_sandbox: RunSandbox, open_route: OpenRoute
) -> None:
    sandbox = run_sandbox(plan(faults=faults))
    route = open_route(sandbox, "alpha")
    with pytest.raises(RouteError) as caught:
        await route.submit(text_to(route))
    assert caught.value.fault == fault
    assert sandbox.journal() == []


async def test_throttling_carrier_says_for_how_long(
    run_sandbox: RunSandbox, open_route: OpenRoute
) -> None:
    route = open_route(run_sandbox(sms_plan(faults=THROTTLE, retry_after_s=7)), "alpha")
    with pytest.raises(RouteError) as caught:
        await route.submit(text_to(route))
    assert caught.value.retry_after_s == 7


@BOTH
async def test_dropped_message_looks_accepted(
    plan: MakePlan, run_sandbox: RunSandbox, open_route: OpenRoute
) -> None:
    sandbox = run_sandbox(plan(faults=DROP))
    route = open_route(sandbox, "alpha")
    await route.submit(text_to(route))
    assert [entry.is_delivered for entry in sandbox.journal()] == [False]


@BOTH
@pytest.mark.parametrize("faults", UNCLEAR)
async def test_lost_answer_is_unknown_whether_it_was_taken_or_not(
    plan: MakePlan, faults: FaultRates, run_sandbox: RunSandbox, open_route: OpenRoute
) -> None:
    sandbox = run_sandbox(plan(faults=faults))
    route = open_route(sandbox, "alpha")
    with pytest.raises(OutcomeUnknownError):
        await route.submit(text_to(route))
    assert len(sandbox.journal()) == faults.taken_when_unclear_pct / 100


@pytest.mark.parametrize("faults", [FaultRates(reset_pct=100, taken_when_unclear_pct=100)])
async def test_repeat_with_the_same_key_is_recognised(
    faults: FaultRates, run_sandbox: RunSandbox, open_route: OpenRoute
) -> None:
    sandbox = run_sandbox(sms_plan(faults=faults))
    route = open_route(sandbox, "alpha")
    submission = text_to(route)
    with pytest.raises(OutcomeUnknownError):
        await route.submit(submission)
    acceptance = await route.submit(submission)
    assert [entry.provider_id for entry in sandbox.journal()] == [acceptance.provider_id]


async def test_carrier_without_idempotency_sends_again(
    run_sandbox: RunSandbox, open_route: OpenRoute
) -> None:
    sandbox = run_sandbox(sms_plan(honours_idempotency_key=False))
    route = open_route(sandbox, "alpha")
    submission = text_to(route)
    await route.submit(submission)
    await route.submit(submission)
    assert len(sandbox.journal()) == 2


@pytest.mark.parametrize(
    ("plan", "address"), [(sms_plan, "+4912345670000"), (mail_plan, "nobody.here@example.net")]
)
async def test_unknown_address_is_the_recipients_fault(
    plan: MakePlan, address: str, run_sandbox: RunSandbox, open_route: OpenRoute
) -> None:
    sandbox = run_sandbox(plan())
    route = open_route(sandbox, "alpha")
    with pytest.raises(RecipientError):
        await route.submit(text_to(route, address))
    assert sandbox.journal() == []


async def test_greylisted_mailbox_takes_the_second_try(
    run_sandbox: RunSandbox, open_route: OpenRoute
) -> None:
    sandbox = run_sandbox(mail_plan(greylist_pct=100))
    route = open_route(sandbox, "alpha")
    submission = text_to(route)
    with pytest.raises(RouteError) as caught:
        await route.submit(submission)
    assert caught.value.fault == "temporary"
    await route.submit(submission)
    assert len(sandbox.journal()) == 1


@BOTH
async def test_route_that_is_down_is_unavailable(
    plan: MakePlan, run_sandbox: RunSandbox, open_route: OpenRoute
) -> None:
    route = open_route(run_sandbox(plan(is_down=True)), "alpha")
    with pytest.raises(RouteError) as caught:
        await route.submit(text_to(route))
    assert caught.value.fault == "unavailable"
    with pytest.raises(RouteError) as caught:
        await route.check()
    assert caught.value.fault == "unavailable"


@BOTH
async def test_check_reaches_the_other_side_and_sends_nothing(
    plan: MakePlan, run_sandbox: RunSandbox, open_route: OpenRoute
) -> None:
    sandbox = run_sandbox(plan())
    assert "127.0.0.1 answers" in await open_route(sandbox, "alpha").check()
    assert sandbox.journal() == []


@BOTH
async def test_two_hundred_at_once_arrive_once_each(
    plan: MakePlan, run_sandbox: RunSandbox, open_route: OpenRoute
) -> None:
    sandbox = run_sandbox(plan(max_connections=200, answer_timeout_s=20.0))
    route = open_route(sandbox, "alpha")
    submissions = [text_to(route) for _ in range(200)]
    await asyncio.gather(*map(route.submit, submissions))
    arrived = [entry.reference for entry in sandbox.journal()]
    assert sorted(arrived) == sorted(each.delivery_id for each in submissions)


@pytest.fixture
def secure_mail(tmp_path: Path) -> MailPlan:
    authority = trustme.CA()
    served, trusted = tmp_path / "served.pem", tmp_path / "trusted.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(served)
    authority.cert_pem.write_to_path(trusted)
    return MailPlan(
        name="alpha", certificate_file=served, ca_file=trusted, username="crisis", password="secret"
    )


async def test_starttls_and_sign_in(
    secure_mail: MailPlan, run_sandbox: RunSandbox, open_route: OpenRoute
) -> None:
    sandbox = run_sandbox(SandboxPlan(mail_servers=(secure_mail,)))
    route = open_route(sandbox, "alpha")
    assert "starttls, signed in" in await route.check()
    await asyncio.gather(*(route.submit(text_to(route)) for _ in range(20)))
    assert len(sandbox.journal()) == 20


async def test_wrong_password_is_rejected(
    secure_mail: MailPlan, run_sandbox: RunSandbox, open_route: OpenRoute
) -> None:
    sandbox = run_sandbox(SandboxPlan(mail_servers=(secure_mail,)))
    told = sandbox.routes_file.read_text().replace('"secret"', '"mistyped"')
    sandbox.routes_file.write_text(told)
    with pytest.raises(RouteError) as caught:
        await open_route(sandbox, "alpha").check()
    assert (caught.value.fault, caught.value.provider_code) == ("rejected", "535 5.7.8")
    assert "mistyped" not in str(caught.value)


async def test_mail_server_nobody_vouches_for_is_never_used(
    secure_mail: MailPlan, run_sandbox: RunSandbox, open_route: OpenRoute
) -> None:
    sandbox = run_sandbox(SandboxPlan(mail_servers=(replace(secure_mail, ca_file=None),)))
    route = open_route(sandbox, "alpha")
    with pytest.raises(RouteError) as caught:
        await route.submit(text_to(route))
    assert caught.value.fault == "unavailable"
    assert sandbox.journal() == []


async def test_mixed_faults_are_told_truthfully(
    run_sandbox: RunSandbox, open_route: OpenRoute
) -> None:
    """Whatever befalls 300 tries: told accepted means sent, told refused means not sent."""
    faults = FaultRates(
        refuse_pct=15, throttle_pct=15, accept_and_drop_pct=10, reset_pct=15, garbage_pct=15
    )
    sandbox = run_sandbox(sms_plan(faults=faults, max_connections=30, answer_timeout_s=10.0))
    route = open_route(sandbox, "alpha")
    submissions = [text_to(route) for _ in range(300)]
    told = await asyncio.gather(*map(route.submit, submissions), return_exceptions=True)
    sent = {entry.reference for entry in sandbox.journal()}
    for submission, answer in zip(submissions, told, strict=True):
        if isinstance(answer, OutcomeUnknownError):
            continue
        assert (submission.delivery_id in sent) == (not isinstance(answer, SendError))
    assert {type(answer).__name__ for answer in told} == {
        "Acceptance", "RouteError", "OutcomeUnknownError"
    }  # fmt: skip
