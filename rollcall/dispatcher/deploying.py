"""Make the work pool and the deployments of `prefect.yaml`, without questions, again and again.

What an administrator has changed in Prefect since stays: parameters and schedules of a deployment
are written only while they are as the file had them. `prefect deploy` would set them back, and
would then fire what somebody has armed with another text, at other people.

Nothing of theirs is taken away to be put back: to be cut off anywhere, or to be done by several at
once, loses none of it. Every state that a deployment goes through while it is brought up to date is
noted to be ours beforehand, so that whoever goes on does not take it for somebody's change.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import (
    DeploymentScheduleCreate,
    DeploymentScheduleUpdate,
    DeploymentUpdate,
    WorkPoolCreate,
)
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateName,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import DeploymentSchedule
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound, PrefectHTTPStatusError
from prefect.utilities.schema_tools import validate
from prefect.variables import Variable

from rollcall import __version__
from rollcall.dispatcher.pool_side import POOL
from rollcall.dispatcher.prefect_file import (
    FILE,
    FiledDeployment,
    PrefectFile,
    read_prefect_file,
    sign_found,
)
from rollcall.errors import ConfigError
from rollcall.settings import PROJECT_FOLDER
from tasks.lateness import LATEST

DEPLOYED: Final = "rollcall_deployed"
"""The variable in Prefect that says what was deployed last; with `_` and the id of a deployment,
signatures of the parameters and schedules that we have left there, or are about to."""

_DESCRIBED_IN: Final = ("flows", "rollcall/domain/forms")
"""Where what the run form shows is written."""

_REFUSALS: Final = (HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY)
"""How Prefect answers to a deployment that cannot be."""


async def deploy(tell: Callable[[str], None]) -> bool:
    """Deploy what is not deployed yet, as this version has it; return whether anything was.

    Args:
        tell: Takes a sentence for whoever watches, where something differs from the file.

    Raises:
        ConfigError: The file cannot be deployed; says why.
        HTTPError: Prefect does not answer.
    """
    async with get_client() as client:
        is_new = await _make_pool(client)
        digest = await asyncio.to_thread(_digest)
        if not is_new and await Variable.aget(DEPLOYED) == digest:
            return False
        filed = await asyncio.to_thread(read_prefect_file, PROJECT_FOLDER)
        await forget_deployed()  # where this is cut off, the version before has to deploy, too
        for one in filed.deployments:
            await _deploy(client, filed, one, tell)
        await _note(DEPLOYED, digest)
        return True


async def forget_deployed() -> None:
    """Have Prefect forget what was deployed, so that it is deployed once more."""
    await Variable.aunset(DEPLOYED)


async def _make_pool(client: PrefectClient) -> bool:
    """Make the work pool; return whether there was none: then no deployment belongs to it."""
    # of type `process`: an ordinary worker can serve it too
    try:
        await client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
    except ObjectAlreadyExists:
        return False
    return True


def _digest() -> str:
    """Return what distinguishes one deployment from another: version, folder, flows and forms."""
    described = [PROJECT_FOLDER / FILE]
    for folder in _DESCRIBED_IN:
        described += sorted((PROJECT_FOLDER / folder).glob("*.py"))
    told = [str(PROJECT_FOLDER).encode(), __version__.encode()]
    told += [path.read_bytes() for path in described]
    return hashlib.sha256(b"\n".join(told)).hexdigest()


async def _note(name: str, value: str) -> None:
    try:
        await Variable.aset(name, value, overwrite=True)
    except ObjectAlreadyExists:  # another dispatcher noted it just now
        await Variable.aset(name, value, overwrite=True)


async def _deploy(
    client: PrefectClient,
    filed: PrefectFile,
    one: FiledDeployment,
    tell: Callable[[str], None],
) -> None:
    """Deploy one, and have its next runs made at once: Prefect takes them back at each change.

    They are made from the moment before, so that one which becomes due meanwhile is not left out.

    Raises:
        ConfigError: Prefect refuses it.
    """
    since = datetime.now(UTC)
    frame = await asyncio.to_thread(one.make_frame, filed.pull)
    try:
        try:
            found = await client.read_deployment_by_name(one.full_name)
        except ObjectNotFound:
            deployment_id, is_paused = await _create(client, one, frame), False
        else:
            deployment_id, is_paused = found.id, found.paused
            await _update(client, one, frame, found, tell)
    except PrefectHTTPStatusError as error:
        if error.response.status_code not in _REFUSALS:
            raise
        told = str(error.response.json().get("detail", "it does not say why"))
        raise ConfigError(f"Prefect refuses deployment {one.full_name!r}: {told}") from error
    if not is_paused:  # Prefect would make runs of a paused one, too, and hand them out
        await _plan(client, deployment_id, since)


async def _plan(client: PrefectClient, deployment_id: UUID, since: datetime) -> None:
    """Have the next runs made, as of a moment; those that are there are not made twice."""
    where, told = {"id": deployment_id}, {"start_time": since.isoformat()}
    await client.request("POST", "/deployments/{id}/schedule", path_params=where, json=told)


async def _create(client: PrefectClient, one: FiledDeployment, frame: dict[str, Any]) -> UUID:
    flow_id = await client.create_flow_from_name(one.flow.name)
    schedules = [DeploymentScheduleCreate(**fields) for fields in one.make_schedules(flow_id)]
    said: dict[str, Any] = {"parameters": one.parameters, "schedules": schedules}
    deployment_id = await client.create_deployment(flow_id, one.name, **frame, **said)
    await _note(f"{DEPLOYED}_{deployment_id}", one.sign(flow_id))
    return deployment_id


async def _update(
    client: PrefectClient,
    one: FiledDeployment,
    frame: dict[str, Any],
    found: DeploymentResponse,
    tell: Callable[[str], None],
) -> None:
    """Bring what a new version brings; parameters and schedules only where nobody changed them."""
    name = f"{DEPLOYED}_{found.id}"
    noted, wanted = await Variable.aget(name), one.sign(found.flow_id)
    now = sign_found(found)
    if now == wanted:
        await client.update_deployment(found.id, DeploymentUpdate(**frame))
    elif now in str(noted).split() or (noted is None and one.is_said_by(found)):
        await _write_all(client, one, frame, found)
    else:
        if noted != wanted:
            tell(f"{one.full_name} stays as it was changed in Prefect: {FILE} says otherwise")
        await _write_around(client, one, frame, found, tell)
        return
    await _note(name, wanted)


async def _write_around(
    client: PrefectClient,
    one: FiledDeployment,
    frame: dict[str, Any],
    found: DeploymentResponse,
    tell: Callable[[str], None],
) -> None:
    """Leave what was changed in Prefect; where it cannot be, nothing fires any more."""
    schema = one.form if one.enforce_parameter_schema else {}
    if validate(found.parameters, schema, ignore_required=True):
        tell(
            f"{one.full_name} has parameters in Prefect that do not fit this version's form: "
            f"they are those of {FILE} now, and its schedules are off"
        )
        await _switch_off(client, found)
        frame = frame | {"parameters": one.parameters}
    await client.update_deployment(found.id, DeploymentUpdate(**frame))


async def _write_all(
    client: PrefectClient, one: FiledDeployment, frame: dict[str, Any], found: DeploymentResponse
) -> None:
    """Write a deployment as the file has it.

    Where a schedule has another name only, or one came where one goes, the old one becomes the new
    one: it is never away. Of others nobody knows which became which: the old ones go first, so that
    none fires twice.
    """
    wanted, asked = one.sign(found.flow_id), one.make_schedules(found.flow_id)
    gone = _pair(asked, found.schedules)
    fresh = found.model_copy(update={"parameters": one.parameters})
    states = (sign_found(found), *_sign_removals(fresh, gone), wanted)
    await _note(f"{DEPLOYED}_{found.id}", " ".join(states))
    # what Prefect refuses it refuses now: then nothing is gone
    anew = DeploymentUpdate(**frame, parameters=one.parameters)
    await client.update_deployment(found.id, anew)
    await _remove(client, found, gone)
    schedules = [DeploymentScheduleUpdate(**fields) for fields in asked]
    try:
        await client.update_deployment(found.id, DeploymentUpdate(schedules=schedules))
    except PrefectHTTPStatusError:
        if sign_found(await client.read_deployment(found.id)) != wanted:
            raise  # else another dispatcher was first


def _pair(
    asked: Sequence[dict[str, Any]], found: Sequence[DeploymentSchedule]
) -> list[DeploymentSchedule]:
    """Have schedules of other names replace those that they were; return those that are left."""
    gone = [old for old in found if old.slug not in {new["slug"] for new in asked}]
    added = [new for new in asked if new["slug"] not in {old.slug for old in found}]
    for new in tuple(added):
        for old in gone:
            if all(
                getattr(old, name) == new[name] for name in ("schedule", "active", "parameters")
            ):
                new["replaces"] = old.slug
                added.remove(new)
                gone.remove(old)
                break
    if len(added) == len(gone) == 1:
        added[0]["replaces"] = gone.pop().slug
    return gone


def _sign_removals(found: DeploymentResponse, gone: Sequence[DeploymentSchedule]) -> Iterator[str]:
    """Yield the signatures of a deployment as it is found, and after each removal."""
    yield sign_found(found)
    for one in gone:
        left = [schedule for schedule in found.schedules if schedule.id != one.id]
        found = found.model_copy(update={"schedules": left})
        yield sign_found(found)


async def _remove(
    client: PrefectClient, found: DeploymentResponse, gone: Sequence[DeploymentSchedule]
) -> None:
    """Delete schedules, and make late runs of the others anew: Prefect takes back those, too.

    Where it is cut off in between, those are lost.
    """
    if not gone:
        return
    first_late_at = await _find_first_late(client, found.id)
    for schedule in gone:
        with suppress(ObjectNotFound):  # somebody else was first
            await client.delete_deployment_schedule(found.id, schedule.id)
    if first_late_at is not None and not found.paused:
        await _plan(client, found.id, first_late_at)


async def _find_first_late(client: PrefectClient, deployment_id: UUID) -> datetime | None:
    """Return for when the first late run was planned, of those not too late to do anything."""
    now = datetime.now(UTC)
    runs = await client.read_flow_runs(
        flow_run_filter=FlowRunFilter(
            deployment_id=FlowRunFilterDeploymentId(any_=[deployment_id]),
            state=FlowRunFilterState(name=FlowRunFilterStateName(any_=["Scheduled", "Late"])),
            tags=FlowRunFilterTags(all_=["auto-scheduled"]),
            expected_start_time=FlowRunFilterExpectedStartTime(after_=now - LATEST, before_=now),
        ),
        sort=FlowRunSort.EXPECTED_START_TIME_ASC,
        limit=1,
    )
    return runs[0].expected_start_time if runs else None


async def _switch_off(client: PrefectClient, found: DeploymentResponse) -> None:
    for schedule in found.schedules:
        # Prefect 3.8 forgets the parameters where a change does not say them again
        said: dict[str, Any] = {"active": False, "parameters": schedule.parameters}
        await client.update_deployment_schedule(found.id, schedule.id, **said)
