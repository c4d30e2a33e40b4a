"""Deployments are made without questions, and what an administrator changed since stays."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml  # type: ignore[import-untyped]  # Prefect brings it, without types

from rollcall.sandbox.plan import make_plan
from rollcall.sandbox.servers import start_sandbox
from rollcall.settings import PROJECT_FOLDER
from tests.e2e.conftest import Rollcall, wait_until
from tests.e2e.prefect_api import ask
from tests.e2e.versions import (
    Said,
    deploy,
    finish,
    make_version,
    patch,
    read,
    rename_schedule,
    slugs_of,
    start,
)
from tests.ports import find_free_port

ADVISORY = "send-message/weekday-advisory"
DRILL = "open-chat/monthly-drill"
RETENTION = "apply-retention/apply-retention"
OWN = {"order": {"template": "Mine", "recipients": {"saved_filters": ["My people"]}}}


def what_it_sends(found: Said) -> list[Any]:
    """Return what decides what is sent when: of the deployment, and of its schedules by slug."""
    names = ("slug", "active", "parameters", "schedule", "id")
    schedules = [{name: one[name] for name in names} for one in found["schedules"]]
    by_slug = sorted(schedules, key=lambda one: (one["slug"] or "", one["id"]))
    return [found["parameters"], found["paused"], by_slug]


def arm_as_own(address: str) -> None:
    """Edit both examples as one does in Prefect's pages, and add schedules."""
    advisory = read(address, ADVISORY)
    url = f"{address}/deployments/{advisory['id']}"
    patch(url, {"parameters": OWN})
    own_time = {"cron": "0 8 * * 1-5", "timezone": "Asia/Tokyo"}
    own = {"schedule": own_time, "active": True, "parameters": OWN}
    patch(f"{url}/schedules/{advisory['schedules'][0]['id']}", own)
    drill = read(address, DRILL)
    url = f"{address}/deployments/{drill['id']}"
    patch(f"{url}/schedules/{drill['schedules'][0]['id']}", {"active": True})
    added = {"schedule": {"interval": 86_400.0}, "slug": "added", "active": False}
    nameless = {"schedule": {"interval": 172_800.0}, "parameters": OWN}
    ask("POST", f"{url}/schedules", [added, nameless])
    patch(url, {"paused": True})


def change_examples(said: dict[str, Said]) -> None:
    for name in ("weekday-advisory", "monthly-drill"):
        said[name]["schedules"][0]["cron"] = "0 6 * * *"
        said[name]["parameters"]["order"]["recipients"]["saved_filters"] = ["Everybody"]
        said[name]["description"] = "As the next version says."


def test_what_was_changed_in_prefect_stays_when_the_next_version_says_otherwise(
    rollcall: Rollcall, prefect: str, tmp_path: Path
) -> None:
    assert deploy(rollcall, prefect) == ["True"]
    assert deploy(rollcall, prefect) == ["False"]
    arm_as_own(prefect)
    before = [what_it_sends(read(prefect, name)) for name in (ADVISORY, DRILL)]

    told = deploy(rollcall, prefect, make_version(tmp_path / "next", change_examples))

    assert [what_it_sends(read(prefect, name)) for name in (ADVISORY, DRILL)] == before
    assert before[0][0] == OWN
    assert before[0][2][0]["schedule"]["cron"] == "0 8 * * 1-5"
    assert told == [
        f"{name} stays as it was changed in Prefect: prefect.yaml says otherwise"
        for name in (ADVISORY, DRILL)
    ] + ["True"]
    assert read(prefect, DRILL)["description"] == "As the next version says."


