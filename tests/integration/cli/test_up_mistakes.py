"""What `rollcall up` and `rollcall server` refuse, before anything is started."""

import socket

import pytest

from tests.integration.cli.conftest import CommandLine
from tests.ports import draw_ports


@pytest.fixture(autouse=True)
def _ports(rollcall: CommandLine) -> None:
    for name, port in draw_ports().items():
        rollcall.set(f"PORTS__{name}", str(port))


@pytest.mark.parametrize("host", ["::", "192.0.2.1"])
def test_prefects_server_that_others_could_use_wants_a_password(
    rollcall: CommandLine, host: str
) -> None:
    rollcall.monkeypatch.delenv("PREFECT_SERVER_API_AUTH_STRING", raising=False)
    told = rollcall("server", "--host", host).mistake
    assert told.startswith(
        f"Prefect's server on {host} could be used by others: set PREFECT_SERVER"
    )


def test_without_routes_up_says_how_to_begin(rollcall: CommandLine) -> None:
    rollcall.set("ROUTES_FILE", rollcall.folder / "none.toml")
    told = rollcall("up").mistake
    assert "none.toml is missing" in told
    assert "make up DEMO=1" in told


def test_port_that_is_taken_is_named_with_its_setting(rollcall: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        rollcall.set("PORTS__DISPATCHER", str(port))
        told = rollcall("up").mistake
    assert f"port {port}" in told
    assert told.endswith("set ROLLCALL_PORTS__DISPATCHER to a free port")
