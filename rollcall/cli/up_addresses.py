"""Where everything is found that `rollcall up` runs, as it says once all of it answers."""

import sys
from pathlib import Path
from typing import Any

from rollcall.cli.first_deployment import await_deployments
from rollcall.cli.output import Format, console, print_json
from rollcall.cli.up_parts import LOOPBACK, Installation, health_of, metrics_host


async def tell_ready(installation: Installation, output: Format, *, is_demo: bool) -> None:
    """Print where everything is found, once what Prefect shows and schedules is there, too."""
    settings = installation.settings
    deployments = await await_deployments(health_of(settings, settings.ports.dispatcher))
    told = describe(installation) | {"deployments": deployments}
    _tell_addresses(told, output, is_demo=is_demo)


def describe(installation: Installation) -> dict[str, Any]:
    """Return where everything is found; nothing secret is in it."""
    settings, ports = installation.settings, installation.settings.ports
    names = {part.name for part in installation.parts}
    listening = {
        "dispatcher": ports.dispatcher,
        "portal": ports.portal_metrics,
        "dashboards": ports.dashboards_metrics,
        "replies": ports.replies,
        "bounces": ports.bounces,
        "sandbox": ports.sandbox,
    }
    host = metrics_host(settings)
    metrics = {name: f"http://{host}:{port}/metrics" for name, port in listening.items()}
    metrics = {"prefect": f"{installation.prefect_url}/metrics"} | metrics
    return {
        "prefect": installation.prefect_url.removesuffix("/api"),
        "portal": f"http://{LOOPBACK}:{ports.portal}" if "portal" in names else None,
        "public": settings.public_url or None,
        "dashboards": f"http://{LOOPBACK}:{ports.dashboards}",
        "metrics": {name: address for name, address in metrics.items() if name in names},
        "data_dir": str(settings.data_dir),
    }


def _tell_addresses(told: dict[str, Any], output: Format, *, is_demo: bool) -> None:
    if output is Format.JSON:
        print_json(told)
        sys.stdout.flush()
        return
    lines = ["", "everything answers"]
    if told["deployments"] in ("pending", "failing"):
        lines.append(
            "  but Prefect has no deployments yet: no schedule and no reminder runs so far"
        )
    lines.append(f"  Prefect     {told['prefect']}")
    if told["portal"]:
        lines.append(f"  portal      {told['portal']}   for the public: {told['public']}")
    else:
        lines.append("  portal      not started: ROLLCALL_PUBLIC_URL is not set")
    lines.append(f"  dashboards  {told['dashboards']}")
    lines += [f"  metrics     {address}   {name}" for name, address in told["metrics"].items()]
    if is_demo:
        lines += _demo_hints(Path(told["data_dir"]))
    lines += ["Ctrl-C ends it all", ""]
    console.print("\n".join(lines), markup=False, soft_wrap=True)


def _demo_hints(folder: Path) -> list[str]:
    sample = "data/sample/earthquake.json --as-of 2026-11-23T06:00:00Z --confirm"
    return [
        "In another shell, to send the sample message to carriers that reach nobody:",
        f"  set -a; . {folder / 'up.env'}; set +a",
        f"  .venv/bin/rollcall send {sample}",
    ]
