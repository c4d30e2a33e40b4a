"""What `prefect.yaml` says of deployments, as Prefect's API takes it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import yaml  # type: ignore[import-untyped]
from prefect import Flow
from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import (
    SCHEDULE_TYPES,
    CronSchedule,
    IntervalSchedule,
    RRuleSchedule,
)
from prefect.utilities.callables import parameter_schema
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rollcall.errors import ConfigError

FILE: Final = "prefect.yaml"

_FOLDER: Final = "{{ $PWD }}"
"""What the file writes for the folder that it is in."""

_FIRST: Final = datetime(2020, 1, 1, tzinfo=UTC)
"""From about when intervals are counted."""


class _Part(BaseModel):
    """A part of the file: what it says and Rollcall does not know is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FiledPool(_Part):
    """The pool that runs of a deployment wait in."""

    name: str


class FiledLimit(_Part):
    """How many runs of a deployment there may be at once, and what becomes of further ones."""

    limit: int
    collision_strategy: ConcurrencyLimitStrategy = ConcurrencyLimitStrategy.ENQUEUE


class FiledSchedule(_Part):
    """A schedule; its slug tells it from others of its deployment."""

    slug: str
    cron: str | None = None
    interval: float | None = None
    rrule: str | None = None
    timezone: str | None = None
    active: bool = True
    parameters: dict[str, Any] = Field(default_factory=dict)

    def make_rule(self, of: str, flow_id: UUID) -> SCHEDULE_TYPES:
        """Return when it fires, the same at each call.

        Args:
            of: The full name of its deployment.
            flow_id: In Prefect; what is due each hour is due at another second of it for each flow
                and each installation, which may all ask the same feeds.

        Raises:
            ConfigError: It is no rule, or several.
        """
        if sum(one is not None for one in (self.cron, self.interval, self.rrule)) != 1:
            raise ConfigError(
                f"{FILE}: schedule {self.slug!r} of {of!r} says when by one of cron, interval "
                "and rrule"
            )
        try:
            return self._make_rule(flow_id)
        except ValidationError as error:
            told = error.errors()[0]["msg"]
            raise ConfigError(f"{FILE}: schedule {self.slug!r} of {of!r}: {told}") from error

    def _make_rule(self, flow_id: UUID) -> SCHEDULE_TYPES:
        if self.cron is not None:
            return CronSchedule(cron=self.cron, timezone=self.timezone)
        zone = self.timezone or "UTC"
        if self.interval is not None:
            every = timedelta(seconds=self.interval)
            anchor = _FIRST + timedelta(seconds=flow_id.int % max(1, int(self.interval)))
            return IntervalSchedule(interval=every, anchor_date=anchor, timezone=zone)
        return RRuleSchedule(rrule=self.rrule or "", timezone=zone)


class FiledDeployment(_Part):
    """A deployment as the file describes it."""

    name: str
    entrypoint: str
    work_pool: FiledPool
    description: str | None = None
    tags: list[str] = Field(default_factory=list)
    enforce_parameter_schema: bool = True
    parameters: dict[str, Any] = Field(default_factory=dict)
    schedules: list[FiledSchedule] = Field(default_factory=list)
    concurrency_limit: FiledLimit | None = None

    @cached_property
    def flow(self) -> Flow[Any, Any]:
        """The flow that it runs.

        Raises:
            ConfigError: Its entrypoint names none.
        """
        path, _, name = self.entrypoint.partition(":")
        try:
            found = getattr(import_module(path.removesuffix(".py").replace("/", ".")), name, None)
        except ImportError:
            found = None
        if not isinstance(found, Flow):
            raise ConfigError(f"{FILE}: {self.entrypoint!r} of {self.name!r} names no flow")
        return found

    @property
    def full_name(self) -> str:
        """Its name with its flow's, which nothing else has."""
        return f"{self.flow.name}/{self.name}"

    @cached_property
    def form(self) -> dict[str, Any]:
        """The schema of its parameters: what the run form shows."""
        schema: dict[str, Any] = parameter_schema(self.flow).model_dump(exclude_unset=True)
        return schema

    def make_schedules(self, flow_id: UUID) -> list[dict[str, Any]]:
        """Return its schedules, as the fields of Prefect's own."""
        return [
            {
                "slug": one.slug,
                "schedule": one.make_rule(self.full_name, flow_id),
                "active": one.active,
                "parameters": one.parameters,
            }
            for one in self.schedules
        ]

    def make_frame(self, pull_steps: list[dict[str, Any]]) -> dict[str, Any]:
        """Return what only the file says, and nobody changes in Prefect.

        Args:
            pull_steps: What a worker does before it runs the flow.
        """
        limit = self.concurrency_limit
        return {
            "version": self.flow.version,
            "description": self.description or self.flow.description,
            "tags": self.tags,
            "work_pool_name": self.work_pool.name,
            "entrypoint": self.entrypoint,
            "enforce_parameter_schema": self.enforce_parameter_schema,
            "parameter_openapi_schema": self.form,
            "pull_steps": pull_steps,
            "concurrency_limit": limit and limit.limit,
            "concurrency_options": limit
            and ConcurrencyOptions(collision_strategy=limit.collision_strategy),
        }

    def is_said_by(self, found: DeploymentResponse) -> bool:
        """Tell whether Prefect says the same, wherever it counts intervals from."""
        said = _spell(self.parameters, self.make_schedules(found.flow_id), but="anchor_date")
        return said == _spell(found.parameters, _as_fields(found), but="anchor_date")

    def sign(self, flow_id: UUID) -> str:
        """Return what distinguishes its parameters and schedules (`sign_found`)."""
        return _sign(_spell(self.parameters, self.make_schedules(flow_id)))


class PrefectFile(_Part):
    """The whole file.

    Attributes:
        pull: What a worker does before it runs a flow.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    deployments: list[FiledDeployment]
    pull: list[dict[str, Any]] = Field(default_factory=list)


def read_prefect_file(folder: Path) -> PrefectFile:
    """Read the file of a folder.

    Raises:
        ConfigError: It is not there, no YAML, or says what is not understood.
    """
    try:
        said = yaml.safe_load((folder / FILE).read_text("utf-8"))
        read = PrefectFile.model_validate(said)
    except OSError as error:
        raise ConfigError(f"{folder / FILE} cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{FILE} is no YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigError(f"{FILE}: {where}: {first['msg']}") from error
    here = json.dumps(str(folder))[1:-1]
    pull = json.loads(json.dumps(read.pull).replace(_FOLDER, here))
    return read.model_copy(update={"pull": pull})


def sign_found(found: DeploymentResponse) -> str:
    """Return what distinguishes the parameters and schedules that Prefect has."""
    return _sign(_spell(found.parameters, _as_fields(found)))


def _as_fields(found: DeploymentResponse) -> list[dict[str, Any]]:
    names = ("slug", "schedule", "active", "parameters")
    return [{name: getattr(one, name) for name in names} for one in found.schedules]


def _spell(
    parameters: Mapping[str, Any], schedules: Iterable[Mapping[str, Any]], but: str | None = None
) -> str:
    """Write in one way what can be changed in Prefect; without one field of rules."""
    told = [
        {**one, "schedule": one["schedule"].model_dump(mode="json", exclude={but} if but else None)}
        for one in schedules
    ]
    spelt = sorted(json.dumps(one, sort_keys=True) for one in told)
    return json.dumps([parameters, spelt], sort_keys=True)


def _sign(spelt: str) -> str:
    return hashlib.sha256(spelt.encode()).hexdigest()
