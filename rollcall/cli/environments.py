"""What the parts that `rollcall up` and `rollcall server` start find in their environment.

What the operator has set in it wins over all defaults here.
"""

import os
from typing import Final

from rollcall.errors import ConfigError
from rollcall.listening import is_loopback
from rollcall.settings import PREFIX, Settings

AUTH: Final = "PREFECT_SERVER_API_AUTH_STRING"
CLIENT_AUTH: Final = "PREFECT_API_AUTH_STRING"

QUIET: Final = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "PREFECT_CLI_PROMPT": "false",
}
"""Nothing of an installation is told to anybody."""

SERVER: Final = QUIET | {
    "PREFECT_SERVER_METRICS_ENABLED": "true",  # at /api/metrics, for whoever may use the API
    "PREFECT_SERVER_UI_V2_ENABLED": "false",  # the other one asks a server on the internet
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    # measured: with these the UI knows of task runs nine times as soon
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_TRIGGERS_READ_BATCH_SIZE": "200",
}


def server_environment(settings: Settings, host: str, port: int) -> dict[str, str]:
    """Return what Prefect's server is started with.

    Raises:
        ConfigError: Others could reach it, and nobody would be asked who they are.
    """
    if not is_loopback(host) and not os.environ.get(AUTH):
        raise ConfigError(
            f"Prefect's server on {host} could be used by others: set {AUTH}=USER:PASSWORD, or "
            "leave it on 127.0.0.1"
        )
    own = {
        "PREFECT_HOME": str(settings.data_dir / "prefect"),
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"http://127.0.0.1:{port}",
        # it writes its pages when it first starts, by default into site-packages: there a service
        # or a container may write nothing, and would have no UI
        "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(settings.data_dir / "prefect" / "ui"),
        "PREFECT_SERVER_UI_API_URL": f"http://127.0.0.1:{port}/api",
    }
    return SERVER | own | _given()


def part_environment(settings: Settings, prefect_url: str | None) -> dict[str, str]:
    """Return what everything else is started with.

    Args:
        settings: The installation's.
        prefect_url: Of Prefect's API; None: there is none.
    """
    own = {"PREFECT_HOME": str(settings.data_dir / "prefect"), "PYTHONUNBUFFERED": "1"}
    if auth := os.environ.get(AUTH):
        own[CLIENT_AUTH] = auth
    address = {"PREFECT_API_URL": prefect_url} if prefect_url else {}
    return QUIET | own | _given() | address


def demo_environment(settings: Settings) -> dict[str, str]:
    """Return the settings of the demo as an environment, by which commands find it, too."""
    told: dict[str, object] = {
        "DATA_DIR": settings.data_dir,
        "SOURCE": settings.source,
        "LEDGER_URL": "",
        "ROUTES_FILE": settings.routes_file,
        "ORGANISATION": settings.organisation,
        "PUBLIC_URL": settings.public_url,
        "PORTAL_KEY": "",
        "DASHBOARDS__PUBLIC_URL": "",
        "DASHBOARDS__OIDC_METADATA_URL": "",
        "REFRESH__STALE_H": 0,  # sample data is as old as it is
    }
    told |= {f"PORTS__{name.upper()}": port for name, port in settings.ports}
    own = {f"{PREFIX}{name}": str(value) for name, value in told.items()}
    return own | {"PREFECT_HOME": str(settings.data_dir / "prefect")}


def given_prefect_url() -> str | None:
    """Return where the operator says that Prefect's API is, if they do."""
    return os.environ.get("PREFECT_API_URL") or None


def given_prefect_auth() -> tuple[str, str] | None:
    """Return user and password for Prefect's API, if the operator gives them."""
    user, _, password = os.environ.get(CLIENT_AUTH, "").partition(":")
    return (user, password) if user else None


def _given() -> dict[str, str]:
    return dict(os.environ)
