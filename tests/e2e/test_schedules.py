"""Schedules in a real Prefect server, through the command line in this process."""

import asyncio
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.sorting import FlowRunSort
from prefect.flow_engine import run_flow
from prefect.schedules import Cron
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.send_message import send_message
from rollcall.sandbox.plan import make_plan
from rollcall.sandbox.servers import Sandbox, start_sandbox
from rollcall.schedules.book import list_schedules
from tests.e2e.conftest import DEPLOYED_FLOWS, install, wait_until
from tests.integration.cli.conftest import CommandLine, install_beside
from tests.ports import find_free_port

PROJECT = Path(__file__).parents[2]

pytestmark = pytest.mark.usefixtures("deployed")


@pytest.fixture(scope="module")
def carriers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with start_sandbox(make_plan("clean", seed=1), tmp_path_factory.mktemp("carriers")) as sandbox:
        yield sandbox


@pytest.fixture
def rollcall(
    carriers: Sandbox,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> CommandLine:
    command_line = install_beside(carriers, tmp_path, capsys, monkeypatch)
    command_line.set("SOURCE", command_line.source)
    command_line.set("PUBLIC_URL", "https://safe.example.org")
    command_line.set("ADMINISTRATORS", '["duty@example.org"]')
    message = command_line.write_message({"people": ["p1"]}, "template.json")
    assert command_line("templates", "save", "Morning", "--file", message).code == 0
    return command_line


@pytest.fixture
def name() -> Iterator[str]:
    """A name that no other test has used on the server; what begins with it is removed again."""
    name = f"t-{uuid.uuid4().hex[:12]}"
    yield name
    with get_client(sync_client=True) as client:
        for one in list_schedules(client):
            if one.name.startswith(name):
                client.delete_deployment_schedule(one.deployment_id, one.schedule_id)


def far_off(zone: str = "Europe/Paris", *, hours: int = 12) -> str:
    """Return the minute and hour of a cron of which no run is due while a test goes on.

    While one is, nothing is changed: a cron of seven o'clock would fail tests at seven o'clock.
    """
    return f"0 {(datetime.now(ZoneInfo(zone)) + timedelta(hours=hours)).hour}"


def add(rollcall: CommandLine, name: str, *options: str) -> dict[str, Any]:
    told = ("--time-zone", "Europe/Paris", *options, "--format", "json")
    answer = rollcall("schedule", "add", name, *told)
    assert answer.code == 0, answer.err
    added: dict[str, Any] = answer.json
    return added


def find(rollcall: CommandLine, name: str) -> dict[str, Any]:
    listed = rollcall("schedule", "list", "--format", "json").json
    [found] = [one for one in listed if one["name"] == name]
    told: dict[str, Any] = found
    return told


def list_named(rollcall: CommandLine, start: str) -> list[dict[str, Any]]:
    listed = rollcall("schedule", "list", "--format", "json").json
    return [one for one in listed if one["name"].startswith(start)]


def find_runs(name: str) -> list[FlowRun]:
    """Return the runs that the server has made for a schedule, the next first."""
    ours = DeploymentFilter(name=DeploymentFilterName(any_=list(DEPLOYED_FLOWS)))
    runs: list[FlowRun] = []
    with get_client(sync_client=True) as client:
        while page := client.read_flow_runs(
            deployment_filter=ours, limit=200, offset=len(runs), sort=FlowRunSort.ID_DESC
        ):
            runs += page
    of_schedule = [one for one in runs if one.created_by and one.created_by.display_value == name]
    latest = datetime.max.replace(tzinfo=UTC)
    return sorted(of_schedule, key=lambda one: one.expected_start_time or latest)


async def run_now(run: FlowRun) -> FlowRun:
    """Run a flow run in this process, as the dispatcher does."""
    async with get_client() as client:
        assert run.deployment_id is not None
        flow_name = (await client.read_deployment(run.deployment_id)).name
        flow = DEPLOYED_FLOWS[flow_name]
        running: Any = run_flow(flow, run, run.parameters, return_type="state")
        await running
        return await client.read_flow_run(run.id)


def test_a_schedule_is_added_listed_paused_resumed_and_removed(
    rollcall: CommandLine, name: str
) -> None:
    at = far_off()
    added = add(rollcall, name, "--template", "Morning", "--cron", f"{at} * * 1-5")
    told = f"Mon–Fri at {int(at.split()[1]):02}:00"  # noqa: RUF001 - a dash between days
    assert (added["when"], added["time_zone"]) == (told, "Europe/Paris")
    assert (added["state"], added["people_now"], added["fault"]) == ("active", 1, None)
    assert find(rollcall, name) == added

    assert rollcall("schedule", "pause", name).code == 0
    assert find(rollcall, name)["state"] == "paused"
    assert find_runs(name) == []
    assert rollcall("schedule", "resume", name).code == 0
    assert find(rollcall, name)["state"] == "active"
    assert find_runs(name)

    table = rollcall("schedule", "list")
    assert name in table.out
    assert rollcall("schedule", "remove", name).code == 0
    assert name not in rollcall("schedule", "list").out
    assert f"there is no schedule '{name}'" in rollcall("schedule", "pause", name).mistake


def test_the_next_runs_shown_are_those_that_the_server_makes(
    rollcall: CommandLine, name: str
) -> None:
    # by the hour, so that some of a hundred runs lie beyond a clock change whenever this runs
    add(rollcall, name, "--template", "Morning", "--cron", "30 2 * * *")
    shown = [one["utc"] for one in find(rollcall, name)["next_runs"]]
    made = [one.expected_start_time for one in find_runs(name)]
    assert len(shown) == 3
    assert [f"{one:%Y-%m-%dT%H:%M:%SZ}" for one in made[:3] if one] == shown


def test_a_deployment_that_is_made_again_keeps_its_schedules(
    rollcall: CommandLine, deployed: str, name: str, tmp_path: Path
) -> None:
    added = add(rollcall, name, "--template", "Morning", "--cron", f"{far_off()} * * *")
    (tmp_path / "again").mkdir()
    env = install(tmp_path / "again").env | {"PREFECT_API_URL": deployed, "PWD": str(PROJECT)}
    again = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "-n", "send-message"]
    subprocess.run(again, env=env, cwd=PROJECT, check=True, capture_output=True, timeout=120)
    assert find(rollcall, name) == added


