from pathlib import Path

import pytest

from rollcall.errors import ConfigError
from rollcall.settings import (
    PROJECT_FOLDER,
    DashboardSettings,
    DeliverySettings,
    GuardSettings,
    PortSettings,
    RefreshSettings,
    RetentionSettings,
    Settings,
    load_secrets,
    load_settings,
    variable_names,
)

GROUPS = {
    "administrators", "dashboards", "delivery", "guards", "ports", "refresh", "retention",
}  # fmt: skip
"""Settings that hold several: each is set as JSON."""

LISTS = ("OIDC_ADMINS", "OIDC_SENDERS", "OIDC_VIEWERS")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*variable_names(), "ROLLCALL_SECRET_A"):
        monkeypatch.delenv(name, raising=False)


def refuse() -> str:
    with pytest.raises(ConfigError) as refusal:
        load_settings()
    return str(refusal.value)


def test_nothing_has_to_be_set() -> None:
    settings = load_settings()
    assert settings.data_dir == PROJECT_FOLDER / "data" / "local"
    assert settings.ledger_address == f"sqlite:///{settings.data_dir / 'ledger.db'}"


def test_every_setting_is_described() -> None:
    groups = (
        DashboardSettings, DeliverySettings, GuardSettings, PortSettings, RefreshSettings,
        RetentionSettings,
    )  # fmt: skip
    for model in (Settings, *groups):
        for name, field in model.model_fields.items():
            assert field.description or field.annotation in groups, name


def test_every_variable_that_is_listed_sets_something(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in variable_names():
        if name.removeprefix("ROLLCALL_").lower() not in GROUPS:
            monkeypatch.setenv(name, '["3"]' if name.endswith(LISTS) else "3")
    settings = load_settings()
    assert (settings.data_dir, settings.routes_file) == (Path("3"), Path("3"))
    assert (settings.ledger_url, settings.organisation) == ("3", "3")
    assert set(settings.delivery.model_dump().values()) == {3}
    assert set(settings.guards.model_dump().values()) == {3}
    assert set(settings.retention.model_dump().values()) == {3}
    assert set(settings.refresh.model_dump().values()) == {3}
    assert set(settings.ports.model_dump().values()) == {3}
    dashboards = settings.dashboards.model_dump()
    secret = dashboards.pop("oidc_client_secret").get_secret_value()
    assert {secret, *dashboards.values()} == {"3", 3, ("3",)}


def test_group_can_be_set_as_one_json_object(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLCALL_DELIVERY", '{"sms_max_tries": 7, "copies_cap": 0}')
    monkeypatch.setenv("ROLLCALL_DELIVERY__COPIES_CAP", "2")
    delivery = load_settings().delivery
    assert (delivery.sms_max_tries, delivery.copies_cap) == (7, 2)


def test_ledger_elsewhere_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLCALL_LEDGER_URL", "postgresql://db/rollcall")
    assert load_settings().ledger_address == "postgresql://db/rollcall"


def test_dashboards_are_where_it_is_said_and_on_this_machine_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ROLLCALL_PORTS__DASHBOARDS", "8601")
    assert load_settings().desk_url == "http://127.0.0.1:8601"
    monkeypatch.setenv("ROLLCALL_DASHBOARDS__PUBLIC_URL", "https://desk.example.org/")
    assert load_settings().desk_url == "https://desk.example.org"


@pytest.mark.parametrize("name", ["DATA_DIR", "ROUTES_FILE", "DELIVERY__SMS_MAX_TRIES"])
def test_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """`ROLLCALL_DATA_DIR=` must not put the ledger into whatever folder one happens to be in."""
    monkeypatch.setenv(f"ROLLCALL_{name}", "")
    assert load_settings() == Settings()
    assert load_settings().data_dir == PROJECT_FOLDER / "data" / "local"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ROLLCALL_DATADIR", "ROLLCALL_DATA_DIR"),
        ("ROLLCALL_DELIVERY_COPIES_CAP", "ROLLCALL_DELIVERY__COPIES_CAP"),
        ("ROLLCALL_SECRETS_CARRIER", None),
        ("rollcall_data_dir", "ROLLCALL_DATA_DIR"),
        ("Rollcall_Zzzzzzzzzzz", None),
    ],
)
def test_unknown_variable_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, meant: str | None
) -> None:
    monkeypatch.setenv(name, "x")
    told = f"unknown setting {name}"
    assert refuse() == (f"{told} (did you mean {meant}?)" if meant else told)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ROLLCALL_DELIVERY__SMS_MAX_TRIES", "many"),
        ("ROLLCALL_DELIVERY__SMS_MAX_TRIES", "0"),
        ("ROLLCALL_DELIVERY__HIGH_QUALITY_MAX_TRIES", "51"),
        ("ROLLCALL_DELIVERY__FIRST_WAIT_S", "-1"),
        ("ROLLCALL_DELIVERY__FIRST_WAIT_S", "nan"),
        ("ROLLCALL_DELIVERY__LONGEST_WAIT_S", "inf"),
        ("ROLLCALL_DELIVERY", '{"sms_max_tires": 3}'),
        ("ROLLCALL_DELIVERY", "3"),
    ],
)
def test_wrong_value_is_refused_by_the_variables_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert refuse().startswith(f"setting {name}: ")


def test_group_that_is_not_json_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLCALL_DELIVERY", "{bad")
    assert 'is not JSON: error parsing value for field "delivery"' in refuse()


def test_secrets_are_read_by_their_full_name_and_are_no_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ROLLCALL_SECRET_A", "hush")
    assert load_secrets()["ROLLCALL_SECRET_A"] == "hush"
    assert load_settings() == Settings()
