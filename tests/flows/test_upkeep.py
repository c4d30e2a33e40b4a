"""How the flows of upkeep are deployed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # Prefect brings it, without types

from flows.apply_retention import apply_retention
from flows.chase_answers import chase_answers
from flows.refresh_sources import refresh_sources
from flows.resume_sends import resume_sends
from flows.run_check_ins import run_check_ins
from rollcall.domain.failure_notice import ScheduleFailure
from rollcall.sending.chasing import ChaseReport
from tasks.hand_over import end_round
from tasks.scheduled import (
    RETENTION_WITHIN_S,
    ROUND_WITHIN_S,
    read_problems,
    read_reason,
    tell_daily,
    tell_of_upkeep,
)


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
    assert [one.occurrence.rpartition(":")[0] for one in failures] == [
        "refresh-sources:2026-11-23", "refresh-sources:2026-11-23", "refresh-sources:2026-11-24",
    ]  # fmt: skip
    assert len({one.occurrence for one in failures}) == 2
    assert all(one.is_upkeep for one in failures)
    for flow in (apply_retention, refresh_sources):
        assert flow.on_failure_hooks == [tell_of_upkeep]


TRIFLE = "1 feeds of incidents could not be read for 24 h"
UNUSABLE = "the source cannot be used (`rollcall refresh` tells why): sends fail unless they take"
ROUND = "{} problems, which `rollcall chase` tells; {} messages that must be resumed by hand"


@pytest.mark.parametrize(
    ("before", "then"),
    [
        ([TRIFLE], [f"{UNUSABLE} the last good version, 2 h 3 min old; {TRIFLE}"]),
        ([ROUND.format(1, 0)], [ROUND.format(0, 3)]),
        ([ROUND.format(1, 0), "no such group"], [ROUND.format(1, 0), "the source is gone"]),
        ([ROUND.format(1, 0), "no such group"], [ROUND.format(2, 0), "no such group", "gone"]),
    ],
)
def test_a_trifle_does_not_take_the_notice_of_the_day_from_what_is_worse(
    before: list[str], then: list[str]
) -> None:
    assert occurrence_of(before) != occurrence_of(then)


@pytest.mark.parametrize(
    ("before", "then"),
    [
        ([TRIFLE], ["3 feeds of incidents could not be read for 48 h"]),
        ([f"{UNUSABLE}, 47 min old"], [f"{UNUSABLE}, 2 h 3 min old"]),
        ([f"{UNUSABLE}, 2 h 3 min old"], [f"{UNUSABLE}, 1 d 0 h old"]),
        ([ROUND.format(1, 0), "message m1: x"], [ROUND.format(2, 0), *["message m2: x"] * 2]),
    ],
)
def test_the_same_a_little_later_is_no_other_kind_of_problem(
    before: list[str], then: list[str]
) -> None:
    assert occurrence_of(before) == occurrence_of(then)


def occurrence_of(told: list[str]) -> str:
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    failure = ScheduleFailure("run", "n", noon, told[0])
    return tell_daily(failure, "refresh-sources", noon, told[1:]).occurrence


async def test_a_round_that_fails_tells_its_own_process_what_is_wrong_one_by_one() -> None:
    ended = end_round(
        ChaseReport(problems=["no such group"]), ("no such group",), 0, "rollcall chase"
    )
    assert await read_problems(ended) == ("no such group",)
    assert "no such group" not in await read_reason(ended)


def test_a_round_that_hangs_has_failed_before_many_later_ones_were_cancelled() -> None:
    deployed = yaml.safe_load(Path("prefect.yaml").read_text("utf-8"))["deployments"]
    limited = {one["name"] for one in deployed if "concurrency_limit" in one}
    flows = (apply_retention, refresh_sources, chase_answers, resume_sends, run_check_ins)
    assert {one.name for one in flows} == limited
    for flow in flows:
        assert flow.timeout_seconds is not None
        assert 0 < flow.timeout_seconds <= RETENTION_WITHIN_S
    for each_minute in (chase_answers, resume_sends, run_check_ins):
        assert each_minute.timeout_seconds == ROUND_WITHIN_S
    assert refresh_sources.timeout_seconds is not None
    assert refresh_sources.timeout_seconds < 3_600
