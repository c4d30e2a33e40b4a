"""The schedules that send, kept by Prefect: read, added, paused, resumed and removed.

A schedule's identity is its slug. Prefect takes the future runs of ALL schedules of a deployment
back whenever one of them changes, and makes them anew within seconds: so they are made again at
once here, and nothing is changed while a run of another one is due.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import DeploymentSchedule, StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import SCHEDULE_TYPES

from rollcall.domain.message_templates import TemplateKind
from rollcall.domain.saved_names import tell_unknown
from rollcall.domain.schedule_orders import ScheduledOrder
from rollcall.errors import InputError, PrefectError
from rollcall.schedules.parameters import FLOWS, read_parameters, write_parameters

_MARGIN: Final = timedelta(seconds=5)
"""How long before a run is due nothing is changed: some times what a change takes."""

_PAGE: Final = 200
"""As many as Prefect lists at once."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule.

    Attributes:
        schedule_id: Prefect's.
        deployment_id: Of the deployment that it is a schedule of.
        name: Its slug; for one without, the deployment's name, and the end of its id where the
            deployment has several without.
        is_ours: Whether it was added here; else a deployment of its own has it (`prefect.yaml`).
        rule: When it fires.
        is_active: Whether it fires: neither it nor its deployment is paused.
        order: What it sends; None where its runs name no template.
        parameters: What it says of the parameters of its runs, as Prefect has it. Each change says
            it again: Prefect (3.8) forgets it where a change does not.
    """

    schedule_id: UUID
    deployment_id: UUID
    name: str
    is_ours: bool
    rule: SCHEDULE_TYPES
    is_active: bool
    order: ScheduledOrder | None
    parameters: dict[str, Any] = field(default_factory=dict)

    def tell_order(self) -> tuple[str, str]:
        """Say what it sends, and to whom."""
        if self.order is None:
            return "a text of its own", "as its form says"
        what = "chat" if self.order.kind == "chat" else "template"
        return f"{what} {self.order.template!r}", self.order.tell_recipients()

    def tell_state(self, ahead: Sequence[datetime]) -> str:
        """Say whether it fires.

        Args:
            ahead: The next moments at which it would.
        """
        if not ahead:
            return "over"
        return "active" if self.is_active else "paused"


def list_schedules(client: SyncPrefectClient) -> list[Schedule]:
    """Return all schedules that send, by name.

    Raises:
        HTTPError: Prefect does not answer or refuses (`connection.connected` says so).
    """
    found = (
        schedule
        for kind, deployment in _list_deployments(client)
        for schedule in _read(kind, deployment)
    )
    return sorted(found, key=lambda one: one.name)


def find_schedule(client: SyncPrefectClient, name: str) -> Schedule:
    """Return one schedule.

    Raises:
        InputError: There is none of this name, or there are several.
    """
    known = list_schedules(client)
    found = [one for one in known if one.name == name]
    if not found:
        raise InputError(tell_unknown("schedule", name, [one.name for one in known]))
    if len(found) > 1:
        raise InputError(
            f"there are {len(found)} schedules {name!r}: change them in Prefect, or give one of "
            "them another slug there"
        )
    return found[0]


def require_free_name(client: SyncPrefectClient, name: str) -> None:
    """Make sure that no schedule has this name.

    Raises:
        InputError: One has.
    """
    if any(one.name == name for one in list_schedules(client)):
        raise InputError(f"there is a schedule {name!r} already: remove it first")


def add_schedule(
    client: SyncPrefectClient, name: str, order: ScheduledOrder, rule: SCHEDULE_TYPES, now: datetime
) -> Schedule:
    """Add a schedule; it is active.

    Raises:
        InputError: The name is taken, or a run of another schedule is due.
        PrefectError: The deployment is missing.
    """
    require_free_name(client, name)
    deployment = _find_deployment(client, order.kind)
    _require_none_due(client, deployment.id, now)
    parameters = write_parameters(order)
    new = DeploymentScheduleCreate(schedule=rule, parameters=parameters, slug=name)
    [made] = client.create_deployment_schedules(deployment.id, [new])
    _schedule_runs(client, deployment.id)
    is_active = made.active and not deployment.paused
    told = (made.schedule, is_active, order, parameters)
    return Schedule(made.id, deployment.id, name, True, *told)


def change_schedule(
    client: SyncPrefectClient,
    schedule: Schedule,
    order: ScheduledOrder | None,
    rule: SCHEDULE_TYPES,
    now: datetime,
) -> None:
    """Let a schedule send something else, or at other times; one that is paused stays paused.

    Args:
        client: The connection.
        schedule: Which.
        order: What it sends from now on; None: what it did, whatever else its form says.
        rule: When it fires from now on.
        now: The present moment.

    Raises:
        InputError: It is not ours to change, or a run of another schedule is due.
    """
    if not schedule.is_ours:
        raise InputError(
            f"schedule {schedule.name!r} was deployed (prefect.yaml): pause it, or change it in "
            "Prefect's pages"
        )
    _require_none_due(client, schedule.deployment_id, now, but=schedule.schedule_id)
    client.update_deployment_schedule(
        schedule.deployment_id,
        schedule.schedule_id,
        schedule=rule,
        parameters=schedule.parameters if order is None else write_parameters(order),
    )
    _schedule_runs(client, schedule.deployment_id)


def set_active(
    client: SyncPrefectClient, schedule: Schedule, now: datetime, *, active: bool
) -> None:
    """Pause a schedule, or let it fire again; doing so twice is once.

    Raises:
        InputError: A run of another schedule is due.
    """
    _require_none_due(client, schedule.deployment_id, now, but=schedule.schedule_id)
    client.update_deployment_schedule(
        schedule.deployment_id,
        schedule.schedule_id,
        active=active,
        parameters=schedule.parameters,
    )
    _schedule_runs(client, schedule.deployment_id)


def remove_schedule(client: SyncPrefectClient, schedule: Schedule, now: datetime) -> None:
    """Remove a schedule, and the runs that have not begun.

    Raises:
        InputError: It is not ours to remove, or a run of another schedule is due.
    """
    if not schedule.is_ours:
        raise InputError(
            f"schedule {schedule.name!r} was deployed (prefect.yaml): pause it, or remove it in "
            "Prefect's pages"
        )
    _require_none_due(client, schedule.deployment_id, now, but=schedule.schedule_id)
    client.delete_deployment_schedule(schedule.deployment_id, schedule.schedule_id)
    _schedule_runs(client, schedule.deployment_id)


def _list_deployments(
    client: SyncPrefectClient,
) -> Iterator[tuple[TemplateKind, DeploymentResponse]]:
    for kind, flow_name in FLOWS.items():
        of_flow = FlowFilter(name=FlowFilterName(any_=[flow_name]))
        offset = 0
        while page := client.read_deployments(flow_filter=of_flow, limit=_PAGE, offset=offset):
            yield from ((kind, one) for one in page)
            offset += _PAGE


def _find_deployment(client: SyncPrefectClient, kind: TemplateKind) -> DeploymentResponse:
    for found_kind, deployment in _list_deployments(client):
        if found_kind == kind and deployment.name == FLOWS[kind]:
            return deployment
    raise PrefectError(
        f"Prefect has no deployment {FLOWS[kind]!r}: a dispatcher (`rollcall dispatcher`) makes it"
    )


def _read(kind: TemplateKind, deployment: DeploymentResponse) -> Iterator[Schedule]:
    is_ours = deployment.name == FLOWS[kind]
    for one in deployment.schedules:
        parameters: dict[str, Any] = {**deployment.parameters, **one.parameters}
        yield Schedule(
            schedule_id=one.id,
            deployment_id=deployment.id,
            name=one.slug if one.slug and is_ours else _name_deployed(deployment, one),
            is_ours=is_ours,
            rule=one.schedule,
            is_active=one.active and not deployment.paused,
            order=read_parameters(kind, parameters),
            parameters=one.parameters,
        )


def _name_deployed(deployment: DeploymentResponse, schedule: DeploymentSchedule) -> str:
    """Name a deployed schedule by its deployment; its slug tells it from others of the same."""
    if len(deployment.schedules) == 1:
        return deployment.name
    if schedule.slug is not None:
        return f"{deployment.name}/{schedule.slug}"
    if sum(one.slug is None for one in deployment.schedules) == 1:
        return deployment.name
    return f"{deployment.name}/{schedule.id.hex[-8:]}"


def _require_none_due(
    client: SyncPrefectClient, deployment_id: UUID, now: datetime, but: UUID | None = None
) -> None:
    """Refuse a change that would take a run back which is due.

    A run that waits for somebody to take it is deleted together with a schedule of its deployment.
    """
    waiting = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
        expected_start_time=FlowRunFilterExpectedStartTime(before_=now + _MARGIN),
    )
    of_deployment = DeploymentFilter(id=DeploymentFilterId(any_=[deployment_id]))
    due = client.read_flow_runs(
        flow_run_filter=waiting, deployment_filter=of_deployment, limit=_PAGE
    )
    if any(one.auto_scheduled and str(but) not in (one.idempotency_key or "") for one in due):
        raise InputError(
            "a run of another schedule is due and has not begun, and Prefect would take it back: "
            "try again in a moment (does a dispatcher or worker serve the pool?)"
        )


def _schedule_runs(client: SyncPrefectClient, deployment_id: UUID) -> None:
    """Have the next runs of a deployment made now, and not when Prefect next looks.

    Asked for them, Prefect makes runs of a deployment that is paused, too, and hands them out.
    """
    if not client.read_deployment(deployment_id).paused:
        where = {"id": deployment_id}
        client.request("POST", "/deployments/{id}/schedule", path_params=where, json={})
