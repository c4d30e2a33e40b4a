"""Debian's Chromium, driven by Playwright: it reaches this machine and nothing else."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

PHONE = {"width": 360, "height": 740}
"""A small telephone, in CSS pixels."""

AXE = Path(__file__).parents[1] / "data/local/npm/node_modules/axe-core/axe.min.js"

_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
    "--disable-component-update", "--disable-sync", "--disable-quic",
)  # fmt: skip


@contextmanager
def run_browser() -> Iterator[Browser]:
    """Run Chromium until the context ends; without one the test fails and says so."""
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("chromium is missing: install Debian's package of that name (.ci/run does)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        yield browser
        browser.close()


@contextmanager
def open_context(
    browser: Browser, *, javascript: bool = True, **options: object
) -> Iterator[BrowserContext]:
    """Open a phone-sized context; fails the test at its end if a page reached out."""
    context = browser.new_context(
        **({"viewport": PHONE, "java_script_enabled": javascript, "locale": "en-GB"} | options)  # type: ignore[arg-type]
    )
    context.set_default_timeout(15_000)
    outside: list[str] = []
    context.route("**/*", lambda route: _let_through(route, outside))
    yield context
    context.close()
    assert not outside, f"a page reached out: {outside}"


def find_barriers(page: Page, ignored: Sequence[str] = ()) -> list[str]:
    """Return what axe-core finds serious on a page, by WCAG 2.2 AA and best practice."""
    if not AXE.exists():
        pytest.fail("npm's axe-core is missing: `make data/local/npm/.ready` installs it, with npm")
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("() => axe.run(document)")
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:120]}"
        for one in found["violations"]
        if one["id"] not in ignored and one["impact"] in ("serious", "critical")
    ]


def _let_through(route: Route, outside: list[str]) -> None:
    address = urlsplit(route.request.url)
    if address.scheme in ("data", "blob") or address.hostname in ("127.0.0.1", "localhost"):
        route.continue_()
        return
    outside.append(route.request.url)
    route.abort()
