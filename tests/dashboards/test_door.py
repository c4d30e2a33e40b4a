"""The door: nobody comes in unknown, and nothing that is shown can be turned against them."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from dashboards.door.cookies import COOKIE
from dashboards.door.guard import HEADER, Guard
from dashboards.door.onwards import way_on
from rollcall.desk.passwords import hash_password
from rollcall.desk.users import User
from rollcall.ledger.audit import AuditQuery, read_entries
from rollcall.ledger.engine import Ledger
from rollcall.ledger.tables import AudienceMember
from rollcall.settings import DashboardSettings
from tests.dashboards.doors import LOCAL, knocking
from tests.dashboards.houses import START, Lived, living_in
from tests.integration.ledger.records import queue_message

PASSWORD = "correct horse battery"
SELF = {"origin": "http://127.0.0.1:8501"}


@pytest.fixture(scope="module")
def password_hash() -> str:
    return hash_password(PASSWORD)


@pytest.fixture
def home(sqlite_ledger: Ledger, tmp_path: Path) -> Iterator[Lived]:
    """A house without users and without an identity provider."""
    with living_in(sqlite_ledger, tmp_path, DashboardSettings()) as one:
        yield one


@pytest.fixture
def staffed(home: Lived, password_hash: str) -> Lived:
    """A house with one user."""
    old = datetime(2020, 1, 1, tzinfo=UTC)
    user = User(name="Alice", role="admin", password_hash=password_hash, changed_at=old)
    home.house.reception.users.add(user)
    return home


async def test_at_this_machine_nobody_has_to_sign_in(home: Lived) -> None:
    async with knocking() as http:
        entered = await http.get("/log?message=m1")
        assert (entered.status_code, entered.headers["location"]) == (303, "/log?message=m1")
        inside = await http.get("/log")
    session = home.house.reception.find_by_id(inside.json()["session"])
    assert session is not None
    assert session.actor.role == "admin"


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("host", "client", "headers"),
    [
        ("127.0.0.1:8501", ("192.0.2.7", 5), {}),
        ("rebound.example.org:8501", ("127.0.0.1", 5), {}),
        ("127.0.0.1:8501", ("127.0.0.1", 5), {"x-forwarded-for": "192.0.2.7"}),
        ("127.0.0.1:8501", ("127.0.0.1", 5), {"forwarded": "for=192.0.2.7"}),
    ],
    ids=["from elsewhere", "by another name", "forwarded", "forwarded by RFC 7239"],
)
async def test_whoever_is_not_at_this_machine_is_not_let_in(
    host: str, client: tuple[str, int], headers: dict[str, str]
) -> None:
    async with knocking() as http:
        await http.get("/")
        token = http.cookies[COOKIE]
    async with knocking(host, client) as http:
        for cookies in ({}, {"cookie": f"{COOKIE}={token}"}):
            answered = await http.get("/", headers=headers | cookies)
            assert answered.headers["location"].startswith("/sign-in?")


async def test_a_house_with_a_public_address_is_never_open(
    sqlite_ledger: Ledger, tmp_path: Path
) -> None:
    public = DashboardSettings(public_url="https://desk.example.org")
    with living_in(sqlite_ledger, tmp_path, public):
        async with knocking() as http:
            assert (await http.get("/")).headers["location"].startswith("/sign-in?")


async def test_with_users_everybody_signs_in(staffed: Lived) -> None:
    async with knocking() as http:
        turned_away = await http.get("/log?message=m1")
        assert turned_away.headers["location"] == "/sign-in?next=%2Flog%3Fmessage%3Dm1"
        page = await http.get(turned_away.headers["location"])
        assert 'name="next" value="/log?message=m1"' in page.text
        form = {"name": "alice", "password": PASSWORD, "next": "/log?message=m1"}
        entered = await http.post("/sign-in", data=form, headers=SELF)
        assert (entered.status_code, entered.headers["location"]) == (303, "/log?message=m1")
        cookie = entered.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        inside = await http.get("/log")
    session = staffed.house.reception.find_by_id(inside.json()["session"])
    assert session is not None
    assert session.actor.name == "Alice"


async def test_over_https_the_cookie_stays_on_https(
    sqlite_ledger: Ledger, tmp_path: Path, password_hash: str
) -> None:
    public = DashboardSettings(public_url="https://desk.example.org")
    with living_in(sqlite_ledger, tmp_path, public) as lived:
        old = datetime(2020, 1, 1, tzinfo=UTC)
        user = User(name="Alice", role="admin", password_hash=password_hash, changed_at=old)
        lived.house.reception.users.add(user)
        form = {"name": "Alice", "password": PASSWORD}
        async with knocking("desk.example.org") as http:
            origin = {"origin": "https://desk.example.org"}
            entered = await http.post("/sign-in", data=form, headers=origin)
        assert "Secure" in entered.headers["set-cookie"]


async def test_a_wrong_password_says_nothing_about_the_name(staffed: Lived) -> None:
    async with knocking() as http:
        told = []
        for name in ("alice", "nobody"):
            form = {"name": name, "password": "wrong wrong wrong"}
            answered = await http.post("/sign-in", data=form, headers=SELF)
            assert answered.status_code == 403
            told.append(answered.text)
    assert told[0] == told[1]
    assert "the name or the password is wrong" in told[0]
    [entry] = read_entries(staffed.ledger, AuditQuery(), 9)
    assert (entry.actor, entry.action, entry.outcome) == ("Alice", "sign_in", "refused")


async def test_mistakes_make_the_next_ones_wait_even_with_the_right_password(
    staffed: Lived,
) -> None:
    wrong = {"name": "alice", "password": "wrong wrong wrong"}
    right = {"name": "alice", "password": PASSWORD}
    async with knocking() as http:
        for _ in range(4):
            await http.post("/sign-in", data=wrong, headers=SELF)
        refused = await http.post("/sign-in", data=right, headers=SELF)
        assert "too many mistakes: try again in 2 s" in refused.text
        staffed.seconds.at += 2.1
        assert (await http.post("/sign-in", data=right, headers=SELF)).status_code == 303


@pytest.mark.usefixtures("staffed")
async def test_a_form_of_another_site_is_refused() -> None:
    form = {"name": "alice", "password": PASSWORD}
    async with knocking() as http:
        for headers in ({}, {"origin": "https://evil.example.org"}):
            for path in ("/sign-in", "/sign-out"):
                answered = await http.post(path, data=form, headers=headers)
                assert answered.status_code in (401, 403)
                assert "set-cookie" not in answered.headers


@pytest.mark.parametrize(
    ("origin", "is_let_in"),
    [
        ("http://127.0.0.1:8501", True), ("http://127.0.0.1:3000", False),
        ("https://evil.example.org", False), ("null", False), (None, True),
    ],
)  # fmt: skip
async def test_a_websocket_of_another_page_is_not_opened(
    home: Lived, origin: str | None, is_let_in: bool
) -> None:
    token = home.house.reception.let_in_local()
    headers = [(b"host", b"127.0.0.1:8501"), (b"cookie", f"{COOKIE}={token}".encode())]
    headers += [(b"origin", origin.encode())] if origin else []
    scope = {
        "type": "websocket", "path": "/_stcore/stream", "headers": headers, "query_string": b"",
        "client": LOCAL, "server": ("127.0.0.1", 8501), "scheme": "ws",
    }  # fmt: skip
    came_in, sent = [], []

    async def room(scope: Any, _receive: Any, _send: Any) -> None:
        came_in.append(dict(scope["headers"]).get(b"origin", b"http://127.0.0.1:8501"))

    async def receive() -> Any:
        raise AssertionError("nothing is to be read")

    async def send(message: Any) -> None:
        sent.append(message)

    await Guard(room)(scope, receive, send)
    assert came_in == [b"http://127.0.0.1:8501"] * is_let_in
    assert sent == ([] if is_let_in else [{"type": "websocket.close", "code": 4401}])


async def test_signing_out_ends_the_session_everywhere(staffed: Lived) -> None:
    form = {"name": "alice", "password": PASSWORD}
    async with knocking() as http:
        await http.post("/sign-in", data=form, headers=SELF)
        token = http.cookies[COOKIE]
        staffed.clock.go_on(minutes=1)
        assert (await http.post("/sign-out", headers=SELF)).status_code == 200
        http.cookies.clear()
        answered = await http.get("/log", headers={"cookie": f"{COOKIE}={token}"})
        assert answered.status_code == 303
    assert [one.action for one in read_entries(staffed.ledger, AuditQuery(), 9)] == [
        "sign_out",
        "sign_in",
    ]


async def test_a_claimed_session_is_worth_nothing(staffed: Lived) -> None:
    session_id = staffed.sign_in("admin")
    async with knocking() as http:
        answered = await http.get("/log", headers={HEADER: session_id})
        assert answered.status_code == 303


@pytest.mark.usefixtures("staffed")
@pytest.mark.parametrize("path", ["/_stcore/stream", "/media/x.csv", "/app/static/x.js"])
async def test_what_nobody_reads_is_refused_without_a_page(path: str) -> None:
    async with knocking() as http:
        answered = await http.get(path)
    assert (answered.status_code, answered.text) == (401, "sign in first\n")


async def test_a_file_of_users_that_cannot_be_read_lets_nobody_in(home: Lived) -> None:
    path = home.house.reception.users.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{", "utf-8")
    async with knocking() as http:
        answered = await http.get("/")
    assert answered.status_code == 503
    assert "the file of users" in answered.text


@pytest.mark.usefixtures("home")
async def test_pages_load_nothing_from_elsewhere_and_are_framed_by_nobody() -> None:
    async with knocking() as http:
        for path in ("/", "/sign-in", "/log"):
            headers = (await http.get(path)).headers
            assert "default-src 'none'" in headers["content-security-policy"]
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert "http" not in headers["content-security-policy"]
            assert headers["x-frame-options"] == "DENY"
            assert headers["cache-control"] == "no-store"


@pytest.mark.usefixtures("staffed")
async def test_health_is_asked_by_anybody() -> None:
    async with knocking() as http:
        answered = await http.get("/healthz")
    assert (answered.status_code, answered.json()) == (200, {"is_well": True})


@pytest.mark.parametrize(
    ("asked", "gone"),
    [
        (None, "/"), ("/log?message=m1", "/log?message=m1"), ("//evil.example.org", "/"),
        ("https://evil.example.org", "/"), ("/\\evil.example.org", "/"),
        ("javascript:alert(1)", "/"), ("/a\nb", "/"), ("", "/"),
    ],
)  # fmt: skip
def test_the_way_on_never_leads_away(asked: str | None, gone: str) -> None:
    assert way_on(asked) == gone


async def test_recipients_are_downloaded_as_csv_that_is_no_formula(lived: Lived) -> None:
    message_id = queue_message(lived.ledger, 2)
    with lived.ledger.write() as connection:
        first = update(AudienceMember).where(AudienceMember.person_id == "p0000")
        connection.execute(first.values(name="=cmd|' /C calc'!A0"))
    lived.sign_in("viewer")
    async with knocking() as http:
        http.cookies.set(COOKIE, lived.tokens["the viewer"])
        answered = await http.get(f"/export/{message_id}.csv")
        missing = await http.get("/export/m-nothing.csv")
    assert answered.headers["content-disposition"].startswith("attachment")
    rows = list(csv.DictReader(io.StringIO(answered.text)))
    assert [row["name"] for row in rows] == ["'=cmd|' /C calc'!A0", "Person 1"]
    assert {row["in_words"] for row in rows} == {"waiting to be sent"}
    assert missing.status_code == 404
    both = read_entries(lived.ledger, AuditQuery(), 9)  # in the same moment
    entry, failed = sorted(both, key=lambda one: str(one.outcome))
    assert (entry.action, entry.subject_id, entry.actor) == ("export", message_id, "the viewer")
    assert (entry.begun_at, entry.outcome, failed.outcome) == (START, "done", "failed")


async def test_nobody_downloads_without_a_session(staffed: Lived) -> None:
    message_id = queue_message(staffed.ledger)
    async with knocking() as http:
        answered = await http.get(f"/export/{message_id}.csv")
    assert answered.status_code == 303
    assert "Person" not in answered.text
