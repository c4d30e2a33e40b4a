"""`make up DEMO=1`: what somebody sees who has just cloned the project."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from rollcall.cli.demo_chat import SAMPLE, SAMPLE_AS_OF
from tests.e2e.conftest import Rollcall, install
from tests.ports import draw_ports
from tests.sample_installation import name_ports, read_demo_environment, run_up_demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rollcall]:
    """The command line with the settings that the demo leaves for other commands."""
    folder = tmp_path_factory.mktemp("up-demo")
    rollcall = install(folder)
    rollcall = replace(rollcall, env=rollcall.env | name_ports(draw_ports()))
    data = folder / "demo"
    data.mkdir()
    with run_up_demo(rollcall, data):
        yield replace(rollcall, env=rollcall.env | read_demo_environment(data))


def look(demo: Rollcall) -> dict[str, Any]:
    told = demo.run("status", "--format", "json")
    assert told.stderr == ""
    return {one["part"]: one for one in json.loads(told.stdout)["findings"]}


def test_nothing_fails_before_anything_was_done(demo: Rollcall) -> None:
    found = look(demo)
    assert [one["told"] for one in found.values() if not one["is_good"]] == []
    assert set(found) >= {"dispatcher", "prefect", "portal", "dashboards", "source"}


def test_the_sample_is_sent_as_it_says(demo: Rollcall) -> None:
    message = str(SAMPLE / "earthquake.json")
    told = demo.run("send", message, "--as-of", SAMPLE_AS_OF, "--confirm", "--format", "json")
    assert told.returncode in (0, 1), told.stderr  # 1: some could not be reached, on purpose
    assert json.loads(told.stdout)["state"] == "sent"
    found = look(demo)
    assert found["route bravo"]["facts"]["tries"]["accepted"] > 100
    assert found["source"]["facts"]["people_count"] > 2_000
