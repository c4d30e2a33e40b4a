"""The API of a Prefect server, asked as its UI asks it."""

from http import HTTPStatus
from typing import Any

import httpx

from tests.e2e.conftest import wait_until

FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


def ask(method: str, url: str, told: Any = None) -> Any:
    """Ask the server as Prefect's own client does: while its database is locked it answers 503."""
    answers: list[httpx.Response] = []

    def is_answered() -> bool:
        answers.append(httpx.request(method, url, json=told, timeout=60))
        return answers[-1].status_code != HTTPStatus.SERVICE_UNAVAILABLE

    wait_until(is_answered, 60, "the Prefect server answers")
    return answers[-1].raise_for_status().json()


def filter_runs(address: str, name: str = "flow_runs", **query: Any) -> list[dict[str, Any]]:
    """Return `flow_runs` or `task_runs`."""
    runs: list[dict[str, Any]] = ask("POST", f"{address}/{name}/filter", query)
    return runs


def runs_named(address: str, name: str) -> list[dict[str, Any]]:
    """Return the flow runs of a name."""
    return filter_runs(address, flow_runs={"name": {"any_": [name]}})


def start_deployment(address: str, name: str, **parameters: Any) -> str:
    """Start a run of a deployment that is named as its flow, as a click does; return its id."""
    found = ask("GET", f"{address}/deployments/name/{name}/{name}")
    url = f"{address}/deployments/{found['id']}/create_flow_run"
    run_id: str = ask("POST", url, {"parameters": parameters})["id"]
    return run_id


def is_deployed(address: str, name: str) -> bool:
    """Tell whether there is a deployment that is named as its flow."""
    return httpx.get(f"{address}/deployments/name/{name}/{name}", timeout=60).is_success


def cancel(address: str, run_id: str) -> None:
    """Cancel a run, as the UI does."""
    ask("POST", f"{address}/flow_runs/{run_id}/set_state", {"state": {"type": "CANCELLING"}})


def suspend(address: str, run_id: str) -> None:
    """Suspend a run, as the UI does: its process is to end, and may be started again."""
    paused = {"type": "PAUSED", "name": "Suspended", "state_details": {"pause_reschedule": True}}
    answer = ask("POST", f"{address}/flow_runs/{run_id}/set_state", {"state": paused})
    assert answer["status"] == "ACCEPT", answer


def resume(address: str, run_id: str) -> None:
    """Let a run that was suspended go on, as the UI does."""
    ask("POST", f"{address}/flow_runs/{run_id}/resume", {})


def read_run(address: str, run_id: str) -> dict[str, Any]:
    """Return one flow run."""
    run: dict[str, Any] = ask("GET", f"{address}/flow_runs/{run_id}")
    return run


def state_of(address: str, run_id: str) -> str:
    """Return the type of a run's state."""
    state: str = read_run(address, run_id)["state_type"]
    return state


def await_end(address: str, *run_ids: str, state: str = "COMPLETED") -> None:
    """Wait until runs have ended in a state; fail when one ends in another, and say which."""

    def have_ended() -> bool:
        states = [read_run(address, one)["state"] for one in run_ids]
        others = [one for one in states if one["type"] in FINAL - {state}]
        assert not others, f"runs are to end as {state}: {others}"
        return {one["type"] for one in states} == {state}

    wait_until(have_ended, 120, f"the flow runs end as {state}")
