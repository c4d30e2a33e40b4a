"""What `rollcall up` starts, by what is set."""

from pathlib import Path

import pytest

from rollcall.cli.environments import CLIENT_AUTH
from rollcall.cli.up import write_environment
from rollcall.cli.up_parts import plan_demo, plan_installation
from rollcall.settings import PortSettings, Settings

MAIL = """
[[route]]
id = "mail"
kind = "smtp"
host = "127.0.0.1"
security = "none"
sender = "Crisis Team <crisis@example.org>"
reply_to = "reply+{token}@example.org"
"""
MAILBOX = """
[[mailbox]]
route = "mail"
host = "127.0.0.1"
username = "{holds}"
password = "of-a-test"
holds = "{holds}"
"""


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PREFECT_API_URL", "PREFECT_HOME", "PREFECT_SERVER_API_AUTH_STRING", CLIENT_AUTH):
        monkeypatch.delenv(name, raising=False)


def settings_of(folder: Path, routes: str = MAIL, **given: str) -> Settings:
    path = folder / "routes.toml"
    path.write_text(routes)
    return Settings.model_validate({"data_dir": folder, "routes_file": path, **given})


def test_bare_installation_runs_prefect_and_dispatcher(tmp_path: Path) -> None:
    plan = plan_installation(settings_of(tmp_path))
    assert [part.name for part in plan.parts] == ["prefect", "dispatcher", "dashboards"]
    prefect, dispatcher, _ = plan.parts
    assert dispatcher.environment["PREFECT_API_URL"] == "http://127.0.0.1:4200/api"
    assert prefect.environment["PREFECT_HOME"] == str(tmp_path / "prefect")
    assert prefect.environment["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert prefect.ends_last
    assert not dispatcher.ends_last


def test_prefect_writes_its_pages_where_a_service_may_write(tmp_path: Path) -> None:
    server = plan_installation(settings_of(tmp_path)).parts[0].environment
    pages = Path(server["PREFECT_SERVER_UI_STATIC_DIRECTORY"])
    assert pages.is_relative_to(tmp_path)


def test_portal_and_mailbox_services_run_where_they_are_set_up(tmp_path: Path) -> None:
    routes = MAIL + MAILBOX.format(holds="replies") + MAILBOX.format(holds="bounces")
    settings = settings_of(tmp_path, routes, public_url="https://safe.example.org")
    names = [part.name for part in plan_installation(settings).parts]
    assert names == ["prefect", "dispatcher", "portal", "dashboards", "replies", "bounces"]


def test_no_server_is_started_where_another_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "https://prefect.example.org/api")
    plan = plan_installation(settings_of(tmp_path))
    assert [part.name for part in plan.parts] == ["dispatcher", "dashboards"]
    assert plan.prefect_url == "https://prefect.example.org/api"


def test_what_an_operator_has_set_wins_and_the_password_reaches_the_dispatcher(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "admin:of-a-test")
    monkeypatch.setenv("PREFECT_HOME", "elsewhere")
    prefect, dispatcher, _ = plan_installation(settings_of(tmp_path)).parts
    assert prefect.environment["PREFECT_HOME"] == "elsewhere"
    assert dispatcher.environment[CLIENT_AUTH] == "admin:of-a-test"


def test_demo_keeps_out_of_the_real_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "PREFECT_HOME": "real",
        "PREFECT_API_URL": "https://prefect.example.org/api",
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": "postgresql+asyncpg://real",
        "PREFECT_API_DATABASE_CONNECTION_URL": "postgresql+asyncpg://real",
        "ROLLCALL_LEDGER_URL": "postgresql://real",
        "ROLLCALL_PORTAL_KEY": "real",
        "ROLLCALL_DASHBOARDS__PUBLIC_URL": "https://real.example.org",
        "ROLLCALL_DASHBOARDS__OIDC_METADATA_URL": "https://real.example.org",
    }.items():
        monkeypatch.setenv(name, value)
    plan = plan_demo(settings_of(tmp_path), tmp_path / "demo")
    names = ["sandbox", "prefect", "dispatcher", "portal", "dashboards"]
    assert [part.name for part in plan.parts] == names
    assert [part.after for part in plan.parts] == [None, None, "sandbox", "sandbox", "sandbox"]
    for part in plan.parts:
        told = {name: value for name, value in part.environment.items() if "real" in value}
        told.pop("PWD", None)
        assert [name for name in told if name.startswith(("ROLLCALL_", "PREFECT_"))] == []
        assert part.environment["ROLLCALL_DATA_DIR"] == str(tmp_path / "demo")
        assert part.environment["PREFECT_HOME"] == str(tmp_path / "demo" / "prefect")


def test_other_commands_find_the_demo_its_prefect_and_its_ports_by_one_file(tmp_path: Path) -> None:
    ports = PortSettings(prefect=14200, dashboards=18501)
    settings = settings_of(tmp_path).model_copy(update={"ports": ports})
    plan = plan_demo(settings, tmp_path / "demo")
    plan.settings.data_dir.mkdir()
    write_environment(plan)
    told = dict(
        line.split("=", 1) for line in (tmp_path / "demo" / "up.env").read_text().splitlines()
    )
    assert told["PREFECT_API_URL"] == "http://127.0.0.1:14200/api"
    assert told["ROLLCALL_PORTS__PREFECT"] == "14200"
    assert told["ROLLCALL_PORTS__DASHBOARDS"] == "18501"
