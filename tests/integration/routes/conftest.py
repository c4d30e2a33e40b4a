"""Routes of a sandbox that a test describes."""

import contextlib
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from rollcall.routes.base import Route
from rollcall.routes.config import load_routes
from rollcall.routes.registry import build_route
from rollcall.sandbox.plan import SandboxPlan
from rollcall.sandbox.servers import Sandbox, start_sandbox

RunSandbox = Callable[[SandboxPlan], Sandbox]
OpenRoute = Callable[[Sandbox, str], Route]


@pytest.fixture
def run_sandbox(tmp_path: Path) -> Iterator[RunSandbox]:
    """Start sandboxes that end with the test."""
    with ExitStack() as stack:
        yield lambda plan: stack.enter_context(start_sandbox(plan, tmp_path))


@pytest.fixture
async def open_route() -> AsyncIterator[OpenRoute]:
    """Open routes of a sandbox, by name, that are closed with the test."""
    opened: list[Route] = []

    def open_one(sandbox: Sandbox, name: str) -> Route:
        settings = {each.id: each for each in load_routes(sandbox.routes_file, {})}
        opened.append(build_route(settings[name]))
        return opened[-1]

    yield open_one
    for route in opened:
        await route.aclose()


def wait_for_file(path: Path, process: "subprocess.Popen[bytes]") -> None:
    """Wait until a process has made a file; fail when it ends or takes half a minute."""
    give_up_at = time.monotonic() + 30.0
    while not path.exists():
        if process.poll() is not None or time.monotonic() > give_up_at:
            pytest.fail(f"{path.name} never appeared")
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.02)
