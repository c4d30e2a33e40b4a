"""A run of a deployment gives signs of life from its beginning, whoever runs it."""

import asyncio
import inspect
import shutil
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prefect.client.schemas.objects import FlowRun
from sqlalchemy import text

from rollcall.clock import SystemClock
from rollcall.dispatcher.flows import load_flows
from rollcall.errors import InputError, LedgerError
from rollcall.ledger.ended_runs import list_untold
from rollcall.ledger.engine import Ledger, open_ledger
from rollcall.ledger.run_tables import Run
from rollcall.ledger.runs import list_flow_runs
from rollcall.sending.run_lease import RunLease
from tasks.current_run import standing_for
from tasks.working import under_lease
from tests.flows.scheduled_runs import make_run

NOW = SystemClock().now()
RUN: FlowRun = make_run(NOW).model_copy(update={"deployment_id": uuid.uuid4()})


@pytest.fixture
def ledger(
    migrated_sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Ledger]:
    """The ledger of the settings."""
    monkeypatch.setenv("ROLLCALL_DATA_DIR", str(tmp_path))
    opened = open_ledger(f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'ledger.db')}")
    yield opened
    opened.close()


def app_of(ledger: Ledger) -> Any:
    return SimpleNamespace(ledger=ledger, clock=SystemClock())


@pytest.mark.parametrize("has_app", [True, False])
async def test_a_run_is_under_a_lease_while_it_goes_on(ledger: Ledger, has_app: bool) -> None:
    with standing_for(RUN):
        async with under_lease(app_of(ledger) if has_app else None):
            assert list_flow_runs(ledger) == {str(RUN.id): None}
            assert list_untold(ledger, SystemClock().now()) == []
    [ended] = list_untold(ledger, SystemClock().now() + timedelta(minutes=1))
    assert (ended.flow_run_id, ended.is_lost) == (str(RUN.id), False)


@pytest.mark.parametrize(
    ("error", "end"), [(InputError("no template"), "failed"), (asyncio.CancelledError(), "lost")]
)
async def test_a_run_whose_process_is_told_to_end_is_lost_and_one_with_a_fault_is_not(
    ledger: Ledger, error: BaseException, end: str
) -> None:
    with standing_for(RUN), pytest.raises(type(error)):
        async with under_lease(app_of(ledger)):
            raise error
    with ledger.read() as connection:
        assert connection.execute(Run.__table__.select()).one().end == end


async def test_a_run_that_its_dispatcher_has_under_a_lease_begins_none(ledger: Ledger) -> None:
    async with RunLease(ledger, SystemClock(), flow_run_id=str(RUN.id)):
        with standing_for(RUN):
            async with under_lease(app_of(ledger)):
                assert count_leases(ledger) == 1
    with standing_for(RUN):
        async with under_lease(app_of(ledger)):
            assert count_leases(ledger) == 1


async def test_a_run_of_no_deployment_and_bare_steps_begin_none(ledger: Ledger) -> None:
    async with under_lease(app_of(ledger)):
        assert count_leases(ledger) == 0
    with standing_for(make_run(NOW)):
        async with under_lease(app_of(ledger)):
            assert count_leases(ledger) == 0


async def test_upkeep_goes_on_where_no_ledger_can_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLCALL_DATA_DIR", str(tmp_path / "file"))
    (tmp_path / "file").touch()
    has_gone_on = False
    with standing_for(RUN):
        async with under_lease():
            has_gone_on = True
    assert has_gone_on


async def test_upkeep_goes_on_where_the_ledger_refuses_the_lease(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    with ledger.write() as connection:
        connection.execute(text("DROP TABLE runs"))
    has_gone_on = False
    with standing_for(RUN):
        async with under_lease():
            has_gone_on = True
        with pytest.raises(LedgerError):
            async with under_lease(app_of(ledger)):
                pass
    assert has_gone_on
    [told] = [vars(one)["reason"] for one in caplog.records if one.msg == "a run has no lease"]
    assert "no such table: runs" in told


def test_every_flow_begins_one() -> None:
    for flow in load_flows().values():
        assert "under_lease(" in inspect.getsource(flow.fn), flow.name


def count_leases(ledger: Ledger) -> int:
    held = Run.__table__.select().where(Run.lease_until.is_not(None))
    with ledger.read() as connection:
        return len(connection.execute(held).all())