def test_other_schedules_keep_their_runs_when_one_is_changed(
    rollcall: CommandLine, name: str
) -> None:
    other = f"{name}-other"
    add(rollcall, other, "--template", "Morning", "--cron", f"{far_off()} * * *")
    planned = [one.expected_start_time for one in find_runs(other)]
    add(rollcall, name, "--template", "Morning", "--cron", f"{far_off(hours=11)} * * *")
    for command in ("pause", "resume", "remove"):
        assert rollcall("schedule", command, name).code == 0
        assert [one.expected_start_time for one in find_runs(other)] == planned


def test_a_deployment_that_is_paused_in_prefect_gets_no_runs_by_a_change(
    rollcall: CommandLine, name: str
) -> None:
    other = f"{name}-other"
    add(rollcall, other, "--template", "Morning", "--cron", f"{far_off()} * * *")
    [deployment_id] = {one.deployment_id for one in find_runs(other)}
    assert deployment_id is not None
    with get_client(sync_client=True) as client:
        client.pause_deployment(deployment_id)
        try:
            added = add(rollcall, name, "--template", "Morning", "--cron", f"{far_off()} * * *")
            assert added["state"] == "paused"
            resumed = rollcall("schedule", "resume", name)
            assert "its deployment is paused in Prefect" in resumed.err
            assert find_runs(name) + find_runs(other) == []
        finally:
            client.resume_deployment(deployment_id)


def test_each_schedule_without_a_slug_has_a_name_of_its_own(
    rollcall: CommandLine, name: str
) -> None:
    every_day = [Cron("0 7 * * *", active=False), Cron("0 8 * * *", active=False)]
    made: Any = send_message.to_deployment(name, work_pool_name="sends", schedules=every_day)
    made.apply()
    names = {one["when"]: one["name"] for one in list_named(rollcall, name)}
    assert rollcall("schedule", "resume", names["every day at 08:00"]).code == 0
    states = {one["when"]: one["state"] for one in list_named(rollcall, name)}
    assert states == {"every day at 07:00": "paused", "every day at 08:00": "active"}


