"""The examples in docs/routes are working ones."""

import re
from pathlib import Path

import pytest

from rollcall.routes.config import parse_routes
from rollcall.routes.registry import build_route
from tests.architecture.project import PROJECT

PAGES = sorted((PROJECT / "docs" / "routes").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_example_is_a_routes_file_that_loads(page: Path) -> None:
    examples = re.findall(r"^```toml\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert examples
    for example in examples:
        named = re.findall(r"env:(ROLLCALL_SECRET_\w+)", example)
        secrets = dict.fromkeys(named, "a-secret-for-tests-only")
        for settings in parse_routes(example, page.name, secrets):
            assert build_route(settings, public_url="https://safe.example.org").channel
