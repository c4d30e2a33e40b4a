"""Deployments are made without questions, and what an administrator changed since stays."""

import subprocess
import sys

import httpx

from tests.e2e.conftest import Rollcall
from tests.e2e.prefect_api import ask

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
