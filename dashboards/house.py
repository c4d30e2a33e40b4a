"""What all sessions of the dashboards in one process share: ledger, reception, desk.

Built when it is first asked for. Tests put one of their own in its place.
"""

import time
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from dashboards.overview.pictures import Pictures
from dashboards.queries.checks import Checks
from dashboards.queries.counts import KeptAnswers
from dashboards.queries.deliverability import DayFigures
from dashboards.queries.figures import Figures
from dashboards.queries.glances import Glances
from dashboards.queries.quick_add import QuickAdd
from rollcall.clock import Clock, SystemClock
from rollcall.desk.acting import Acting
from rollcall.desk.chatting import Chatting
from rollcall.desk.desk import Desk
from rollcall.desk.drafting import Drafting
from rollcall.desk.keeping import Keeping
from rollcall.desk.refreshing import Refreshing
from rollcall.desk.sign_in import Reception
from rollcall.desk.slowing import Slowing
from rollcall.desk.users import FILE_NAME, UserFile
from rollcall.ledger.app_use import AppUse, read_app_use
from rollcall.ledger.engine import Ledger
from rollcall.ledger.migrate import require_current
from rollcall.settings import Settings, load_settings
from rollcall.sources.feeds.store import IncidentStore
from rollcall.sources.kept import KeptSources
from rollcall.wiring import App, build_app, build_incident_store, build_ledger, build_sources

if TYPE_CHECKING:
    from rollcall.desk.scheduling import Scheduling


@dataclass(slots=True)
class House:
    """Everything the views and the door work with.

    Attributes:
        settings: The installation's.
        clock: What tells the time.
        ledger: The ledger, for reading.
        reception: Who is let in, and who is in.
        figures: What messages have come to.
        pictures: Where everybody is.
        day_figures: What the tries of days have come to.
        app_use: How the app is used; one answer.
        glances: Whom drafts mean.
        quick_add: Who is meant by a few letters.
        checks: What drafts come to if they are sent.
    """

    settings: Settings
    clock: Clock
    ledger: Ledger
    reception: Reception
    figures: Figures = field(init=False)
    pictures: Pictures = field(init=False)
    day_figures: DayFigures = field(init=False)
    app_use: KeptAnswers[AppUse] = field(init=False)
    glances: Glances = field(init=False)
    quick_add: QuickAdd = field(init=False)
    checks: Checks = field(default_factory=Checks)
    _app: App | None = None
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        """Keep what is known of this installation apart from any other one's."""
        self.figures = Figures(self.ledger)
        self.pictures = Pictures(self.settings, self.ledger, self.clock)
        self.day_figures = DayFigures(self.ledger, self.clock, self.settings)
        self.app_use = KeptAnswers(lambda _: read_app_use(self.ledger))
        self.glances = Glances(self.settings, self.ledger, self.clock)
        self.quick_add = QuickAdd(self.settings, self.ledger, self.clock)

    @property
    def app(self) -> App:
        """Return what sends are made with; built when somebody first acts.

        Raises:
            ConfigError: The routes file is missing or wrong; whoever only looks needs none.
        """
        with self._lock:
            if self._app is None:
                self._app = build_app(self.settings, self.clock)
            return self._app

    @property
    def desk(self) -> Desk:
        """Return what acts; what it does not send needs no routes."""
        return Desk(self.acting, lambda: self.app.steps)

    @property
    def acting(self) -> Acting:
        """Return what asks whether somebody may, and records it, before it is done."""
        return Acting(self.ledger, self.clock)

    @property
    def keeping(self) -> Keeping:
        """Return what changes templates and dynamic filters."""
        return Keeping(self.desk)

    @property
    def sources(self) -> KeptSources:
        """Return the kept versions of sources.

        Raises:
            ConfigError: The data folder cannot be written.
        """
        return build_sources(self.settings, self.clock)

    @property
    def incidents(self) -> IncidentStore:
        """Return what feeds reported.

        Raises:
            ConfigError: The data folder cannot be written.
        """
        return build_incident_store(self.settings, self.clock)

    @property
    def refreshing(self) -> Refreshing:
        """Return what refreshes the source and the feeds."""
        return Refreshing(self.acting, self.sources, self.incidents, self.settings)

    @property
    def drafting(self) -> Drafting:
        """Return what keeps drafts; it needs no routes."""
        return Drafting(self.acting)

    @property
    def chatting(self) -> Chatting:
        """Return what acts in chats."""
        return Chatting(self.desk)

    @property
    def scheduling(self) -> "Scheduling":
        """Return what changes schedules; imports Prefect, which takes two seconds."""
        from rollcall.desk.scheduling import Scheduling  # noqa: PLC0415 - imports Prefect

        return Scheduling(self.desk, self.settings.source, self.settings.guards.repeat_within_s)

    def close(self) -> None:
        """Close the ledger; for tests, a process just ends."""
        self.ledger.close()
        if self._app is not None:
            self._app.ledger.close()


def build_house(settings: Settings, clock: Clock | None = None) -> House:
    """Open an installation.

    Raises:
        ConfigError: A setting is wrong, or the file of users cannot be read.
        LedgerError: The ledger does not answer, or belongs to another version.
    """
    clock = clock or SystemClock()
    ledger = build_ledger(settings)
    require_current(ledger)
    users = UserFile(settings.data_dir / FILE_NAME)
    users.list_all()
    slowing = Slowing(time.monotonic)
    reception = Reception(ledger, users, settings.dashboards, clock, slowing)
    return House(settings, clock, ledger, reception)


_current: House | None = None
_building = Lock()


def current_house() -> House:
    """Return the house of this process.

    Raises:
        RollcallError: As `build_house` does.
    """
    global _current  # noqa: PLW0603 - one for all threads of a process, as Streamlit has it
    with _building:
        if _current is None:
            _current = build_house(load_settings())
        return _current


def move_into(house: House | None) -> None:
    """Make a house that of this process; None: the next who asks builds one from the settings."""
    global _current  # noqa: PLW0603 - as above
    _current = house
