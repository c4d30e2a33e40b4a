from datetime import UTC, datetime
from pathlib import Path

import pytest

from rollcall.domain.failure_notice import ScheduleFailure
from rollcall.errors import ConfigError
from rollcall.ledger.audiences import read_frozen_audience
from rollcall.ledger.log import list_messages
from rollcall.sandbox.plan import CarrierPlan, SandboxPlan, make_plan
from rollcall.sandbox.servers import start_sandbox
from rollcall.sending.administrators import accept_failure_notice
from tests.integration.sending.apps import MovedClock, deliver, open_app

DUTY = ("duty@example.org", "chief@example.org")
FAILURE = ScheduleFailure(
    occurrence="scheduled 1 2 2026-12-01",
    name="morning",
    planned_at=datetime(2026, 12, 1, 6, tzinfo=UTC),
    reason="there is no template {{ name }} {% nor %} this one",
    template="Morn{{ing",
)


async def test_a_failure_is_told_once_over_our_own_routes_and_needs_no_source(
    ledger_url: str, tmp_path: Path
) -> None:
    with start_sandbox(make_plan("clean", seed=1), tmp_path) as sandbox:
        async with open_app(tmp_path, ledger_url, sandbox.routes_file, MovedClock()) as app:
            told_id = accept_failure_notice(app.steps, DUTY, FAILURE)
            assert told_id is not None
            assert accept_failure_notice(app.steps, DUTY[:1], FAILURE) == told_id
            report = await deliver(app, told_id)
            [message] = list_messages(app.ledger)
            frozen = read_frozen_audience(app.ledger, told_id)
        taken = sandbox.journal()

    assert (report.state, report.counts) == ("sent", {"email": {"accepted": 2}})
    assert sorted(one.address for one in taken) == sorted(DUTY)
    assert message.request["content"]["subject"] == "Schedule failed: morning"
    assert frozen.is_intact
    assert [one.person_id for one in frozen.recipients] == ["administrator-1", "administrator-2"]


async def test_without_addresses_nobody_is_told(ledger_url: str, tmp_path: Path) -> None:
    with start_sandbox(make_plan("clean", seed=1), tmp_path) as sandbox:
        async with open_app(tmp_path, ledger_url, sandbox.routes_file, MovedClock()) as app:
            assert accept_failure_notice(app.steps, (), FAILURE) is None
            assert list_messages(app.ledger) == []


async def test_without_a_route_for_email_it_is_said(ledger_url: str, tmp_path: Path) -> None:
    only_sms = SandboxPlan(carriers=(CarrierPlan(name="alpha"),))
    with start_sandbox(only_sms, tmp_path) as sandbox:
        async with open_app(tmp_path, ledger_url, sandbox.routes_file, MovedClock()) as app:
            with pytest.raises(ConfigError, match="no route is configured for email"):
                accept_failure_notice(app.steps, DUTY, FAILURE)
