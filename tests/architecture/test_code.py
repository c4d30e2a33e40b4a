"""What the code promises as a whole."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.project import PROJECT, list_files

MOST_LINES = 400
ENVIRONMENT_READERS = {
    Path("rollcall/settings.py"),  # the one place that reads settings
    Path("rollcall/cli/environments.py"),  # hands it on to the parts, and knows Prefect's settings
    Path("rollcall/cli/demo.py"),  # hands the environment on to the sandbox's process
}


def test_imports_go_down_only() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    checked = subprocess.run(
        [lint, "--no-cache"], cwd=PROJECT, capture_output=True, text=True, check=False, timeout=60
    )
    assert checked.returncode == 0, checked.stdout
    assert "0 broken" in checked.stdout


def test_no_python_file_is_longer_than_one_can_keep_in_mind() -> None:
    """Migrations are excepted: each is a record of one change, and is never read for its design."""
    lines = {
        path: len((PROJECT / path).read_text("utf-8").splitlines())
        for path in list_files(".py")
        if "migrations" not in path.parts
    }
    assert len(lines) > 100
    assert {path: count for path, count in lines.items() if count > MOST_LINES} == {}


def test_only_the_settings_read_the_environment() -> None:
    readers = {
        path
        for path in list_files(".py")
        if path.parts[0] in {"rollcall", "flows", "tasks"}
        and re.search(r"\benviron\b|\bgetenv\b", (PROJECT / path).read_text("utf-8"))
    }
    assert readers == ENVIRONMENT_READERS


def test_prefects_server_can_be_started_at_all() -> None:
    """With a FastAPI or SQLAlchemy too new for it, importing the server module fails."""
    imported = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", "import prefect.server.api.server"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert imported.returncode == 0, imported.stderr


@pytest.mark.parametrize("package", ["rollcall", "flows", "tasks"])
def test_every_module_says_what_it_is(package: str) -> None:
    for path in list_files(".py"):
        if path.parts[0] == package and "versions" not in path.parts:
            assert (PROJECT / path).read_text("utf-8").startswith('"""'), path
