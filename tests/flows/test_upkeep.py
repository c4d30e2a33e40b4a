"""How the flows of upkeep are deployed."""

from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # Prefect brings it, without types

from flows.apply_retention import apply_retention
from flows.refresh_sources import refresh_sources


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
