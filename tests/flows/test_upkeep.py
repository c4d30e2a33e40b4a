"""How the flows of upkeep are deployed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # Prefect brings it, without types

from flows.apply_retention import apply_retention
from flows.refresh_sources import refresh_sources
from rollcall.domain.failure_notice import ScheduleFailure
from tasks.scheduled import tell_daily, tell_of_upkeep


@pytest.mark.parametrize(
    ("flow", "schedule"),
    [
        (apply_retention, {"cron": "23 3 * * *", "timezone": "UTC", "slug": "every-night"}),
        (refresh_sources, {"interval": 3600, "slug": "every-hour"}),
    ],
)
def test_upkeep_is_deployed_one_run_at_a_time(flow: object, schedule: dict[str, object]) -> None:
    deployed = yaml.safe_load(Path("prefect.yaml").read_text("utf-8"))["deployments"]
    name = getattr(flow, "name", "")
    [of_flow] = [one for one in deployed if one["name"] == name]
    module = name.replace("-", "_")
    assert of_flow["entrypoint"] == f"flows/{module}.py:{module}"
    assert of_flow["schedules"] == [schedule]
    assert of_flow["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}


def test_upkeep_that_fails_every_hour_is_told_once_a_day() -> None:
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    failures = [
        tell_daily(ScheduleFailure(f"run-{hours}", "n", noon, "stale"), "refresh-sources", at)
        for hours in (0, 1, 12)
        for at in [noon + timedelta(hours=hours)]
    ]
    assert [one.occurrence for one in failures] == [
        "refresh-sources:2026-11-23", "refresh-sources:2026-11-23", "refresh-sources:2026-11-24",
    ]  # fmt: skip
    assert all(one.is_upkeep for one in failures)
    for flow in (apply_retention, refresh_sources):
        assert flow.on_failure_hooks == [tell_of_upkeep]
