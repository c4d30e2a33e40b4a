"""`prefect.yaml` as it is read; a mistake in it is told in one sentence."""

import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # Prefect brings it, without types

from rollcall.dispatcher.prefect_file import read_prefect_file
from rollcall.errors import ConfigError
from rollcall.settings import PROJECT_FOLDER

FLOW_ID = uuid.UUID(int=7)


def write(folder: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """Write the project's file with another `chase-answers`."""
    said = yaml.safe_load((PROJECT_FOLDER / "prefect.yaml").read_text("utf-8"))
    change(next(one for one in said["deployments"] if one["name"] == "chase-answers"))
    (folder / "prefect.yaml").write_text(yaml.safe_dump(said), "utf-8")
    return folder


def read_wrong(folder: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        sign(folder)
    return str(caught.value)


def sign(folder: Path) -> list[str]:
    return [one.sign(FLOW_ID) for one in read_prefect_file(folder).deployments]


def test_each_deployment_names_its_flow_and_its_folder(tmp_path: Path) -> None:
    shutil.copy(PROJECT_FOLDER / "prefect.yaml", tmp_path)
    filed = read_prefect_file(tmp_path)
    assert "open-chat/monthly-drill" in [one.full_name for one in filed.deployments]
    assert filed.pull == [
        {"prefect.deployments.steps.set_working_directory": {"directory": str(tmp_path)}}
    ]


def test_what_it_says_is_the_same_each_time_it_is_read() -> None:
    assert sign(PROJECT_FOLDER) == sign(PROJECT_FOLDER)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"paused": True}, "prefect.yaml: deployments.4.paused: Extra inputs are not permitted"),
        ({"entrypoint": "flows/gone.py:gone"}, "'flows/gone.py:gone' of 'chase-answers' names no"),
        (
            {"schedules": [{"interval": 60}]},
            "prefect.yaml: deployments.4.schedules.0.slug: Field required",
        ),
        (
            {"schedules": [{"slug": "never"}]},
            "schedule 'never' of 'chase-answers/chase-answers' says when by one of cron",
        ),
        (
            {"schedules": [{"slug": "odd", "cron": "0 25 * * *"}]},
            "schedule 'odd' of 'chase-answers/chase-answers': Value error, Invalid cron",
        ),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path: Path, said: dict[str, Any], told: str) -> None:
    assert told in read_wrong(write(tmp_path, lambda one: one.update(said)))


def test_what_is_no_file_and_no_yaml_is_told(tmp_path: Path) -> None:
    assert "cannot be read: No such file" in read_wrong(tmp_path)
    (tmp_path / "prefect.yaml").write_text("deployments: [", "utf-8")
    assert read_wrong(tmp_path).startswith("prefect.yaml is no YAML: ")
