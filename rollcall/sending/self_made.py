"""Messages that the system makes by itself: reminders, check-ins, and notices of people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rollcall.domain.content import MessageContent
from rollcall.domain.message import CHANNELS, Channel, MessageOptions, MessageRequest
from rollcall.domain.selection import Selection
from rollcall.errors import ConfigError, SourceError
from rollcall.ledger.engine import Ledger
from rollcall.ledger.messages import NewMessage
from rollcall.sending.accepting import Order, make_message
from rollcall.sending.route_book import RouteBook
from rollcall.sending.steps import SendSteps
from rollcall.sources.kept import KeptSources, KeptVersion


@dataclass(frozen=True, slots=True)
class KnownSource:
    """A source as it could be read now.

    Attributes:
        path: Its folder.
        version: What was read.
        problem: Why it is the last good version, if it is.
    """

    path: Path
    version: KeptVersion
    problem: str | None = None


def open_source(sources: KeptSources, path: Path) -> KnownSource:
    """Open a source, or its last good version: people are not left alone over a broken file.

    Raises:
        SourceError: It cannot be loaded, and never could.
        ConfigError: What was loaded cannot be kept.
    """
    try:
        return KnownSource(path, sources.open(path))
    except SourceError as error:
        return KnownSource(path, sources.last_good(path), str(error))


@dataclass(frozen=True, slots=True)
class MessageMaker:
    """Makes messages that nobody asked for; they are confirmed, since nobody is there to."""

    steps: SendSteps

    @property
    def ledger(self) -> Ledger:
        """Return the ledger that they are for."""
        return self.steps.ledger

    def make(self, order: Order, now: datetime) -> NewMessage:
        """Return what is recorded of a message; asks the ledger only for one that it follows.

        Raises:
            TemplateError: A text uses what it may not.
            ConfigError: No route is configured for a channel it needs, or its links lead nowhere.
        """
        steps = self.steps
        return make_message(order, steps.ledger, steps.book, steps.layout, now, links=steps.links)

    def make_notice(
        self,
        key: str,
        told: Sequence[str],
        content: MessageContent,
        options: MessageOptions,
        source: KnownSource,
        now: datetime,
    ) -> NewMessage:
        """Return a notice to people by id, who need be members of nothing.

        Raises:
            ConfigError: As `make`.
        """
        request = MessageRequest(
            content=content,
            selection=Selection(people=tuple(told)),
            options=options,
            confirmed=True,
        )
        order = Order(request, source.path, key, uses_last_good=source.problem is not None)
        return self.make(order, now)


def served_channels(book: RouteBook, wanted: Sequence[Channel]) -> tuple[Channel, ...]:
    """Return those of some channels that have a route: one that is missing holds up no other.

    Raises:
        ConfigError: None of them has one.
    """
    served = tuple(one for one in CHANNELS if one in wanted and book.serves(one))
    if not served:
        raise ConfigError(f"no route is configured for {' or '.join(wanted)}")
    return served