def test_what_nobody_touched_comes_from_the_next_version(
    rollcall: Rollcall, prefect: str, tmp_path: Path
) -> None:
    def change(said: dict[str, Said]) -> None:
        change_examples(said)
        said["weekday-advisory"]["schedules"].append({"slug": "noon", "cron": "0 12 * * *"})
        said["resume-sends"]["schedules"][0]["interval"] = 120
        said["apply-retention"]["schedules"] = []

    deploy(rollcall, prefect)

    assert deploy(rollcall, prefect, make_version(tmp_path / "next", change)) == ["True"]

    advisory = read(prefect, ADVISORY)
    told = {one["slug"]: (one["schedule"]["cron"], one["active"]) for one in advisory["schedules"]}
    assert told == {"weekday-7": ("0 6 * * *", False), "noon": ("0 12 * * *", True)}
    assert advisory["parameters"]["order"]["recipients"] == {"saved_filters": ["Everybody"]}
    assert read(prefect, "resume-sends/resume-sends")["schedules"][0]["schedule"]["interval"] == 120
    assert read(prefect, RETENTION)["schedules"] == []

    assert deploy(rollcall, prefect) == ["True"]  # the version of before
    [retention] = read(prefect, RETENTION)["schedules"]
    assert (retention["slug"], retention["active"]) == ("every-night", True)
    assert [one["slug"] for one in read(prefect, ADVISORY)["schedules"]] == ["weekday-7"]


def test_deployments_whose_pool_was_deleted_meanwhile_get_it_back(
    rollcall: Rollcall, prefect: str
) -> None:
    deploy(rollcall, prefect)
    httpx.delete(f"{prefect}/work_pools/sends", timeout=30).raise_for_status()
    assert deploy(rollcall, prefect) == ["True"]
    assert {one["work_pool_name"] for one in list_all(prefect)} == {"sends"}


def test_what_was_deployed_without_a_note_is_kept_where_it_differs(
    rollcall: Rollcall, prefect: str, tmp_path: Path
) -> None:
    deploy(rollcall, prefect)
    for one in ask("POST", f"{prefect}/variables/filter", {}):
        httpx.delete(f"{prefect}/variables/{one['id']}", timeout=30).raise_for_status()
    resume = read(prefect, "resume-sends/resume-sends")
    url = f"{prefect}/deployments/{resume['id']}/schedules/{resume['schedules'][0]['id']}"
    patch(url, {"schedule": {"interval": 60.0, "anchor_date": "2026-11-27T07:21:54Z"}})

    told = deploy(rollcall, prefect, make_version(tmp_path / "next", change_examples))

    assert told[:-1] == [
        f"{name} stays as it was changed in Prefect: prefect.yaml says otherwise"
        for name in (ADVISORY, DRILL)
    ]
    assert read(prefect, ADVISORY)["schedules"][0]["schedule"]["cron"] == "0 7 * * 1-5"


def test_where_parameters_no_longer_fit_the_form_nothing_fires(
    rollcall: Rollcall, prefect: str, tmp_path: Path
) -> None:
    deploy(rollcall, prefect)
    arm_as_own(prefect)
    advisory = read(prefect, ADVISORY)
    unfit = {"order": OWN["order"] | {"of_an_earlier_form": True}}
    url = f"{prefect}/deployments/{advisory['id']}"
    patch(url, {"enforce_parameter_schema": False, "parameters": unfit})

    told = deploy(rollcall, prefect, make_version(tmp_path / "next", lambda _: None))

    assert told == [
        f"{ADVISORY} has parameters in Prefect that do not fit this version's form: "
        "they are those of prefect.yaml now, and its schedules are off",
        "True",
    ]
    advisory = read(prefect, ADVISORY)
    assert advisory["parameters"]["order"]["template"] == "Weekday advisory"
    assert [(one["active"], one["parameters"]) for one in advisory["schedules"]] == [(False, OWN)]
    assert read(prefect, DRILL)["paused"]


