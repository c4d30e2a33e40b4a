"""What Streamlit is set to, whoever starts it: it tells nobody anything."""

import tomllib
from typing import Any

import pytest

from rollcall.settings import PROJECT_FOLDER, PortSettings

FILE = PROJECT_FOLDER / "dashboards" / ".streamlit" / "config.toml"


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text("utf-8"))


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("server", "address", "127.0.0.1"), ("server", "headless", True),
        ("browser", "gatherUsageStats", False), ("logger", "hideWelcomeMessage", True),
        ("client", "showErrorDetails", "none"), ("client", "showErrorLinks", False),
        ("client", "toolbarMode", "minimal"), ("runner", "postScriptGC", False),
    ],
)  # fmt: skip
def test_streamlit_tells_nobody_anything(
    told: dict[str, Any], section: str, name: str, value: object
) -> None:
    assert told[section][name] == value


def test_its_port_is_that_of_the_settings(told: dict[str, Any]) -> None:
    assert told["server"]["port"] == PortSettings().dashboards
