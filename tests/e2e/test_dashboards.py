"""The dashboards as people use them: a real server, a real browser, and nothing from outside."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser, FloatRect, Locator, Page, Position
from sqlalchemy import update

from dashboards.navigation import VIEWS
from rollcall.desk.passwords import hash_password
from rollcall.desk.users import FILE_NAME, User, UserFile
from rollcall.domain.acts import ROLES
from rollcall.domain.geography.hexagons import project
from rollcall.ledger.audit import AuditQuery, read_entries
from rollcall.ledger.drafts import DraftAccess, list_drafts
from rollcall.ledger.engine import Ledger
from rollcall.ledger.messages import load_message
from rollcall.ledger.tables import AudienceMember, Message
from tests.browser import find_barriers, open_context, run_browser
from tests.dashboards.sources import write_source
from tests.e2e.conftest import ROLLCALL, Rollcall, install, wait_until
from tests.integration.ledger.records import queue_message
from tests.integration.ledger.test_counted_days import Told
from tests.ports import find_free_port

PASSWORD = "correct horse battery"
DESK = {"width": 1280, "height": 900}
STREAMLITS_OWN = ("list", "listitem")
"""Barriers that are not ours: the navigation with headings is a list of no list items."""

IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"

PAYLOADS = [
    "<script>window.hacked=1</script>",
    "<img src=x onerror='window.hacked=1'>",
    "<svg onload=window.hacked=1>",
    '"><iframe srcdoc="<script>parent.hacked=1</script>">',
    "' onmouseover='window.hacked=1' x='",
    "<details open ontoggle=window.hacked=1>",
    "<a href=javascript:window.hacked=1>x</a>",
    "[x](javascript:window.hacked=1)",
    "![x](http://outside.example/x.png)",
    "<style>*{display:none}</style>",
    "<form action=http://outside.example><input name=x>",
    "<meta http-equiv=refresh content=0;url=http://outside.example>",
    "**bold** *it* `code` ~~no~~",
    ":red[red] :material/home: :smile: :blue-background[x]",
    "$x^2$ $$\\href{javascript:window.hacked=1}{x}$$",
    "# heading",
    "- list\n- list",
    "> quote",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "&lt;script&gt;window.hacked=1&lt;/script&gt;",
    "\\<script>window.hacked=1</script>",
    "{{ 7*7 }} {% raw %}",
    "</textarea><script>window.hacked=1</script>",
    "</title><script>window.hacked=1</script>",
    "--><script>window.hacked=1</script><!--",
    "\u202egnp.exe",
    "http://outside.example/x",
    "<x@outside.example>",
    "\x00\x07name",
    "=cmd|' /C calc'!A0",
]


@dataclass(frozen=True)
class Served:
    """Dashboards that answer, with a user of each role whose password is `PASSWORD`."""

    url: str
    rollcall: Rollcall
    ledger: Ledger
    process: "subprocess.Popen[str]"


@contextmanager
def serve(rollcall: Rollcall, ledger: Ledger) -> Iterator[Served]:
    port = find_free_port()
    url = f"http://127.0.0.1:{port}"
    log = (rollcall.folder / "dashboards.log").open("w")
    process = subprocess.Popen(
        [*ROLLCALL, "dashboards", "--port", str(port)],
        env=rollcall.env, stdout=log, stderr=log, text=True,
    )  # fmt: skip

    def answers() -> bool:
        assert process.poll() is None, (rollcall.folder / "dashboards.log").read_text()
        try:
            return httpx.get(f"{url}/healthz", timeout=1, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    try:
        wait_until(answers, 60, "the dashboards answer")
        yield Served(url, rollcall, ledger, process)
    finally:
        process.kill()
        process.wait(timeout=10)
        log.close()


@contextmanager
def serve_overview(folder: Path) -> Iterator[Served]:
    """Serve an installation whose source has somebody for each figure of the overview."""
    rollcall = install(folder)
    rollcall.env["ROLLCALL_SOURCE"] = str(write_source(folder / "source"))
    with serve_to_users(rollcall) as running:
        yield running


@contextmanager
def serve_to_users(rollcall: Rollcall) -> Iterator[Served]:
    """Serve an installation that has no ledger yet, to a user of each role."""
    with rollcall.open_ledger() as ledger:
        add_users(rollcall.folder)
        with serve(rollcall, ledger) as running:
            yield running


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve_overview(tmp_path_factory.mktemp("dashboards")) as running:
        yield running


def add_users(folder: Path) -> None:
    """Add a user of each role to an installation, called as the role is."""
    password_hash, then = hash_password(PASSWORD), datetime(2020, 1, 1, tzinfo=UTC)
    users = UserFile(folder / "data" / FILE_NAME)
    for role in ROLES:
        users.add(User(name=role, role=role, password_hash=password_hash, changed_at=then))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with run_browser() as one:
        yield one


@contextmanager
def signed_in(
    browser: Browser, served: Served, name: str, path: str = "/", **options: Any
) -> Iterator[Page]:
    """Sign in as a user, and wait for the page that was asked for.

    Args:
        browser: Which.
        served: The dashboards.
        name: Of the user.
        path: Of the page.
        options: Of the browser's context.
    """
    with open_context(browser, viewport=DESK, timezone_id="Asia/Tokyo", **options) as context:
        page = context.new_page()
        page.goto(f"{served.url}{path}")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.locator("h1").first.wait_for()
        page.locator(IDLE).wait_for()
        yield page


def name_people(ledger: Ledger, message_id: str, names: list[str]) -> None:
    """Give the recipients of a message these names, and the message the first as its subject."""
    with ledger.write() as connection:
        for number, name in enumerate(names):
            one = update(AudienceMember).where(
                AudienceMember.message_id == message_id,
                AudienceMember.person_id == f"p{number:04}",
            )
            connection.execute(one.values(name=name))
        request = {"content": {"subject": names[0], "text": "\n".join(names)}}
        named = update(Message).where(Message.message_id == message_id)
        connection.execute(named.values(request=request))


def test_one_signs_in_opens_the_log_and_looks_at_a_message(
    browser: Browser, served: Served
) -> None:
    message_id = queue_message(served.ledger, 3, key="look")
    with signed_in(browser, served, "viewer", f"/log?message={message_id}") as page:
        page.get_by_text("Person 2").first.wait_for()
        assert f"message={message_id}" in page.url
        assert page.locator("time[title='2026-11-23T06:00:00Z']").first.inner_text().endswith("JST")
        page.locator("summary").first.focus()
        page.keyboard.press("Enter")
        assert page.locator("details[open]").count() >= 1
        page.reload()
        page.get_by_text("Person 2").first.wait_for()
        page.get_by_role("button", name="Back to all messages").click()
        page.get_by_role("heading", name="Message log").wait_for()


def words_of(name: str) -> list[str]:
    """Return what of a name can be seen."""
    return "".join(sign if sign.isprintable() else " " for sign in name).split()


def test_texts_of_people_stay_texts(browser: Browser, served: Served) -> None:
    for start in range(0, len(PAYLOADS), 25):
        names = PAYLOADS[start : start + 25]
        message_id = queue_message(served.ledger, len(names), key=f"payloads {start}")
        name_people(served.ledger, message_id, names)
        with signed_in(browser, served, "admin", f"/log?message={message_id}") as page:
            page.get_by_text("p0000").first.wait_for()
            page.get_by_text("What it said").click()
            page.locator(IDLE).wait_for()
            shown = page.locator("th[scope=row]").all_inner_texts()
            for name in names:
                assert any(words_of(name) == told.split("\n")[0].split() for told in shown), name
            assert page.locator("h1").first.inner_text().split() == words_of(names[0])
            assert page.evaluate("window.hacked") is None
            assert page.locator("main iframe, main svg[onload], img[src='x']").count() == 0


def place_on_map(longitude: float, latitude: float, box: FloatRect) -> Position:
    """Return where a place is on the map as it opens: at zoom 2 around 15° east, 25° north."""
    places = project(np.array([25.0, latitude]), np.array([15.0, longitude]))
    across, down = (float(part[1] - part[0]) * 1024 for part in places)
    return {"x": box["width"] / 2 + across, "y": box["height"] / 2 + down}


def find_map(page: Page) -> tuple[Locator, FloatRect]:
    """Return the map, and where it is, once everything is on it."""
    drawn = page.locator(".map[data-people='3'][data-incidents='2'][data-land]")
    drawn.wait_for()
    drawn.scroll_into_view_if_needed()
    box = drawn.bounding_box()
    assert box is not None
    return drawn, box


def draw_a_rectangle(page: Page) -> None:
    """Draw one around Japan and some of its sea, once everything is on the map."""
    drawn, box = find_map(page)
    page.get_by_role("button", name="Draw Rectangle").click()
    drawn.click(position=place_on_map(125, 50, box))
    drawn.click(position=place_on_map(155, 25, box))
    page.get_by_text("as drawn on the map").first.wait_for()


def test_a_rectangle_on_the_map_counts_its_people_until_it_is_forgotten(
    browser: Browser, served: Served
) -> None:
    with signed_in(browser, served, "sender", "/overview") as page:
        draw_a_rectangle(page)
        page.get_by_text("2 people", exact=True).first.wait_for()
        page.get_by_role("button", name="Forget the area").click()
        page.get_by_text("as drawn on the map").wait_for(state="detached")
        page.locator(".map path.leaflet-interactive").wait_for(state="detached")


def test_who_is_in_an_area_gets_one_draft_however_often_one_clicks(
    browser: Browser, served: Served
) -> None:
    with signed_in(browser, served, "sender", "/overview") as page:
        draw_a_rectangle(page)
        message = page.get_by_role("button", name="Message").last
        message.evaluate("button => { for (let i = 0; i < 4; i++) button.click(); }")
        page.wait_for_url("**/compose?draft=*")
        [draft] = list_drafts(served.ledger, DraftAccess("sender"))
        assert '"Polygon"' in json.dumps(draft.body["selection"])


def test_stopping_takes_two_clicks_and_is_told(browser: Browser, served: Served) -> None:
    message_id = queue_message(served.ledger, 2, key="stop")
    with signed_in(browser, served, "sender", f"/progress?message={message_id}") as page:
        page.get_by_role("button", name="Stop…").click()
        page.get_by_role("button", name="Stop it now").click()
        page.get_by_text("0 handed over, 2 held back").first.wait_for()
        assert load_message(served.ledger, message_id).state == "stopped"
    [entry] = read_entries(served.ledger, AuditQuery(subject_id=message_id), 9)
    assert (entry.actor, entry.action, entry.outcome) == ("sender", "stop", "done")


def test_what_tries_came_to_is_drawn_and_downloaded(browser: Browser, served: Served) -> None:
    tries = Told(served.ledger, now=datetime.now(UTC))
    tries.make("accepted")
    tries.make("rejected", code="21610")
    with signed_in(browser, served, "viewer", "/deliverability") as page:
        save = page.get_by_role("button", name="Download as CSV")
        page.locator("[data-testid=stVegaLiteChart] svg, canvas").first.wait_for()
        with page.expect_download() as download:
            save.click()
        told = Path(download.value.path()).read_text("utf-8")
        assert '"alpha","US","2","1"' in told


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_have_no_serious_barriers(browser: Browser, served: Served, scheme: str) -> None:
    """Axe-core cannot judge what Streamlit draws before it is there: it waits for the script."""
    message_id = queue_message(served.ledger, 2, key=f"barriers {scheme}")
    Told(served.ledger, now=datetime.now(UTC)).make("accepted")
    with open_context(browser, viewport=DESK, color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(served.url)
        assert find_barriers(page) == []
        page.get_by_label("Name").fill("admin")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        for path in (*(view.path for view in VIEWS), f"progress?message={message_id}"):
            page.goto(f"{served.url}/{path}")
            page.locator("h1").first.wait_for()
            page.locator(IDLE).wait_for()
            assert find_barriers(page, STREAMLITS_OWN) == [], path


@pytest.mark.parametrize(
    "path",
    [
        "/", "/log", "/audit", "/_stcore/metrics", "/_stcore/host-config",
        "/_stcore/script-health-check", "/_stcore/agent/openapi.json", "/_stcore/upload_file/a/b",
        "/media/a.csv", "/component/a/b.js",
        "/app/static/map/map.mjs", "/map/people", "/map/places", "/map/land",
        "/export/m1.csv", "/export/chat/c1.csv", "/export/chat/c1.json",
        "/auth/login", "/auth/logout", "/oauth2callback",
        "/_stcore/stream", "//evil.example.org", "/./static/../log",
    ],
)  # fmt: skip
def test_every_address_wants_a_sign_in(served: Served, path: str) -> None:
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS"):
        answered = httpx.request(method, f"{served.url}{path}", timeout=10, trust_env=False)
        assert answered.status_code in (303, 400, 401, 404), (method, path)
        if answered.status_code == 303:
            assert answered.headers["location"].startswith("/sign-in?next=")
        assert "frame-ancestors 'none'" in answered.headers["content-security-policy"]


def test_it_ends_soon_when_it_is_told_to_although_somebody_looks(
    browser: Browser, served: Served
) -> None:
    """The last test here: it ends the dashboards that all of them look at."""
    with signed_in(browser, served, "viewer"):
        began_at = time.monotonic()
        served.process.terminate()
        served.process.wait(timeout=10)
        assert time.monotonic() - began_at < 8
