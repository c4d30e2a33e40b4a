"""What `rollcall up` runs, and where each part is found."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rollcall.cli.demo_chat import SAMPLE
from rollcall.cli.environments import (
    demo_environment,
    given_prefect_url,
    part_environment,
    server_environment,
)
from rollcall.cli.parts import Part
from rollcall.extra_processes import END_PATIENCE_S
from rollcall.settings import DashboardSettings, Settings
from rollcall.wiring import build_mailboxes, build_reply_mailboxes

LOOPBACK: Final = "127.0.0.1"

ROUND_S: Final = 30
"""How often mailboxes are read."""

SEND_WITHIN_S: Final = END_PATIENCE_S + 10
"""How long a dispatcher may take to end, and what it leaves behind: its tries are made by further
processes too, which it waits for; a try that is cut off may have reached somebody."""

_ROLLCALL: Final = (sys.executable, "-m", "rollcall.cli")


@dataclass(frozen=True, slots=True)
class Installation:
    """What is run, and for whom.

    Attributes:
        settings: Of all parts.
        parts: In the order in which they are told of.
        prefect_url: Of Prefect's API.
    """

    settings: Settings
    parts: list[Part]
    prefect_url: str


def plan_installation(settings: Settings) -> Installation:
    """Return what runs an operator's own installation.

    Raises:
        ConfigError: The routes file is missing or wrong.
    """
    own_url = _prefect_url(settings)
    prefect_url = given_prefect_url() or own_url
    environment = part_environment(settings, prefect_url)
    parts = [] if prefect_url != own_url else [_server(settings)]
    parts.append(_dispatcher(settings, environment))
    if settings.public_url:
        parts.append(_portal(settings, environment))
    parts.append(_dashboards(settings, environment))
    if build_reply_mailboxes(settings):
        parts.append(_rounds(settings, "replies", settings.ports.replies, environment))
    if build_mailboxes(settings):
        parts.append(_rounds(settings, "bounces", settings.ports.bounces, environment))
    return Installation(settings, parts, prefect_url)


def plan_demo(settings: Settings, folder: Path) -> Installation:
    """Return what runs the sample data with carriers on loopback, beside a real installation."""
    own = demo_settings(settings, folder)
    sandbox_folder = folder / "sandbox"
    prefect_url = _prefect_url(own)
    environment = _keep_out(part_environment(own, prefect_url), own)
    command = [sys.executable, "-m", "rollcall.sandbox", "--plan", "demo", "--receipts"]
    command += ["--folder", str(sandbox_folder), "--metrics-port", str(own.ports.sandbox)]
    sandbox = Part("sandbox", command, environment, sandbox_folder / "ready", ends_last=True)
    parts = [
        sandbox,
        _server(own, is_demo=True),
        _dispatcher(own, environment, after="sandbox"),
        _portal(own, environment, after="sandbox"),
        _dashboards(own, environment, after="sandbox"),
    ]
    return Installation(own, parts, prefect_url)


def demo_settings(settings: Settings, folder: Path) -> Settings:
    """Return the operator's settings with a ledger, routes and data of the demo's own."""
    own = {
        "data_dir": folder,
        "source": SAMPLE,
        "ledger_url": "",
        "routes_file": folder / "sandbox" / "routes.toml",
        "organisation": "Meridian Relief",
        "public_url": f"http://{LOOPBACK}:{settings.ports.portal}",
        "dashboards": DashboardSettings(),
    }
    return settings.model_copy(update=own)


def _keep_out(environment: dict[str, str], settings: Settings) -> dict[str, str]:
    """Return an environment by which the demo touches nothing of the real installation."""
    own = environment | demo_environment(settings)
    for name in ("PREFECT_SERVER_DATABASE_CONNECTION_URL", "PREFECT_API_DATABASE_CONNECTION_URL"):
        own.pop(name, None)
    return own


def _prefect_url(settings: Settings) -> str:
    return f"http://{LOOPBACK}:{settings.ports.prefect}/api"


def _server(settings: Settings, *, is_demo: bool = False) -> Part:
    port = settings.ports.prefect
    environment = server_environment(settings, LOOPBACK, port) | {"PYTHONUNBUFFERED": "1"}
    if is_demo:
        environment = _keep_out(environment, settings)
    command = [*_ROLLCALL, "server", "--host", LOOPBACK, "--port", str(port)]
    health = f"http://{LOOPBACK}:{port}/api/health"
    return Part("prefect", command, environment, health, ends_last=True)


def _dispatcher(settings: Settings, environment: dict[str, str], after: str | None = None) -> Part:
    port = settings.ports.dispatcher
    command = [*_ROLLCALL, "dispatcher", "--metrics-port", str(port)]
    return Part(
        "dispatcher",
        command,
        environment,
        health_of(settings, port),
        after,
        stop_within_s=SEND_WITHIN_S,
        rest_within_s=SEND_WITHIN_S,
    )


def _portal(settings: Settings, environment: dict[str, str], after: str | None = None) -> Part:
    ports = settings.ports
    command = [*_ROLLCALL, "portal", "--port", str(ports.portal)]
    command += ["--metrics-port", str(ports.portal_metrics)]
    health = f"http://{LOOPBACK}:{ports.portal}/healthz"
    return Part("portal", command, environment, health, after)


def _dashboards(settings: Settings, environment: dict[str, str], after: str | None = None) -> Part:
    port = settings.ports.dashboards
    command = [*_ROLLCALL, "dashboards", "--port", str(port)]
    command += ["--metrics-port", str(settings.ports.dashboards_metrics)]
    return Part("dashboards", command, environment, f"http://{LOOPBACK}:{port}/healthz", after)


def _rounds(settings: Settings, name: str, port: int, environment: dict[str, str]) -> Part:
    command = [*_ROLLCALL, name, "--every", str(ROUND_S), "--metrics-port", str(port)]
    return Part(name, command, environment, health_of(settings, port))


def health_of(settings: Settings, port: int) -> str:
    """Return where a process on this machine tells its health."""
    return f"http://{metrics_host(settings)}:{port}/health"


def metrics_host(settings: Settings) -> str:
    """Return where this machine reaches what listens at `ROLLCALL_METRICS_HOST`."""
    host = settings.metrics_host
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not listened at
        return LOOPBACK
    return f"[{host}]" if ":" in host else host
