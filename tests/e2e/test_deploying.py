"""Deployments are made without questions, and what an administrator changed since stays."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx

from rollcall.sandbox.plan import make_plan
from rollcall.sandbox.servers import start_sandbox
from tests.e2e.conftest import Rollcall, wait_until
from tests.e2e.prefect_api import ask
from tests.ports import find_free_port

DEPLOY = (
    "import asyncio, pathlib, sys; from rollcall.dispatcher.deploying import deploy;"
    "print(asyncio.run(deploy(pathlib.Path(sys.argv[1]))))"
)


def deploy(rollcall: Rollcall, address: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", DEPLOY, str(rollcall.folder)],
        env=rollcall.env | {"PREFECT_API_URL": address},
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
    )
    return done.stdout.strip().splitlines()[-1]


def schedules_of(address: str, name: str) -> set[str | None]:
    told = ask("GET", f"{address}/deployments/name/{name}/{name}")["schedules"]
    return {one["slug"] for one in told}


def pool_of(address: str, name: str) -> str | None:
    told = ask("GET", f"{address}/deployments/name/{name}/{name}")
    pool: str | None = told["work_pool_name"]
    return pool


def test_deploying_anew_keeps_schedules_that_were_added_and_those_that_were_paused(
    rollcall: Rollcall, prefect_server: str
) -> None:
    deploy(rollcall, prefect_server)
    send = ask("GET", f"{prefect_server}/deployments/name/send-message/send-message")["id"]
    added = {"schedule": {"interval": 86_400.0}, "slug": "added", "active": False}
    nameless = {"schedule": {"interval": 172_800.0}, "active": False}
    ask("POST", f"{prefect_server}/deployments/{send}/schedules", [added, nameless])
    drill = ask("GET", f"{prefect_server}/deployments/name/open-chat/monthly-drill")
    [armed] = drill["schedules"]
    url = f"{prefect_server}/deployments/{drill['id']}/schedules/{armed['id']}"
    httpx.patch(url, json={"active": True}, timeout=30).raise_for_status()

    assert deploy(rollcall, prefect_server) == "False"
    url = f"{prefect_server}/variables/name/rollcall_deployed"
    httpx.delete(url, timeout=30).raise_for_status()
    assert deploy(rollcall, prefect_server) == "True"

    assert schedules_of(prefect_server, "send-message") >= {"added", None}
    drill = ask("GET", f"{prefect_server}/deployments/name/open-chat/monthly-drill")
    assert [(one["slug"], one["active"]) for one in drill["schedules"]] == [
        ("first-of-month", True)
    ]
    url = f"{prefect_server}/deployments/{drill['id']}/schedules/{drill['schedules'][0]['id']}"
    httpx.patch(url, json={"active": False}, timeout=30).raise_for_status()


Health = Callable[[], httpx.Response]


@contextmanager
def dispatcher(rollcall: Rollcall, address: str) -> Iterator[Health]:
    """Run a dispatcher that answers; yields what asks for its health."""
    port = find_free_port()
    rollcall.env.update(PREFECT_API_URL=address, ROLLCALL_PORTS__DISPATCHER=str(port))
    with start_sandbox(make_plan("clean", seed=1), rollcall.folder / "sandbox"):
        pass  # its routes are all that a dispatcher needs that sends nothing

    def health() -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=10)

    process = rollcall.start("dispatcher", "--metrics-port", str(port))
    try:
        wait_until(lambda: _answers(health), 60, "it answers")
        yield health
    finally:
        process.terminate()
        process.wait(timeout=30)


def _answers(ask_health: Health) -> bool:
    try:
        return ask_health().is_success
    except httpx.HTTPError:
        return False


def _await_made(health: Health) -> None:
    wait_until(lambda: health().json()["deployments"] == "made", 180, "all is deployed")


def test_dispatcher_that_cannot_deploy_says_so_to_status_and_health_until_it_can(
    rollcall: Rollcall, prefect_server: str
) -> None:
    httpx.delete(f"{prefect_server}/variables/name/rollcall_deployed", timeout=30)
    in_the_way = rollcall.folder / "data" / "prefect-schedules.draft"
    in_the_way.mkdir(parents=True)

    def status() -> tuple[bool, str]:
        told = json.loads(rollcall.run("status", "--format", "json").stdout)
        [found] = [one for one in told["findings"] if one["part"] == "dispatcher"]
        return found["is_good"], found["told"]

    with dispatcher(rollcall, prefect_server) as health:
        wait_until(lambda: health().status_code == 503, 120, "it has failed to deploy twice")
        assert health().json()["deployments"] == "failing"
        wait_until(lambda: "Prefect undeployed" in status()[1], 30, "status knows")
        assert not status()[0]
        in_the_way.rmdir()
        wait_until(lambda: health().status_code == 200, 180, "it has deployed")
        assert health().json()["deployments"] == "made"
        wait_until(lambda: status()[0], 30, "status knows that, too")


def test_pool_that_is_deleted_is_made_anew_with_all_deployments(
    rollcall: Rollcall, prefect_server: str
) -> None:
    name = "chase-answers"
    with dispatcher(rollcall, prefect_server) as health:
        _await_made(health)
        httpx.delete(f"{prefect_server}/work_pools/sends", timeout=30).raise_for_status()
        assert pool_of(prefect_server, name) is None
        wait_until(lambda: pool_of(prefect_server, name) == "sends", 120, "it is made anew")
        _await_made(health)
