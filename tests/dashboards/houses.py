"""Installations behind the dashboards, and people who are signed in to them."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.testing.v1 import AppTest

from dashboards.house import House, move_into
from dashboards.navigation import VIEWS
from rollcall.desk.sign_in import Reception, digest_token
from rollcall.desk.slowing import Slowing
from rollcall.desk.users import FILE_NAME, UserFile
from rollcall.domain.acts import Actor, Role
from rollcall.ledger.desk_sessions import SessionRecord, open_session
from rollcall.ledger.engine import Ledger
from rollcall.settings import PROJECT_FOLDER, DashboardSettings, Settings

START = datetime(2026, 11, 23, 6, tzinfo=UTC)
MAIN = PROJECT_FOLDER / "dashboards" / "main.py"
PROVIDER = DashboardSettings(
    oidc_metadata_url="https://id.example.org/.well-known/openid-configuration",
    oidc_client_id="rollcall",
    oidc_admins=("security",),
    oidc_senders=("duty",),
    oidc_viewers=("analysts",),
    oidc_sender_limit=3,
)

ROUTES = """
[[route]]
id = "mail"
kind = "smtp"
host = "127.0.0.1"
port = 9
sender = "Drill <drill@example.org>"
security = "none"
"""


SMS_ROUTE = """
[[route]]
id = "{name}"
kind = "http_sms"
price_per_segment = {price}
url = "http://127.0.0.1:9/messages"
body = {{ to = "{{to}}", text = "{{text}}", from = "{{sender}}" }}
sender = "Drill"
id_path = "id"
"""


@dataclass
class HandClock:
    """A clock that goes on when it is told to."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def go_on(self, **span: float) -> None:
        self.at += timedelta(**span)


@dataclass
class Seconds:
    """Seconds that go on when they are told to."""

    at: float = 0.0

    def __call__(self) -> float:
        return self.at


@dataclass
class Lived:
    """A house that tests look into."""

    house: House
    clock: HandClock
    seconds: Seconds
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def ledger(self) -> Ledger:
        return self.house.ledger

    def sign_in(self, role: Role, name: str | None = None, limit: int | None = None) -> str:
        """Return the id of a session of somebody whom an identity provider has named."""
        name = name or f"the {role}"
        token, now = secrets.token_hex(), self.clock.now()
        self.tokens[name] = token
        its_id = digest_token(token)
        until = now + timedelta(hours=12)
        open_session(self.ledger, SessionRecord(its_id, name, "oidc", role, limit, now, until))
        return its_id

    def actor(self, role: Role, limit: int | None = None) -> Actor:
        """Return somebody of a role, as the reception would."""
        return Actor(f"the {role}", role, limit)

    def look(self, path: str, role: Role = "admin", **query: str) -> AppTest:
        """Return a view as somebody of a role sees it."""
        return self.look_as(path, self.sign_in(role), **query)

    def look_as(self, path: str, session_id: str | None, **query: str) -> AppTest:
        """Return a view as a session sees it."""
        page = AppTest.from_file(str(MAIN), default_timeout=20)
        page._bidi_component_manager = components()
        page.user = {"session_id": session_id} if session_id else {}
        page.context = {"timezone": "Asia/Tokyo"}
        page.run()
        [file] = [view.file for view in VIEWS if view.path == path]
        page.query_params.update(query)
        return page.switch_page(file).run() if session_id else page


@cache
def components() -> BidiComponentManager:
    """Return what knows Streamlit's components, the same for all pages.

    By itself each page would look through every installed package for components, which takes most
    of a second; none that we use brings any.
    """
    return BidiComponentManager()


@contextmanager
def living_in(
    ledger: Ledger, folder: Path, dashboards: DashboardSettings = PROVIDER, public_url: str = ""
) -> Iterator[Lived]:
    """Move into a house of one's own on a ledger; links can be written with a `public_url`."""
    routes = folder / "routes.toml"
    routes.write_text(ROUTES, "utf-8")
    url = ledger.engine.url.render_as_string(hide_password=False)
    settings = Settings(
        data_dir=folder / "data",
        ledger_url=url.replace("+psycopg", ""),
        routes_file=routes,
        organisation="Meridian Relief",
        public_url=public_url,
        source=folder / "source",
        dashboards=dashboards,
    )
    clock, seconds = HandClock(), Seconds()
    users = UserFile(settings.data_dir / FILE_NAME)
    reception = Reception(ledger, users, dashboards, clock, Slowing(seconds))
    house = House(settings, clock, ledger, reception)
    patience_s = 60  # however busy the machine is
    house.figures.details.patience_s = patience_s
    house.figures.answers.patience_s = house.figures.unreached.patience_s = patience_s
    house.pictures.answers.patience_s = patience_s
    house.glances.answers.patience_s = house.glances.vocabularies.patience_s = patience_s
    house.quick_add.indexes.patience_s = house.checks.patience_s = patience_s
    house.app_use.patience_s = house.day_figures.counting.patience_s = patience_s
    lived = Lived(house, clock, seconds)
    move_into(lived.house)
    try:
        yield lived
    finally:
        move_into(None)
        if lived.house._app is not None:
            lived.house._app.ledger.close()


def html_of(page: AppTest) -> str:
    """Return all that a page shows as HTML of ours."""
    return "\n".join(one.proto.body for one in page.get("html"))


def text_of(page: AppTest) -> str:
    """Return all the Markdown of a page."""
    return "\n".join(one.value for one in page.markdown)
