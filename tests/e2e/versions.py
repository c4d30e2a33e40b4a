"""Versions of the project whose `prefect.yaml` differs, and what Prefect has once they deploy."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import yaml  # type: ignore[import-untyped]

from rollcall.settings import PROJECT_FOLDER
from tests.e2e.conftest import Rollcall
from tests.e2e.prefect_api import ask

Said = dict[str, Any]

DEPLOY = (
    "import asyncio; from rollcall.dispatcher.deploying import deploy;"
    "print(asyncio.run(deploy(print)))"
)

SLOW = """
import asyncio
from prefect.client.orchestration import PrefectClient
from rollcall.dispatcher.deploying import deploy

update = PrefectClient.update_deployment

async def update_and_wait(self, deployment_id, said):
    await update(self, deployment_id, said)
    await asyncio.sleep(4 if said.description == "Slowly." else 0)

PrefectClient.update_deployment = update_and_wait
print(asyncio.run(deploy(print)))
"""
"""Deploys, and takes 4 s where a deployment is described so."""


_WRITING = """
import asyncio, os
from prefect.client.orchestration import PrefectClient
from rollcall.dispatcher.deploying import deploy

write = PrefectClient.{method}

async def write_otherwise(self, deployment_id, told):
    answer = await write(self, deployment_id, told)
    if getattr(told, "schedules", told):
        {then}
    return answer

PrefectClient.{method} = write_otherwise
print(asyncio.run(deploy(print)))
"""


def dying_in(method: str) -> str:
    """Return a program that deploys, and dies as soon as a method has changed schedules."""
    return _WRITING.format(method=method, then="os._exit(9)")


WRITING_TWICE = _WRITING.format(
    method="update_deployment", then="await write(self, deployment_id, told)"
)
"""Deploys where another one is always first."""


def start(
    rollcall: Rollcall, address: str, folder: Path = PROJECT_FOLDER, program: str = DEPLOY
) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=folder,
        env=rollcall.env | {"PREFECT_API_URL": address, "PYTHONPATH": str(folder)},
        stdout=subprocess.PIPE,
        text=True,
    )


def finish(deploying: "subprocess.Popen[str]", code: int = 0) -> list[str]:
    told, _ = deploying.communicate(timeout=180)
    assert deploying.returncode == code
    return told.strip().splitlines()


def deploy(rollcall: Rollcall, address: str, folder: Path = PROJECT_FOLDER) -> list[str]:
    return finish(start(rollcall, address, folder))


def make_version(folder: Path, change: Callable[[dict[str, Said]], None]) -> Path:
    """Copy the project as another version of it, whose `prefect.yaml` says something else."""
    for name in ("rollcall", "flows", "tasks"):
        shutil.copytree(PROJECT_FOLDER / name, folder / name, ignore=lambda *_: ["__pycache__"])
    said = yaml.safe_load((PROJECT_FOLDER / "prefect.yaml").read_text("utf-8"))
    change({one["name"]: one for one in said["deployments"]})
    (folder / "prefect.yaml").write_text(yaml.safe_dump(said), "utf-8")
    return folder


def read(address: str, name: str) -> Said:
    found: Said = ask("GET", f"{address}/deployments/name/{name}")
    return found


def patch(url: str, said: Said) -> None:
    httpx.patch(url, json=said, timeout=30).raise_for_status()


def slugs_of(address: str, name: str) -> list[str]:
    return sorted(one["slug"] for one in read(address, name)["schedules"])


def at(moment: str) -> datetime:
    return datetime.fromisoformat(moment)


def list_planned(address: str, name: str) -> list[str]:
    """Return for when the runs of a deployment are planned."""
    runs = ask("POST", f"{address}/flow_runs/filter", {"deployments": {"name": {"any_": [name]}}})
    return [one["expected_start_time"] for one in runs]


def rename_schedule(said: dict[str, Said], slug: str = "each-night") -> None:
    """Give the schedule of `apply-retention` another name."""
    said["apply-retention"]["schedules"][0]["slug"] = slug
