"""What becomes of schedules, and of the runs that are planned, when a version is deployed."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import httpx

from rollcall.settings import PROJECT_FOLDER
from tests.e2e.conftest import Rollcall, wait_until
from tests.e2e.versions import (
    SLOW,
    WRITING_TWICE,
    Said,
    at,
    deploy,
    dying_in,
    finish,
    list_planned,
    make_version,
    read,
    rename_schedule,
    slugs_of,
    start,
)

RETENTION = "apply-retention/apply-retention"


def test_schedule_of_another_name_is_the_same_also_where_deploying_was_cut_off(
    rollcall: Rollcall, prefect: str, tmp_path: Path
) -> None:
    deploy(rollcall, prefect)
    [before] = read(prefect, RETENTION)["schedules"]

    dying = dying_in("update_deployment")
    finish(start(rollcall, prefect, make_version(tmp_path / "next", rename_schedule), dying), 9)
    assert slugs_of(prefect, RETENTION) == ["each-night"]

    folder = make_version(tmp_path / "third", lambda said: rename_schedule(said, "nightly"))
    assert deploy(rollcall, prefect, folder) == ["True"]
    [after] = read(prefect, RETENTION)["schedules"]
    assert (after["slug"], after["id"]) == ("nightly", before["id"])


def test_schedule_of_another_name_that_another_dispatcher_was_first_with_is_there_once(
    rollcall: Rollcall, prefect: str, tmp_path: Path
) -> None:
    deploy(rollcall, prefect)
    folder = make_version(tmp_path / "next", rename_schedule)
    assert finish(start(rollcall, prefect, folder, WRITING_TWICE)) == ["True"]
    assert slugs_of(prefect, RETENTION) == ["each-night"]


def test_schedules_that_have_other_names_only_are_the_same(
    rollcall: Rollcall, prefect: str, tmp_path: Path
) -> None:
    def add(said: dict[str, Said], noon: str = "noon", night: str = "night") -> None:
        rename_schedule(said, "each-night")
        said["apply-retention"]["schedules"] += [
            {"slug": night, "cron": "0 23 * * *"},
            {"slug": noon, "cron": "0 12 * * *"},
        ]

    def ids_of() -> dict[str, str]:
        found = read(prefect, RETENTION)["schedules"]
        return {one["schedule"].get("cron", ""): one["id"] for one in found}

    deploy(rollcall, prefect, make_version(tmp_path / "before", add))
    before = ids_of()
    folder = make_version(tmp_path / "next", lambda said: add(said, "12", "23"))
    assert deploy(rollcall, prefect, folder) == ["True"]
    assert slugs_of(prefect, RETENTION) == ["12", "23", "each-night"]
    assert ids_of() == before


def test_version_that_prefect_refuses_changes_nothing_and_is_not_taken_for_deployed(
    rollcall: Rollcall, prefect: str, tmp_path: Path
) -> None:
    def change(said: dict[str, Said]) -> None:
        said["apply-retention"]["schedules"] = []
        said["apply-retention"]["work_pool"]["name"] = "nowhere"

    deploy(rollcall, prefect)
    folder = make_version(tmp_path / "next", change)
    for _ in range(2):
        finish(start(rollcall, prefect, folder), code=1)
        assert slugs_of(prefect, RETENTION) == ["every-night"]
    assert deploy(rollcall, prefect) == ["True"]


def test_schedules_go_with_their_version_also_where_deploying_was_cut_off(
    rollcall: Rollcall, prefect: str, tmp_path: Path
) -> None:
    def add(said: dict[str, Said]) -> None:
        said["apply-retention"]["schedules"] += [
            {"slug": slug, "cron": "0 12 * * *"} for slug in ("noon", "later")
        ]

    larger = make_version(tmp_path / "larger", add)
    deploy(rollcall, prefect, larger)

    dying = dying_in("delete_deployment_schedule")
    finish(start(rollcall, prefect, PROJECT_FOLDER, dying), 9)
    assert len(slugs_of(prefect, RETENTION)) == 2

    assert deploy(rollcall, prefect, larger) == ["True"]  # the version of before
    assert slugs_of(prefect, RETENTION) == ["every-night", "later", "noon"]
    finish(start(rollcall, prefect, PROJECT_FOLDER, dying), 9)
    assert deploy(rollcall, prefect) == ["True"]
    assert slugs_of(prefect, RETENTION) == ["every-night"]


def test_schedule_that_somebody_takes_away_stays_away(
    rollcall: Rollcall, prefect: str, tmp_path: Path
) -> None:
    deploy(rollcall, prefect)
    retention = read(prefect, RETENTION)
    url = f"{prefect}/deployments/{retention['id']}/schedules/{retention['schedules'][0]['id']}"
    httpx.delete(url, timeout=30).raise_for_status()

    told = deploy(rollcall, prefect, make_version(tmp_path / "next", rename_schedule))

    assert told[0].startswith(f"{RETENTION} stays as it was changed in Prefect")
    assert slugs_of(prefect, RETENTION) == []


def test_runs_that_were_planned_are_planned_once_after_the_next_version(
    rollcall: Rollcall, prefect: str, tmp_path: Path
) -> None:
    def change(said: dict[str, Said]) -> None:
        said["resume-sends"]["description"] = "As the next version says."

    deploy(rollcall, prefect)
    before = set(list_planned(prefect, "resume-sends"))

    deploy(rollcall, prefect, make_version(tmp_path / "next", change))

    planned = list_planned(prefect, "resume-sends")
    assert before <= set(planned)
    assert len(planned) == len(set(planned))


def test_run_that_is_due_while_its_deployment_is_written_is_planned(
    rollcall: Rollcall, prefect: str, tmp_path: Path
) -> None:
    def often(said: dict[str, Said]) -> None:
        said["resume-sends"]["schedules"][0]["interval"] = 1

    def often_and_slowly(said: dict[str, Said]) -> None:
        often(said)
        said["resume-sends"]["description"] = "Slowly."

    deploy(rollcall, prefect, make_version(tmp_path / "often", often))

    folder = make_version(tmp_path / "next", often_and_slowly)
    assert finish(start(rollcall, prefect, folder, SLOW)) == ["True"]

    planned = sorted(map(at, list_planned(prefect, "resume-sends")))
    assert {later - one for one, later in pairwise(planned)} == {timedelta(seconds=1)}


def test_run_that_is_late_stays_where_another_schedule_goes(
    rollcall: Rollcall, prefect: str, tmp_path: Path
) -> None:
    def often(said: dict[str, Said]) -> None:
        said["resume-sends"]["schedules"][0]["interval"] = 1

    def often_and_yearly(said: dict[str, Said]) -> None:
        often(said)
        said["resume-sends"]["schedules"].append({"slug": "yearly", "cron": "0 0 1 1 *"})

    deploy(rollcall, prefect, make_version(tmp_path / "before", often_and_yearly))
    folder = make_version(tmp_path / "next", often)

    def list_late() -> set[str]:
        now = datetime.now(UTC)
        return {one for one in list_planned(prefect, "resume-sends") if at(one) < now}

    wait_until(lambda: bool(list_late()), 30, "a run is late")
    late = list_late()
    assert deploy(rollcall, prefect, folder) == ["True"]
    planned = list_planned(prefect, "resume-sends")
    assert late <= set(planned)
    assert len(planned) == len(set(planned))
