"""The app in a real browser, served by `rollcall portal`, with a script and without one."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import (
    BrowserContext,
    Geolocation,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from tests.browser import find_barriers
from tests.e2e.conftest import ROLLCALL, Rollcall, install, wait_until
from tests.people import phone_of
from tests.ports import find_free_port

CHROMIUM = "/usr/bin/chromium"
TELEPHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True}
TOKYO: Geolocation = {"latitude": 35.6812, "longitude": 139.7671, "accuracy": 15}
ROUTES = f"""
[[route]]
id = "twilio-one"
kind = "twilio"
account_sid = "AC{"0" * 32}"
auth_token = "env:ROLLCALL_SECRET_TWILIO"
sender = "{phone_of(999)}"
receipts = "handset"
receipt_secret = "env:ROLLCALL_SECRET_RECEIPTS"
"""

SHOWN_JS = """async () => {
    const worker = await navigator.serviceWorker.ready;
    for (let i = 0; i < 100; i++) {
        const shown = await worker.getNotifications();
        if (shown.length) return shown.map((n) => [n.title, n.body, n.tag, n.data.url]);
        await new Promise((done) => setTimeout(done, 50));
    }
    return [];
}"""
"""What notifications the worker of a page shows, within five seconds."""


@dataclass
class AppPortal:
    """`rollcall portal` with the app, and the command line beside it."""

    rollcall: Rollcall
    source: Path
    address: str

    def ask(self, *arguments: str | Path) -> Any:
        """Run a command; return its answer."""
        told = self.rollcall.run(*map(str, arguments), "--format", "json")
        assert told.returncode == 0, told.stderr
        return json.loads(told.stdout)

    def invite(self, person_id: str) -> str:
        """Return a link that enrols devices of a person."""
        (made,) = self.ask("app", "invite", person_id, "--data", self.source)
        return str(made["link"])

    def select(self, **criteria: Any) -> list[Any]:
        """Return whom a selection finds now."""
        path = self.rollcall.folder / "selection.json"
        path.write_text(json.dumps({"filters": [criteria]}))
        people: list[Any] = self.ask("select", path, "--data", self.source)["people"]
        return people


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppPortal]:
    rollcall = install(tmp_path_factory.mktemp("app"))
    source = rollcall.folder / "source"
    source.mkdir()
    people = ["person_id,name,email", "p1,Ann,p1@example.org", "p2,Bob,p2@example.org"]
    (source / "people.csv").write_text("\n".join(people))
    (rollcall.folder / "sandbox" / "routes.toml").write_text(ROUTES)
    port = find_free_port()
    address = f"http://127.0.0.1:{port}"
    env = rollcall.env | {
        "ROLLCALL_PUBLIC_URL": address,
        "ROLLCALL_ORGANISATION": "Example Corp",
        "ROLLCALL_SECRET_TWILIO": "twilio-auth-token-0123456789",
        "ROLLCALL_SECRET_RECEIPTS": "portal-secret-0123456789",
    }
    opened = replace(rollcall, env=env)
    process = subprocess.Popen([*ROLLCALL, "portal", "--port", str(port)], env=env)
    try:
        wait_until(lambda: is_up(address), 60, "the portal answers")
        yield AppPortal(opened, source, address)
    finally:
        process.kill()
        process.wait(timeout=10)


def is_up(address: str) -> bool:
    try:
        return httpx.get(f"{address}/healthz", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture
def telephone(
    playwright: Playwright, portal: AppPortal, tmp_path: Path
) -> Iterator[BrowserContext]:
    """A telephone in Tokyo whose owner allows everything; apps are installed from its browser."""
    context = playwright.chromium.launch_persistent_context(
        tmp_path / "profile",
        executable_path=CHROMIUM,
        args=["--no-sandbox"],
        geolocation=TOKYO,
        **TELEPHONE,
    )
    context.grant_permissions(["geolocation", "notifications"], origin=portal.address)
    yield context
    context.close()


def enrol(page: Page, link: str) -> None:
    page.goto(link)
    page.get_by_role("button", name="Use it on this device").click()
    expect(page.get_by_role("heading", name="Your chats")).to_be_visible()


def wait_for_worker(page: Page) -> None:
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")


def test_person_reports_from_a_telephone_and_is_selected(
    portal: AppPortal, telephone: BrowserContext
) -> None:
    mistakes: list[str] = []
    page = telephone.new_page()
    page.on("pageerror", lambda error: mistakes.append(str(error)))
    page.on("console", lambda said: mistakes.append(said.text) if said.type == "error" else None)
    enrol(page, portal.invite("p1"))

    page.get_by_label("My city").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Report where I am now").click()
    expect(page.get_by_role("status").filter(has_text="rounded to about 10 km")).to_be_visible()
    (found,) = portal.select(countries=["JP"])
    assert (found["person_id"], found["position"]["source"]) == ("p1", "report")
    assert (found["position"]["latitude"], found["position"]["longitude"]) == (35.7, 139.8)

    page.get_by_role("link", name="I have an emergency").click()
    page.get_by_role("button", name="Yes, I have an emergency").click()
    expect(page.get_by_role("button", name="I am safe again")).to_be_visible()
    assert [one["person_id"] for one in portal.select(emergency=True)] == ["p1"]
    page.get_by_role("button", name="I am safe again").click()
    expect(page.get_by_role("heading", name="Your chats")).to_be_visible()
    assert portal.select(emergency=True) == []
    assert mistakes == []


def test_app_can_be_installed_and_says_so_when_there_is_no_connection(
    portal: AppPortal, telephone: BrowserContext
) -> None:
    page = telephone.new_page()
    enrol(page, portal.invite("p1"))
    wait_for_worker(page)
    page.reload()
    protocol = telephone.new_cdp_session(page)
    assert protocol.send("Page.getInstallabilityErrors") == {"installabilityErrors": []}
    manifest = protocol.send("Page.getAppManifest")
    assert manifest["errors"] == []

    telephone.set_offline(True)
    page.goto(f"{portal.address}/app/emergency")
    expect(page.get_by_role("heading", name="No connection")).to_be_visible()
    colour = page.evaluate("getComputedStyle(document.querySelector('.button')).minHeight")
    assert colour == "56px"  # the style is kept too
    telephone.set_offline(False)
    page.get_by_role("link", name="Try again").click()
    expect(page.get_by_role("heading", name="Your chats")).to_be_visible()


def test_notification_shows_what_was_pushed_and_nothing_is_answered(
    portal: AppPortal, telephone: BrowserContext
) -> None:
    page = telephone.new_page()
    enrol(page, portal.invite("p1"))
    wait_for_worker(page)
    protocol = telephone.new_cdp_session(page)
    registrations: list[str] = []
    protocol.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda told: registrations.extend(one["registrationId"] for one in told["registrations"]),
    )
    protocol.send("ServiceWorker.enable")
    page.evaluate("1")  # what was reported meanwhile has come by now
    payload = {
        "title": "Flood",
        "body": "Are you safe?",
        "url": f"{portal.address}/c/x",
        "id": "m1",
    }
    told = {
        "origin": portal.address,
        "registrationId": registrations[0],
        "data": json.dumps(payload),
    }
    shown: list[list[str]] = []
    give_up_at = time.monotonic() + 60
    while not shown and time.monotonic() < give_up_at:
        # again and again, as a push service does: Chromium drops what a busy worker does not take
        for _ in range(2):
            protocol.send("ServiceWorker.deliverPushMessage", told)
        shown = page.evaluate(SHOWN_JS)
    assert shown == [["Flood", "Are you safe?", "m1", payload["url"]]]


def test_everything_but_the_position_works_without_a_script(
    portal: AppPortal, playwright: Playwright
) -> None:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
    context = browser.new_context(java_script_enabled=False, locale="de-DE", **TELEPHONE)
    page = context.new_page()
    page.goto(portal.invite("p2"))
    page.get_by_role("button", name="Auf diesem Gerät benutzen").click()
    expect(page.get_by_role("heading", name="Ihre Chats")).to_be_visible()
    page.get_by_label("Meinen genauen Standort").check()
    page.get_by_role("button", name="Speichern").click()
    expect(page.get_by_label("Meinen genauen Standort")).to_be_checked()
    expect(page.get_by_text("ist JavaScript nötig")).to_be_visible()
    page.get_by_role("link", name="Ich habe einen Notfall").click()
    page.get_by_role("button", name="Ja, ich habe einen Notfall").click()
    assert [one["person_id"] for one in portal.select(emergency=True)] == ["p2"]
    page.get_by_role("button", name="Ich bin wieder in Sicherheit").click()
    assert portal.select(emergency=True) == []

    assert portal.ask("app", "revoke", "p2")["revoked"] == 1
    page.goto(f"{portal.address}/app")
    expect(page.get_by_role("heading", name=re.compile("nicht bekannt"))).to_be_visible()
    browser.close()


def test_no_page_of_the_app_has_barriers(portal: AppPortal, telephone: BrowserContext) -> None:
    page = telephone.new_page()
    link = portal.invite("p1")
    stranger = ("/app", "/app/offline", "/app/join/nobody")
    for address in (*(portal.address + path for path in stranger), link):
        page.goto(address)
        assert find_barriers(page) == [], address
    enrol(page, link)
    assert find_barriers(page) == []
    page.goto(f"{portal.address}/app/emergency")
    assert find_barriers(page) == []