def test_two_dispatchers_that_deploy_at_once_lose_nothing(
    rollcall: Rollcall, prefect: str, tmp_path: Path
) -> None:
    both = [start(rollcall, prefect) for _ in range(2)]
    assert "True" in [finish(one)[-1] for one in both]
    arm_as_own(prefect)
    before = {one["name"]: what_it_sends(one) for one in list_all(prefect)}
    filed = yaml.safe_load((PROJECT_FOLDER / "prefect.yaml").read_text("utf-8"))["deployments"]
    assert sorted(one["name"] for one in list_all(prefect)) == sorted(one["name"] for one in filed)

    def change(said: dict[str, Said]) -> None:
        change_examples(said)
        rename_schedule(said)

    folder = make_version(tmp_path / "next", change)
    both = [start(rollcall, prefect, folder) for _ in range(2)]
    assert "True" in [finish(one)[-1] for one in both]

    after = {one["name"]: what_it_sends(one) for one in list_all(prefect)}
    assert slugs_of(prefect, RETENTION) == ["each-night"]
    del before["apply-retention"], after["apply-retention"]
    assert after == before


def list_all(address: str) -> list[Said]:
    found: list[Said] = ask("POST", f"{address}/deployments/filter", {})
    return found


Health = Callable[[], httpx.Response]


@contextmanager
def dispatcher(rollcall: Rollcall, address: str) -> Iterator[Health]:
    """Run a dispatcher that answers; yields what asks for its health."""
    port = find_free_port()
    rollcall.env.update(PREFECT_API_URL=address, ROLLCALL_PORTS__DISPATCHER=str(port))
    with start_sandbox(make_plan("clean", seed=1), rollcall.folder / "sandbox"):
        pass  # its routes are all that a dispatcher needs that sends nothing

    def health() -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=10)

    process = rollcall.start("dispatcher", "--metrics-port", str(port))
    try:
        wait_until(lambda: _answers(health), 60, "it answers")
        yield health
    finally:
        process.terminate()
        process.wait(timeout=30)


def _answers(ask_health: Health) -> bool:
    try:
        return ask_health().is_success
    except httpx.HTTPError:
        return False


def _await_made(health: Health) -> None:
    wait_until(lambda: health().json()["deployments"] == "made", 180, "all is deployed")


def test_dispatcher_that_cannot_deploy_says_so_to_status_and_health_until_it_can(
    rollcall: Rollcall, prefect: str, tmp_path: Path
) -> None:
    folder = make_version(tmp_path / "broken", lambda _: None)
    (folder / "data").symlink_to(PROJECT_FOLDER / "data")
    filed = (folder / "prefect.yaml").read_text("utf-8")
    (folder / "prefect.yaml").write_text("deployments: [", "utf-8")
    # `python -m` would take the package of the folder it is started in first
    rollcall.env.update(PYTHONPATH=str(folder), PYTHONSAFEPATH="1")

    def status() -> tuple[bool, str]:
        told = json.loads(rollcall.run("status", "--format", "json").stdout)
        [found] = [one for one in told["findings"] if one["part"] == "dispatcher"]
        return found["is_good"], found["told"]

    with dispatcher(rollcall, prefect) as health:
        wait_until(lambda: health().status_code == 503, 120, "it has failed to deploy twice")
        assert health().json()["deployments"] == "failing"
        wait_until(lambda: "Prefect undeployed" in status()[1], 30, "status knows")
        assert not status()[0]
        (folder / "prefect.yaml").write_text(filed, "utf-8")
        wait_until(lambda: health().status_code == 200, 180, "it has deployed")
        assert health().json()["deployments"] == "made"
        wait_until(lambda: status()[0], 30, "status knows that, too")


def test_pool_that_is_deleted_is_made_anew_with_all_deployments(
    rollcall: Rollcall, prefect: str
) -> None:
    name = "chase-answers/chase-answers"
    with dispatcher(rollcall, prefect) as health:
        _await_made(health)
        httpx.delete(f"{prefect}/work_pools/sends", timeout=30).raise_for_status()
        assert read(prefect, name)["work_pool_name"] is None
        wait_until(lambda: read(prefect, name)["work_pool_name"] == "sends", 120, "it is there")
        _await_made(health)
