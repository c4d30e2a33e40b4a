"""Every command and every setting is described, and nothing is described that does not exist."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from rollcall.cli.app import app
from rollcall.settings import PREFIX, SECRET_PREFIX, variable_names
from tests.architecture.project import PROJECT, list_files

PAGES = ("README.md", "docs/operating.md")
COMMANDS = sorted(getattr(get_command(app), "commands"))  # noqa: B009 - no type says it is a group


@pytest.fixture(scope="module")
def told() -> str:
    return "\n".join((PROJECT / page).read_text("utf-8") for page in PAGES)


@pytest.mark.parametrize("command", COMMANDS)
def test_command_is_described(told: str, command: str) -> None:
    assert re.search(rf"rollcall {command}\b", told)


@pytest.mark.parametrize("variable", sorted(variable_names()))
def test_setting_is_described(told: str, variable: str) -> None:
    assert re.search(rf"\b{variable}\b(?!__)", told)


def test_no_setting_is_described_that_does_not_exist(told: str) -> None:
    named = set(re.findall(rf"\b{PREFIX}[A-Z0-9_]*[A-Z0-9]", told))
    settings = {name for name in named if not name.startswith(SECRET_PREFIX.rstrip("_"))}
    assert settings - set(variable_names()) == set()


def test_no_command_is_shown_that_does_not_exist(told: str) -> None:
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", told, flags=re.DOTALL))
    shown = set(re.findall(r"(?<![\w./-])rollcall ([a-z]+)\b", code))
    assert shown - set(COMMANDS) == set()


@pytest.mark.parametrize("page", sorted(list_files(".md")), ids=str)
def test_page_links_to_what_exists(page: Path) -> None:
    folder = (PROJECT / page).parent
    links = re.findall(r"\]\((?!\w+:|#)([^)#\s]+)", (PROJECT / page).read_text("utf-8"))
    assert [link for link in links if not (folder / link).exists()] == []
