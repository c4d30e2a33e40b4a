"""The services of `deploy/systemd` and `compose.yaml` call what exists, and are locked in."""

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped] # no hints
from typer.main import get_command

from rollcall.cli.app import app
from rollcall.cli.up_parts import SEND_WITHIN_S
from tests.architecture.project import PROJECT

UNITS = sorted((PROJECT / "deploy/systemd").glob("*.service"))
COMMANDS = set(getattr(get_command(app), "commands"))  # noqa: B009 - no type says it is a group
COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT / "compose.yaml").read_text("utf-8"))
OURS = {name: one for name, one in COMPOSE["services"].items() if name != "postgres"}
LOCKED = {
    "nonewprivileges": "yes",
    "protectsystem": "strict",
    "protecthome": "yes",
    "user": "rollcall",
    "statedirectory": "rollcall",
    "statedirectorymode": "0700",
    "restartpreventexitstatus": "2",
}


def read_unit(path: Path) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.read(path)
    return parser["Service"]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_service_calls_a_command_that_exists_and_may_do_little(path: Path) -> None:
    service = read_unit(path)
    assert service["ExecStart"].split()[1] in COMMANDS
    assert {name: service.get(name) for name in LOCKED} == LOCKED
    assert int(service["TimeoutStopSec"]) >= 30
    assert service["EnvironmentFile"]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_systemd_finds_nothing_wrong_with_a_service(path: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip(
            "systemd-analyze comes with systemd, which containers lack; others read the units"
        )
    # where nothing is installed, systemd would only say so
    here = re.sub(r"/srv/rollcall/\.venv/bin/rollcall", sys.executable, path.read_text("utf-8"))
    unit = tmp_path / path.name
    unit.write_text(re.sub(r"file:///srv/rollcall", f"file://{PROJECT}", here))
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)],  # noqa: S607 - on the path
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    about_it = [line for line in checked.stderr.splitlines() if path.stem in line]
    assert about_it == []


def test_there_is_a_service_for_each_part() -> None:
    parts = {read_unit(path)["ExecStart"].split()[1] for path in UNITS}
    assert parts == {"server", "dispatcher", "portal", "dashboards", "replies", "bounces"}


@pytest.mark.parametrize("name", OURS)
def test_container_calls_a_command_that_exists_and_gains_no_rights(name: str) -> None:
    service = OURS[name]
    assert service["command"][0] in COMMANDS
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert name == "migrate" or "healthcheck" in service
    published = [port for port in service.get("ports", []) if not port.startswith("127.0.0.1:")]
    assert published == []


def test_dispatcher_may_finish_the_longest_try_wherever_it_runs() -> None:
    [unit] = [one for one in map(read_unit, UNITS) if " dispatcher " in one["ExecStart"]]
    assert int(unit["TimeoutStopSec"]) >= SEND_WITHIN_S
    assert unit.get("killmode", "control-group") == "control-group"  # others may finish, too
    assert int(OURS["dispatcher"]["stop_grace_period"].removesuffix("s")) >= SEND_WITHIN_S


def test_compose_file_holds_no_secret() -> None:
    for service in COMPOSE["services"].values():
        for name, value in service["environment"].items():
            if re.search("PASSWORD|KEY|AUTH|URL", name) and "http://prefect" not in value:
                assert "${" in value, name


def test_image_is_built_from_the_lock_with_hashes_for_nobody_in_particular() -> None:
    told = (PROJECT / "Containerfile").read_text("utf-8")
    assert "--no-deps --require-hashes -r requirements.lock" in told
    assert told.index("\nUSER rollcall\n") > told.rindex("\nRUN ")