def test_a_name_that_two_schedules_have_is_refused(rollcall: CommandLine, name: str) -> None:
    add(rollcall, name, "--template", "Morning", "--cron", f"{far_off()} * * *")
    cron = f"{far_off(hours=11)} * * *"
    made: Any = send_message.to_deployment(name, work_pool_name="sends", cron=cron)
    made.apply()
    for command in ("pause", "remove"):
        refused = rollcall("schedule", command, name).mistake
        assert f"there are 2 schedules '{name}'" in refused
    assert [one["state"] for one in list_named(rollcall, name)] == ["active", "active"]


def test_nothing_is_changed_while_a_run_of_another_schedule_waits(
    rollcall: CommandLine, name: str
) -> None:
    """Prefect deletes the runs of all schedules of a deployment when one of them is removed."""
    other = f"{name}-other"
    add(rollcall, name, "--template", "Morning", "--cron", f"{far_off(hours=11)} * * *")
    add(rollcall, other, "--template", "Morning", "--cron", f"{far_off()} * * *")
    [deployment_id] = {one.deployment_id for one in find_runs(other)}
    yesterday = {"end_time": datetime.now(UTC).isoformat(), "max_runs": 1, "min_runs": 1}
    yesterday["start_time"] = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    with get_client(sync_client=True) as client:
        path = {"id": deployment_id}
        client.request("POST", "/deployments/{id}/schedule", path_params=path, json=yesterday)
    waiting = find_runs(other)
    for command in ("pause", "remove"):
        refused = rollcall("schedule", command, name).mistake
        assert "a run of another schedule is due and has not begun" in refused
    assert [one.id for one in find_runs(other)] == [one.id for one in waiting]


def test_an_rrule_is_kept_and_fires_by_the_clocks_of_its_zone(
    rollcall: CommandLine, name: str
) -> None:
    added = add(rollcall, name, "--template", "Morning", "--rrule", "FREQ=DAILY;BYHOUR=7")
    assert [one["local"][10:19] for one in added["next_runs"]] == ["T07:00:00"] * 3
    assert find(rollcall, name)["rule"]["rrule"].endswith("RRULE:FREQ=DAILY;BYHOUR=7")
    assert find_runs(name)


def test_what_could_not_be_sent_is_not_scheduled(rollcall: CommandLine, name: str) -> None:
    base = ("schedule", "add", name, "--time-zone", "UTC", "--template")
    daily = ("--cron", f"{far_off()} * * *")
    for told, arguments in {
        "there is no template for one-way messages 'Mornin'": ("Mornin", *daily),
        "there is no template for chats 'Morning'": ("Morning", "--kind", "chat", *daily),
        "unknown group 'bord'": ("Morning", "--group", "bord", *daily),
        "there is no dynamic filter 'x'": ("Morning", "--filter", "x", *daily),
        "never fires": ("Morning", "--cron", "0 0 30 2 *"),
        "is no cron": ("Morning", "--cron", "every morning"),
        "say when": ("Morning",),
        "(--confirm)": ("Morning", "--every", "15min"),
    }.items():
        assert told in rollcall(*base, *arguments).mistake
    wrong_zone = ("--template", "Morning", "--time-zone", "Mars/Base", *daily)
    assert "no time zone 'Mars/Base'" in rollcall("schedule", "add", name, *wrong_zone).mistake
    assert (
        "small letters"
        in rollcall(
            "schedule", "add", "My News", *wrong_zone[:2], "--time-zone", "UTC", *daily
        ).mistake
    )
    assert find_runs(name) == []

    add(rollcall, name, "--template", "Morning", *daily)
    assert "already" in rollcall(*base, "Morning", *daily).mistake


def test_what_a_schedule_uses_is_neither_deleted_nor_renamed(
    rollcall: CommandLine, name: str
) -> None:
    saved = rollcall.write("board.json", {"groups": ["board"]})
    assert rollcall("filters", "save", "Board", saved).code == 0
    add(
        rollcall, name, "--template", "Morning", "--filter", "Board", "--cron", f"{far_off()} * * *"
    )
    used = f"is used by schedule '{name}'"
    assert used in rollcall("templates", "delete", "Morning").mistake
    assert used in rollcall("templates", "rename", "Morning", "Evening").mistake
    assert used in rollcall("filters", "delete", "Board").mistake
    assert used in rollcall("filters", "rename", "Board", "Chiefs").mistake
    assert rollcall("schedule", "remove", name).code == 0
    assert rollcall("filters", "delete", "Board").code == 0


