"""Make the work pool and the deployments of `prefect.yaml`, without questions, again and again.

What an administrator has changed in Prefect since stays: a schedule that was paused stays paused,
one that was added stays.
"""

import asyncio
import hashlib
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate, WorkPoolCreate
from prefect.client.schemas.objects import DeploymentSchedule
from prefect.exceptions import ObjectAlreadyExists
from prefect.variables import Variable

from rollcall import __version__
from rollcall.dispatcher.pool_side import POOL
from rollcall.errors import ConfigError
from rollcall.settings import PROJECT_FOLDER

DEPLOYED: Final = "rollcall_deployed"
"""The variable in Prefect that says what was deployed last."""

_DESCRIBED_IN: Final = ("flows", "rollcall/domain/forms")
"""Where what the run form shows is written."""

DEPLOY_WITHIN_S: Final = 120.0


async def deploy(folder: Path) -> bool:
    """Deploy what is not deployed yet, as this version has it; return whether anything was.

    Schedules are written down before and restored after; also by the next call, where this one is
    cut off between.

    Args:
        folder: Where they are written down meanwhile.

    Raises:
        ConfigError: `prefect deploy` did not do it; tells its last line.
    """
    kept = folder / "prefect-schedules.json"
    async with get_client() as client:
        await _make_pool(client)
        digest = _digest()
        if await Variable.aget(DEPLOYED) == digest and not kept.exists():
            return False
        if not kept.exists():
            _write_down(kept, await _read_schedules(client))
        await _run_deploy()
        await _restore_schedules(client, _read_written(kept))
        kept.unlink()
        await Variable.aset(DEPLOYED, digest, overwrite=True)
        return True


def _write_down(path: Path, schedules: dict[UUID, list[DeploymentSchedule]]) -> None:
    told = {
        str(deployment_id): [one.model_dump(mode="json") for one in of_it]
        for deployment_id, of_it in schedules.items()
    }
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(told), "utf-8")
    draft.replace(path)


def _read_written(path: Path) -> dict[UUID, list[DeploymentSchedule]]:
    return {
        UUID(deployment_id): [DeploymentSchedule.model_validate(one) for one in of_it]
        for deployment_id, of_it in json.loads(path.read_text("utf-8")).items()
    }


async def _make_pool(client: PrefectClient) -> None:
    # of type `process`: an ordinary worker can serve it too
    try:
        await client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
    except ObjectAlreadyExists:
        return


def _digest() -> str:
    """Return what distinguishes one deployment from another: version, folder, flows and forms."""
    described = [PROJECT_FOLDER / "prefect.yaml"]
    for folder in _DESCRIBED_IN:
        described += sorted((PROJECT_FOLDER / folder).glob("*.py"))
    told = [str(PROJECT_FOLDER).encode(), __version__.encode()]
    told += [path.read_bytes() for path in described]
    return hashlib.sha256(b"\n".join(told)).hexdigest()


async def _run_deploy() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"),
        cwd=PROJECT_FOLDER,
        env=os.environ | {"PWD": str(PROJECT_FOLDER)},
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        told, _ = await asyncio.wait_for(process.communicate(), DEPLOY_WITHIN_S)
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise ConfigError(f"`prefect deploy` took more than {DEPLOY_WITHIN_S:.0f} s") from error
    if process.returncode:
        lines = told.decode(errors="replace").strip().splitlines() or ["it said nothing"]
        raise ConfigError(f"`prefect deploy` failed: {lines[-1].strip()}")


async def _read_schedules(client: PrefectClient) -> dict[UUID, list[DeploymentSchedule]]:
    return {
        one.id: await client.read_deployment_schedules(one.id)
        for one in await client.read_deployments()
    }


async def _restore_schedules(
    client: PrefectClient, before: dict[UUID, list[DeploymentSchedule]]
) -> None:
    for deployment_id, schedules in before.items():
        now = await client.read_deployment_schedules(deployment_id)
        for schedule in schedules:
            await _restore(client, deployment_id, schedule, _find(schedule, now))


def _find(
    schedule: DeploymentSchedule, among: Sequence[DeploymentSchedule]
) -> DeploymentSchedule | None:
    """Return the same schedule: of the same slug or, without one, of the same moments."""
    for one in among:
        if one.slug == schedule.slug and (schedule.slug or one.schedule == schedule.schedule):
            return one
    return None


async def _restore(
    client: PrefectClient,
    deployment_id: UUID,
    schedule: DeploymentSchedule,
    now: DeploymentSchedule | None,
) -> None:
    if now is None:
        again: Any = DeploymentScheduleCreate(
            schedule=schedule.schedule,
            active=schedule.active,
            slug=schedule.slug,
            parameters=schedule.parameters,
        )
        await client.create_deployment_schedules(deployment_id, [again])
    elif now.active != schedule.active:
        await client.update_deployment_schedule(deployment_id, now.id, active=schedule.active)
