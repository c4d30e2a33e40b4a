"""All starts anew after a standstill, Prefect on SQLite: many runs are late, and one is clicked."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from rollcall.sandbox.plan import make_plan
from rollcall.sandbox.servers import start_sandbox
from tests.e2e.conftest import ROLLCALL, Rollcall, await_prefect, wait_until
from tests.e2e.prefect_api import (
    FINAL,
    ask,
    await_end,
    filter_runs,
    is_deployed,
    read_run,
)
from tests.e2e.test_dispatcher import dispatcher, end, log_of
from tests.ports import find_free_port

UPKEEP = ("resume-sends", "chase-answers", "run-check-ins")
CLICKED = "apply-retention"
LATE_EACH = 30


@pytest.fixture
def sandbox(rollcall: Rollcall) -> Iterator[None]:
    with start_sandbox(make_plan("clean", seed=1), rollcall.folder / "sandbox"):
        yield


@pytest.mark.usefixtures("sandbox")
def test_late_runs_lock_nobody_out_and_a_click_does_not_wait_for_them(rollcall: Rollcall) -> None:
    port = find_free_port()
    address = f"http://127.0.0.1:{port}/api"
    rollcall.env["PREFECT_API_URL"] = address
    with _server(rollcall, port, "before"):
        with dispatcher(rollcall, "deploys"):
            wait_until(lambda: is_deployed(address, CLICKED), 60, "all is deployed")
        late = [run_id for name in UPKEEP for run_id in _make_late(address, name)]
    with _server(rollcall, port, "after"), dispatcher(rollcall, "serves"):
        wait_until(lambda: _has_begun(address, late), 60, "the first of them is taken")
        clicked = _click(address)
        await_end(address, clicked)
        wait_until(lambda: _states(address, late) <= FINAL, 120, "all have ended")
        begun_at = read_run(address, clicked)["start_time"]
        oldest = [late[(number + 1) * LATE_EACH - 1] for number in range(len(UPKEEP))]
        ended_at = [one["state"]["timestamp"] for one in _read(address, oldest)]
    assert max(ended_at) > begun_at, "the click waited for all of them"
    assert "database is locked" not in log_of(rollcall, "after").read_text()


@contextmanager
def _server(rollcall: Rollcall, port: int, name: str) -> Iterator[None]:
    """Run Prefect's server as an operator does, on its own SQLite."""
    with log_of(rollcall, name).open("w") as log:
        process = subprocess.Popen(
            [*ROLLCALL, "server", "--port", str(port)],
            env=rollcall.env | {"PREFECT_SERVER_LOG_RETRYABLE_ERRORS": "true"},
            stdout=log,
            stderr=log,
            text=True,
        )

    try:
        await_prefect(f"http://127.0.0.1:{port}/api")
        yield
    finally:
        end(process)


def _click(address: str) -> str:
    """Start a run as a click does: once, and who clicks is to see no error."""
    found = ask("GET", f"{address}/deployments/name/{CLICKED}/{CLICKED}")
    url = f"{address}/deployments/{found['id']}/create_flow_run"
    answer = httpx.post(url, json={}, timeout=60)
    assert answer.is_success, answer.text
    run_id: str = answer.json()["id"]
    return run_id


def _make_late(address: str, name: str) -> list[str]:
    """Make runs that were due one a minute, up to now."""
    found = ask("GET", f"{address}/deployments/name/{name}/{name}")
    url = f"{address}/deployments/{found['id']}/create_flow_run"
    due = [datetime.now(UTC) - timedelta(minutes=ago) for ago in range(1, LATE_EACH + 1)]
    return [ask("POST", url, {"state": _scheduled(at)})["id"] for at in due]


def _scheduled(at: datetime) -> dict[str, object]:
    return {"type": "SCHEDULED", "state_details": {"scheduled_time": at.isoformat()}}


def _read(address: str, run_ids: list[str]) -> list[dict[str, Any]]:
    return filter_runs(address, flow_runs={"id": {"any_": run_ids}})


def _states(address: str, run_ids: list[str]) -> set[str]:
    return {run["state_type"] for run in _read(address, run_ids)}


def _has_begun(address: str, run_ids: list[str]) -> bool:
    return _states(address, run_ids) != {"SCHEDULED"}
