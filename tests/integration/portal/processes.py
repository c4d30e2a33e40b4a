"""A portal in a process of its own: started, killed, started again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.architecture.project import PROJECT
from tests.integration.portal.scripted import PUBLIC_URL
from tests.ports import find_free_port

START_S = 60
"""How long a start may take on a busy machine."""


class PortalProcess:
    """A portal that can be killed; its port stays the same, and its log grows on."""

    def __init__(
        self, ledger_url: str, folder: Path, log_level: int, public_url: str = PUBLIC_URL
    ) -> None:
        self.port = find_free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "portal.log"
        self._command = [
            *(sys.executable, "-m", "tests.integration.portal.portal_process"),
            *(ledger_url, str(self.port), str(log_level), public_url),
        ]
        self.process = self._start()

    @property
    def logged(self) -> str:
        """Return everything that was written to stdout and stderr."""
        return self._log.read_text()

    def start_again(self) -> None:
        """Start it once more after it was killed."""
        self.process = self._start()

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.kill()
        self.process.wait(timeout=10)

    def terminate(self) -> None:
        """Ask it to end; returns at once."""
        self.process.send_signal(signal.SIGTERM)

    def wait_until_up(self) -> None:
        """Return when it answers."""
        give_up_at = time.monotonic() + START_S
        while not self._is_up():
            assert self.process.poll() is None, self.logged[-2_000:]
            assert time.monotonic() < give_up_at, "the portal does not start"
            time.sleep(0.02)

    def _start(self) -> "subprocess.Popen[bytes]":
        env = os.environ | {"PYTHONPATH": str(PROJECT)}
        with self._log.open("ab") as log:
            return subprocess.Popen(self._command, env=env, stdout=log, stderr=log)

    def _is_up(self) -> bool:
        try:
            return httpx.get(f"{self.base_url}/healthz", timeout=5, trust_env=False).is_success
        except httpx.HTTPError:
            return False


@contextmanager
def running(portal: PortalProcess) -> Iterator[PortalProcess]:
    """Wait until it is up; kill it at the end."""
    try:
        portal.wait_until_up()
        yield portal
    finally:
        portal.kill()
