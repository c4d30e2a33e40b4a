"""Sandboxes that tests describe."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from rollcall.sandbox.plan import SandboxPlan
from rollcall.sandbox.servers import Sandbox, start_sandbox

RunSandbox = Callable[[SandboxPlan], Sandbox]


@pytest.fixture
def run_sandbox(tmp_path: Path) -> Iterator[RunSandbox]:
    """Start sandboxes that end with the test."""
    with ExitStack() as stack:
        yield lambda plan: stack.enter_context(start_sandbox(plan, tmp_path))
