"""`rollcall up`: everything that one machine runs, by one command, until Ctrl-C."""

import asyncio
import fcntl
import os
import re
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from rollcall.cli.environments import demo_environment
from rollcall.cli.output import Format, FormatOption, console
from rollcall.cli.private_files import write_private
from rollcall.cli.supervising import EXIT_MISTAKE, Supervisor
from rollcall.cli.up_addresses import tell_ready
from rollcall.cli.up_parts import (
    LOOPBACK,
    Installation,
    plan_demo,
    plan_installation,
)
from rollcall.errors import ConfigError
from rollcall.ledger.migrate import require_current
from rollcall.listening import listen
from rollcall.settings import PREFIX, PROJECT_FOLDER, Settings, load_settings
from rollcall.wiring import build_ledger

DEMO_FOLDER: Final = PROJECT_FOLDER / "data" / "local" / "up-demo"
SELF: Final = "up"

_PORTS: Final = {
    "portal": ("portal", "portal_metrics"),
    "dashboards": ("dashboards", "dashboards_metrics"),
}
"""The ports that a part needs, by the names of their settings, where that is not its own name."""

_NAME_WIDTH: Final = 10
_COLOURS: Final = ("36", "33", "32", "35", "34", "31", "96")
_CONTROLS: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0a-\x1f\x7f]")


def up(
    demo: Annotated[
        bool, typer.Option("--demo", help="With sample data and carriers that reach nobody.")
    ] = False,
    folder: Annotated[Path, typer.Option(help="Where the demo keeps what it makes.")] = DEMO_FOLDER,
    output: FormatOption = Format.TEXT,
) -> None:
    """Run Prefect's server, dispatcher, portal, dashboards, mailbox services until SIGTERM or ^C.

    Prints where everything is found once it answers. What dies is started again.
    """
    settings = load_settings()
    if demo:
        installation = plan_demo(settings, folder.resolve())
    else:
        installation = plan_installation(_require_routes(settings))
    with only_one(installation.settings.data_dir):
        _require_ports(installation)
        _require_ledger(installation.settings)
        if demo:
            write_environment(installation)
        raise typer.Exit(asyncio.run(_run(installation, output, is_demo=demo)))


async def _run(installation: Installation, output: Format, *, is_demo: bool) -> int:
    names = [part.name for part in installation.parts]
    printer = LinePrinter(names)
    supervisor = Supervisor(
        installation.parts,
        printer.tell,
        lambda: tell_ready(installation, output, is_demo=is_demo),
    )
    printer.gone = supervisor.stop
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, supervisor.stop)
    printer.tell(SELF, f"starting {', '.join(names)}")
    await supervisor.run()
    if supervisor.refused is not None:
        printer.tell(SELF, f"all has ended, because {supervisor.refused} cannot start (see above)")
        return EXIT_MISTAKE
    printer.tell(SELF, "all has ended")
    return 0


@contextmanager
def only_one(data_dir: Path) -> Iterator[None]:
    """Let nobody else run an installation meanwhile.

    Raises:
        ConfigError: Somebody does; or the folder cannot be written.
    """
    path = data_dir / "up.lock"
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            pid = lock.read().strip() or "unknown"
            raise ConfigError(
                f"`rollcall up` runs already for {data_dir} (process {pid}): end that one first"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


class LinePrinter:
    """Prints lines of parts to stderr, each with the name of its part in front.

    Args:
        names: Of the parts.
    """

    def __init__(self, names: list[str]) -> None:
        coloured = console.color_system is not None and sys.stderr.isatty()
        codes = dict(zip(names, _COLOURS, strict=False)) if coloured else {}
        self._prefixes = {
            name: f"\x1b[{code}m{name:<{_NAME_WIDTH}} |\x1b[0m" for name, code in codes.items()
        }
        self.gone: Any = None

    def tell(self, name: str, line: str) -> None:
        """Print a line that is not empty; without what gives orders to the terminal."""
        text = _CONTROLS.sub("", line).rstrip()
        if not text:
            return
        prefix = self._prefixes.get(name, f"{name:<{_NAME_WIDTH}} |")
        try:
            sys.stderr.write(f"{prefix} {text}\n")
            sys.stderr.flush()
        except OSError:  # whoever read it has gone
            if self.gone is not None:
                self.gone()


def _require_routes(settings: Settings) -> Settings:
    if not settings.routes_file.exists():
        raise ConfigError(
            f"{settings.routes_file} is missing: `cp routes.example.toml routes.toml` and fill it "
            "in, or see everything with sample data first: `make up DEMO=1`"
        )
    return settings


def _require_ports(installation: Installation) -> None:
    """Find out whether every port is free before anything is started.

    Raises:
        ConfigError: One is not; names its setting.
    """
    ports = installation.settings.ports
    for part in installation.parts:
        for name in _PORTS.get(part.name, (part.name,)):
            try:
                listen(LOOPBACK, getattr(ports, name)).close()
            except ConfigError as error:
                setting = f"{PREFIX}PORTS__{name.upper()}"
                raise ConfigError(f"{error}: set {setting} to a free port") from error


def _require_ledger(settings: Settings) -> None:
    ledger = build_ledger(settings)
    try:
        require_current(ledger)
    finally:
        ledger.close()


def write_environment(installation: Installation) -> None:
    """Write by which settings other commands find the demo, its Prefect and its ports too."""
    told = demo_environment(installation.settings) | {"PREFECT_API_URL": installation.prefect_url}
    lines = (f"{name}={shlex.quote(value)}\n" for name, value in told.items())
    write_private(_environment_file(installation.settings), lines)


def _environment_file(settings: Settings) -> Path:
    return settings.data_dir / "up.env"
