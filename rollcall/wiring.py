"""The only place that builds real objects: from settings to an app that can send."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path

from pydantic import SecretStr

from rollcall.clock import Clock, SystemClock
from rollcall.domain.email_layout import EmailLayout, compile_layout
from rollcall.domain.guards import GuardLimits
from rollcall.domain.routing import Coverage
from rollcall.errors import ConfigError
from rollcall.ledger.arrivals import Arrival, record_arrivals
from rollcall.ledger.engine import Ledger, open_ledger
from rollcall.ledger.migrate import require_current
from rollcall.routes.base import Route
from rollcall.routes.config import load_mailboxes, load_routes
from rollcall.routes.email.dsn import BounceIds
from rollcall.routes.email.mailbox_settings import MailboxSettings
from rollcall.routes.push.vapid import make_private_key, read_private_key
from rollcall.routes.push.webpush import WebPushRoute, WebPushSettings
from rollcall.routes.registry import build_route
from rollcall.routes.settings import BaseRouteSettings, SmtpSettings
from rollcall.sending.key_file import read_or_make
from rollcall.sending.link_key import LinkKey
from rollcall.sending.previews import PreviewStore
from rollcall.sending.push_directory import LedgerDirectory
from rollcall.sending.refreshing import SourceKeeper
from rollcall.sending.retention import FileStores, Retention
from rollcall.sending.route_book import RouteBook, RouteTraits
from rollcall.sending.steps import SendSteps
from rollcall.settings import PROJECT_FOLDER, Settings, load_secrets, load_settings
from rollcall.sources.feeds.store import IncidentStore
from rollcall.sources.kept import KeptSources
from rollcall.sources.reference import load_carrier_only_countries


@dataclass(frozen=True, slots=True)
class App:
    """Everything one process works with."""

    settings: Settings
    clock: Clock
    ledger: Ledger
    sources: KeptSources
    book: RouteBook
    steps: SendSteps

    async def aclose(self) -> None:
        """Close routes and ledger."""
        await self.book.aclose()
        self.ledger.close()


_current: ContextVar[App] = ContextVar("rollcall_app")


def current_app() -> App:
    """Return the app that is running here.

    Raises:
        LookupError: None was started with `running_app`.
    """
    return _current.get()


@asynccontextmanager
async def running_app(app: App | None = None) -> AsyncIterator[App]:
    """Make an app the current one, by default one built from the settings; closed at the end.

    Within another one this does nothing: a flow called by the command line shares its app.
    """
    if (outer := _current.get(None)) is not None and app is None:
        yield outer
        return
    app = app or build_app(load_settings())
    token = _current.set(app)
    try:
        yield app
    finally:
        _current.reset(token)
        await app.aclose()


def build_app(settings: Settings, clock: Clock | None = None) -> App:
    """Build an app: opens the ledger, reads the routes; connects to no provider yet.

    Raises:
        ConfigError: A setting, the routes file or a folder is wrong; names it.
        LedgerError: The ledger does not answer, or belongs to another version.
    """
    clock = clock or SystemClock()
    book = build_route_book(settings, clock)
    ledger = build_ledger(settings)
    require_current(ledger)
    _tell_devices(book, ledger, clock)
    sources = build_sources(settings, clock)
    steps = SendSteps(
        ledger=ledger,
        sources=sources,
        book=book,
        layout=load_layout(),
        clock=clock,
        delivery=settings.delivery,
        organisation=settings.organisation,
        snapshots_folder=_private_folder(settings.data_dir / "snapshots"),
        previews=build_previews(settings),
        links=build_link_key(settings),
        carrier_only=load_carrier_only_countries(),
        guards=GuardLimits(**settings.guards.model_dump()),
    )
    return App(settings, clock, ledger, sources, book, steps)


def build_ledger(settings: Settings) -> Ledger:
    """Open the ledger the settings name.

    Raises:
        ConfigError: The URL is wrong, or its folder cannot be written.
    """
    if not settings.ledger_url:
        _private_folder(settings.data_dir)
    return open_ledger(settings.ledger_address)


@contextmanager
def opened_ledger() -> Iterator[Ledger]:
    """Open the ledger that the settings name, for what needs nothing else; closed at the end.

    Raises:
        ConfigError: A setting is wrong.
        LedgerError: The ledger does not answer, or belongs to another version.
    """
    ledger = build_ledger(load_settings())
    try:
        require_current(ledger)
        yield ledger
    finally:
        ledger.close()


def build_sources(settings: Settings, clock: Clock) -> KeptSources:
    """Return the kept versions of sources.

    Raises:
        ConfigError: The data folder cannot be written.
    """
    return KeptSources(_private_folder(settings.data_dir) / "sources", clock)


def build_incident_store(settings: Settings, clock: Clock) -> IncidentStore:
    """Return what feeds reported.

    Raises:
        ConfigError: The data folder cannot be written.
    """
    return IncidentStore(_private_folder(settings.data_dir) / "incidents", clock)


def build_retention(settings: Settings, ledger: Ledger, clock: Clock) -> Retention:
    """Return what takes old personal data away.

    Raises:
        ConfigError: The data folder cannot be written.
    """
    stores = FileStores(
        snapshots_folder=_private_folder(settings.data_dir / "snapshots"),
        sources=build_sources(settings, clock),
        previews=build_previews(settings),
        incidents=build_incident_store(settings, clock),
        source=settings.source,
    )
    return Retention(ledger, settings.retention, stores, clock)


def build_source_keeper(settings: Settings, clock: Clock) -> SourceKeeper:
    """Return what refreshes the source and the feeds of incidents.

    Raises:
        ConfigError: The data folder cannot be written.
    """
    return SourceKeeper(
        build_sources(settings, clock),
        build_incident_store(settings, clock),
        settings.refresh,
        clock,
    )


def build_previews(settings: Settings) -> PreviewStore:
    """Return the previews that were made on this machine."""
    return PreviewStore(settings.data_dir / "previews")


def build_link_key(settings: Settings) -> LinkKey:
    """Return what personal links are made of; the key is made when it is first needed."""
    given = settings.portal_key.get_secret_value()
    return LinkKey(settings.public_url.rstrip("/"), settings.data_dir / "portal.key", given)


def build_route_book(settings: Settings, clock: Clock) -> RouteBook:
    """Read the routes file and build its routes.

    Raises:
        ConfigError: The file is missing or wrong; names file, route and field.
    """
    book = RouteBook()
    for route in load_route_settings(settings):
        book.add(
            build_route(route, clock, settings.public_url or None),
            route.max_connections,
            honours_idempotency_key=route.honours_idempotency_key,
            traits=describe_route(route, settings.public_url),
        )
    return book


def load_route_settings(settings: Settings) -> list[BaseRouteSettings]:
    """Read the routes file, preferred routes first.

    Raises:
        ConfigError: The file is missing or wrong; names file, route and field.
    """
    routes = load_routes(settings.routes_file, load_secrets())
    return [_with_push_key(settings, one) for one in routes]


def push_public_key(settings: Settings) -> str | None:
    """Return the key that the app subscribes to notifications with, None where none are sent.

    Raises:
        ConfigError: The routes file is missing or wrong, or the key cannot be read or made.
    """
    routes = load_route_settings(settings)
    keys = (one.public_key for one in routes if isinstance(one, WebPushSettings))
    return next(keys, None)


def build_reporting_routes(settings: Settings, clock: Clock) -> dict[str, tuple[Route, SecretStr]]:
    """Build the routes whose providers may call us, by id, each with its secret.

    Raises:
        ConfigError: The file is missing or wrong; names file, route and field.
    """
    return {
        route.id: (build_route(route, clock, settings.public_url or None), route.receipt_secret)
        for route in load_route_settings(settings)
        if route.receipt_secret is not None
    }


def build_arrivals_recorder(ledger: Ledger, clock: Clock) -> Callable[[Sequence[Arrival]], None]:
    """Return what commits callbacks of providers, many in one transaction."""
    carrier_only = load_carrier_only_countries()

    def record(arrivals: Sequence[Arrival]) -> None:
        record_arrivals(ledger, arrivals, clock.now(), carrier_only)

    return record


def describe_route(route: BaseRouteSettings, public_url: str) -> RouteTraits:
    """Return what choosing needs to know of a configured route.

    Raises:
        ConfigError: It awaits receipts that could never come.
    """
    awaits = route.receipts != "none"
    if awaits and not route.answers_lookups and not public_url:
        raise ConfigError(
            f"route {route.id!r} awaits receipts: set ROLLCALL_PUBLIC_URL to where its provider "
            "reaches `rollcall portal`"
        )
    return RouteTraits(
        coverage=Coverage(frozenset(route.countries), route.prefixes),
        priority=route.priority,
        price=route.price_per_segment,
        weight=route.weight,
        messages_per_s=route.messages_per_s,
        receipt_deadline_s=route.receipt_deadline_s if awaits else None,
        can_be_asked=route.answers_lookups,
    )


def build_mailboxes(settings: Settings) -> list[tuple[MailboxSettings, BounceIds]]:
    """Read which mailboxes bounces come to, and by what we recognise our messages in them.

    Raises:
        ConfigError: The routes file is missing or wrong; names file, mailbox and field.
    """
    return [
        (mailbox, BounceIds(parseaddr(route.sender)[1].rpartition("@")[2], route.return_path))
        for mailbox, route in load_mailboxes(settings.routes_file, load_secrets())
        if mailbox.holds == "bounces" and isinstance(route, SmtpSettings)
    ]


def build_reply_mailboxes(settings: Settings) -> list[tuple[MailboxSettings, str]]:
    """Read which mailboxes answers come to, and how the addresses look that they were sent to.

    Raises:
        ConfigError: The routes file is missing or wrong; names file, mailbox and field.
    """
    return [
        (mailbox, route.reply_to)
        for mailbox, route in load_mailboxes(settings.routes_file, load_secrets())
        if mailbox.holds == "replies" and route.reply_to is not None
    ]


def load_layout() -> EmailLayout:
    """Compile the HTML frame of emails."""
    return compile_layout((PROJECT_FOLDER / "data/templates/email.html.j2").read_text("utf-8"))


def _with_push_key(settings: Settings, route: BaseRouteSettings) -> BaseRouteSettings:
    """Return a route with the key that is made once, if it is one that needs it and names none."""
    if not isinstance(route, WebPushSettings) or route.vapid_private_key is not None:
        return route
    path = _private_folder(settings.data_dir) / "vapid.key"
    key = read_or_make(path, make_private_key, "the key of notifications")
    try:
        read_private_key(key)
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from error
    return route.model_copy(update={"vapid_private_key": SecretStr(key)})


def _tell_devices(book: RouteBook, ledger: Ledger, clock: Clock) -> None:
    """Tell the routes to the app where its devices are."""
    directory = LedgerDirectory(ledger, clock)
    for route in book.routes():
        if isinstance(route, WebPushRoute):
            route.directory = directory


def _private_folder(path: Path) -> Path:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"the data folder {path} cannot be written: {error.strerror}") from error
    return path