def test_with_prefect_away_it_is_said_in_one_sentence(rollcall: CommandLine) -> None:
    away = f"http://127.0.0.1:{find_free_port()}/api"
    with temporary_settings({PREFECT_API_URL: away}):
        answer = rollcall("schedule", "list")
        assert (answer.code, answer.out) == (1, "")
        assert answer.err == f"rollcall: Prefect at {away} does not answer\n"
        deleted = rollcall("templates", "delete", "Morning")
    assert (deleted.code, deleted.out) == (0, "deleted 'Morning'\n")
    assert "schedules could not be checked: Prefect at" in deleted.err


# Prefect's clients leave sockets to the garbage collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_schedule_whose_template_is_gone_fails_and_tells_administrators_once(
    rollcall: CommandLine, name: str
) -> None:
    add(rollcall, name, "--template", "Morning", "--every", "3s", "--confirm")
    with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{find_free_port()}/api"}):
        assert rollcall("templates", "delete", "Morning").code == 0
    broken = rollcall("schedule", "list")
    assert broken.code == 1
    assert f"BROKEN: {name}: there is no template for one-way messages 'Morning'" in broken.out

    run = await_due(name)
    for _ in range(2):  # as when it is repeated by hand
        assert asyncio.run(run_now(run)).state_type == "FAILED"
    [notice] = [one for one in rollcall("log", "--format", "json").json if name in one["subject"]]
    assert notice["state"] == "accepted"
    assert rollcall("resume", notice["message_id"]).code == 0
    [email] = rollcall.taken()
    assert email.address == "duty@example.org"


# Prefect's clients leave sockets to the garbage collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_schedule_fires_and_sends_once_to_whom_it_means_by_then(
    rollcall: CommandLine, name: str
) -> None:
    board = rollcall.write("board.json", {"people": ["p1"]})
    assert rollcall("filters", "save", "Board", board).code == 0
    every = ("--every", "3s", "--confirm", "--filter", "Board")
    add(rollcall, name, "--template", "Morning", *every)
    both = rollcall.write("both.json", {"people": ["p1", "p2"]})
    assert rollcall("filters", "save", "Board", both, "--replace").code == 0

    run = await_due(name)
    for _ in range(2):  # as when it is repeated after a crash
        assert asyncio.run(run_now(run)).state_type == "COMPLETED"
    assert sorted(one.address for one in rollcall.taken()) == ["p1@example.org", "p2@example.org"]
    [message] = rollcall("log", "--format", "json").json
    assert message["state"] == "sent"


# Prefect's clients leave sockets to the garbage collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_after_an_outage_only_the_run_whose_time_has_not_passed_is_sent(
    rollcall: CommandLine, name: str
) -> None:
    add(rollcall, name, "--template", "Morning", "--every", "15min", "--confirm")
    [deployment_id] = {one.deployment_id for one in find_runs(name)}
    now = datetime.now(UTC)
    outage: dict[str, Any] = {"start_time": (now - timedelta(minutes=40)).isoformat()}
    outage |= {"end_time": now.isoformat(), "min_runs": 3, "max_runs": 3}
    with get_client(sync_client=True) as client:
        path = {"id": deployment_id}
        client.request("POST", "/deployments/{id}/schedule", path_params=path, json=outage)
    late = [one for one in find_runs(name) if (one.expected_start_time or now) <= now]
    ended = [asyncio.run(run_now(one)) for one in (*late, late[0])]

    assert [one.state_name for one in ended] == ["TooLate", "TooLate", "Completed", "TooLate"]
    assert [one.address for one in rollcall.taken()] == ["p1@example.org"]
    [notice] = [one for one in rollcall("log", "--format", "json").json if name in one["subject"]]
    assert rollcall("resume", notice["message_id"]).code == 0
    assert [one.address for one in rollcall.taken()][1:] == ["duty@example.org"]


def await_due(name: str) -> FlowRun:
    """Wait until the server hands a run of a schedule to who serves the pool."""
    due: list[FlowRun] = []

    def is_due() -> bool:
        with get_client(sync_client=True) as client:
            now = datetime.now(UTC)
            found = client.get_scheduled_flow_runs_for_work_pool("sends", scheduled_before=now)
        runs = [one.flow_run for one in found]
        due.extend(one for one in runs if one.created_by and one.created_by.display_value == name)
        return bool(due)

    wait_until(is_due, 60, "the schedule fires")
    return due[0]
