"""Postfix's own test programs, the peers that mail is measured against: `smtp-sink`, `smtp-source`.

They belong to Debian's package `postfix`. Where it is not installed, the package is fetched with
apt and unpacked into a folder, which needs no root and starts no mail server.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

START_MAX_S = 10.0


@dataclass(frozen=True)
class PostfixPrograms:
    """Where the programs are, and what their environment has to be."""

    sink: Path
    source: Path
    environment: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def serve_sink(self, port: int) -> Iterator[None]:
        """Run a mail server on loopback that takes every message and forgets it."""
        as_root = ["-u", "root"] if os.geteuid() == 0 else []
        command = [str(self.sink), *as_root, f"127.0.0.1:{port}", "1000"]
        process = subprocess.Popen(command, env=self.environment)  # noqa: S603 - our own command
        try:
            wait_for_port(port, process)
            yield
        finally:
            process.terminate()
            process.wait(timeout=START_MAX_S)

    def send(self, port: int, count: int, *, session_count: int, size: int) -> None:
        """Send messages with `smtp-source` over connections that are kept."""
        command = [
            str(self.source), "-d", "-s", str(session_count), "-m", str(count), "-l", str(size),
            "-f", "crisis@example.org", "-t", "p@example.net", f"127.0.0.1:{port}",
        ]  # fmt: skip
        subprocess.run(command, env=self.environment, check=True, timeout=300)  # noqa: S603 - our own


def find_postfix(folder: Path) -> PostfixPrograms:
    """Return the installed programs, else those of the package, unpacked into a folder.

    Raises:
        SystemExit: They are not installed and apt cannot fetch them.
    """
    search_path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    sink, source = (shutil.which(name, path=search_path) for name in ("smtp-sink", "smtp-source"))
    if sink and source:
        return PostfixPrograms(Path(sink), Path(source), dict(os.environ))
    try:
        _run(["apt-get", "-q", "download", "postfix"], folder)
        _run(["dpkg", "-x", next(folder.glob("postfix_*.deb")).name, "."], folder)
    except (OSError, subprocess.CalledProcessError, StopIteration) as error:
        raise SystemExit(
            "this benchmark measures against smtp-sink and smtp-source: install Debian's package "
            "postfix, or let apt fetch it (apt-get update)"
        ) from error
    environment = dict(os.environ) | {"LD_LIBRARY_PATH": str(folder / "usr/lib/postfix")}
    programs = folder / "usr/sbin"
    return PostfixPrograms(programs / "smtp-sink", programs / "smtp-source", environment)


def _run(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True)  # noqa: S603 - our own


def wait_for_port(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Wait until a process listens.

    Raises:
        SystemExit: It ended, or does not listen in time.
    """
    give_up_at = time.monotonic() + START_MAX_S
    while time.monotonic() < give_up_at and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1.0):
            return
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.05)
    raise SystemExit("smtp-sink does not start")
