"""What an order would come to if it were sent now: for a last look, and for schedules.

Everything that sending checks is checked; nothing is recorded, nothing is sent.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rollcall.domain.audience import Audience, digest_preview
from rollcall.domain.message import Channel, MessageRequest
from rollcall.domain.message_templates import apply_template
from rollcall.domain.preview.reach import BY_ADDRESS, Reach, count_reach, find_reach
from rollcall.domain.saved_filters import selection_to_json
from rollcall.domain.schedule_orders import ScheduledOrder
from rollcall.domain.selecting import select_audience
from rollcall.domain.world import World
from rollcall.errors import ConfigError, InputError, LedgerError, RollcallError
from rollcall.ledger.app_reports import read_app_reports
from rollcall.ledger.engine import Ledger
from rollcall.ledger.saved_filters import load_saved_filters
from rollcall.ledger.templates import load_template
from rollcall.sending.accepting import Order, make_message, recorded_channels
from rollcall.sending.preparing import open_version, require_recipients
from rollcall.sending.steps import SendSteps
from rollcall.sources.snapshot import build_snapshot
from rollcall.sources.world import read_world


@dataclass(frozen=True, slots=True)
class LaunchPreview:
    """What an order means now; holds no personal data.

    Attributes:
        subject: Of the email, or the title of the chat.
        channels: How it travels.
        languages: In which it is written, where that is said.
        people_count: Whom it means.
        unreachable_count: Those of them without any address.
        by_country: People by the country where they are, most first; `unknown` among them.
        digest: Of the audience; a send can insist on it.
    """

    subject: str
    channels: tuple[Channel, ...]
    languages: tuple[str, ...]
    people_count: int
    unreachable_count: int
    by_country: dict[str, int]
    digest: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a scheduled order could be sent now.

    Attributes:
        people_count: Whom it means now; None where that cannot be said.
        fault: What is wrong with it, in a sentence; None if nothing is.
    """

    people_count: int | None
    fault: str | None = None


def preview_launch(steps: SendSteps, order: Order) -> LaunchPreview:
    """Look at an order as sending would, and keep its audience's fingerprints on this machine.

    Raises:
        TemplateError: A text uses what it may not.
        ConfigError: No route is configured for a channel it needs, or its links lead nowhere.
        SourceError: The source cannot be loaded.
        SelectionError: The selection names what does not exist, or means nobody.
    """
    now = steps.clock.now()
    require_sendable(steps, order, now)
    world = load_world(steps, order, now)
    audience = evaluate(steps.ledger, order.request, world)
    require_recipients(audience)
    digest = digest_preview(audience.recipients)
    steps.previews.remember(digest, audience)
    reach = count_reach(find_reach(audience, world, BY_ADDRESS), BY_ADDRESS)
    channels = recorded_channels(order.request, steps.book)
    return _summarise(order.request, channels, reach, digest)


def require_sendable(steps: SendSteps, order: Order, now: datetime) -> None:
    """Check all that accepting an order checks, and record nothing.

    Raises:
        RollcallError: As `make_message` does.
    """
    make_message(order, steps.ledger, steps.book, steps.layout, now, links=steps.links)


def load_world(steps: SendSteps, order: Order, now: datetime) -> World:
    """Load what is known of an order's people, with what was reported with the app.

    Raises:
        SourceError: The source cannot be loaded.
    """
    as_of = order.as_of or now
    version = open_version(steps.sources, order.source, uses_last_good=order.uses_last_good)
    with build_snapshot(version, as_of, app=read_app_reports(steps.ledger, as_of)) as snapshot:
        return read_world(snapshot, as_of)


def evaluate(ledger: Ledger, request: MessageRequest, world: World) -> Audience:
    """Return whom a request with a selection means.

    Raises:
        SelectionError: The selection names what does not exist.
        InputError: The request follows an earlier message, and selects nobody itself.
    """
    if request.selection is None:
        raise InputError("a message that follows another one has no selection of its own")
    return select_audience(
        request.selection,
        world,
        managers_only=request.options.managers_only,
        saved_filters=load_saved_filters(ledger),
        as_rows=True,
    )


def make_scheduled(ledger: Ledger, scheduled: ScheduledOrder, source: Path) -> Order:
    """Return what a schedule orders when it fires now.

    Raises:
        InputError: Its template does not exist.
        RequestError: The template cannot be meant for these recipients.
    """
    settings = load_template(ledger, scheduled.kind, scheduled.template).settings
    selection = scheduled.selection
    changes = json.dumps({"selection": selection_to_json(selection)}) if selection else None
    request = apply_template(settings, changes, scheduled.kind)
    request = request.model_copy(update={"confirmed": scheduled.is_confirmed})
    return Order(request, source, template=scheduled.template)


@dataclass(slots=True)
class OrderJudge:
    """Judges scheduled orders as if they fired now; a source is read once for all of them.

    Attributes:
        steps: The steps of a send.
        default_source: Folder of the travellers' data where an order names none.
    """

    steps: SendSteps
    default_source: Path | None
    _worlds: dict[Path, World] = field(default_factory=dict)

    def judge(self, scheduled: ScheduledOrder) -> Verdict:
        """Say whether an order could be sent now, and to how many.

        Raises:
            LedgerError: The ledger does not answer.
        """
        try:
            people_count = self.count(scheduled)
        except LedgerError:
            raise
        except RollcallError as error:
            return Verdict(None, str(error))
        return Verdict(None if scheduled.has_more else people_count)

    def count(self, scheduled: ScheduledOrder) -> int:
        """Return how many people an order means now; nobody is no fault of a schedule's.

        Raises:
            RollcallError: As `preview_launch` does, and where there is no such template.
        """
        now = self.steps.clock.now()
        source = Path(scheduled.source) if scheduled.source else self.default_source
        if source is None:
            raise ConfigError("set ROLLCALL_SOURCE, or give --data: whom to send to is not known")
        order = make_scheduled(self.steps.ledger, scheduled, source)
        require_sendable(self.steps, order, now)
        if source not in self._worlds:
            self._worlds[source] = load_world(self.steps, order, now)
        audience = evaluate(self.steps.ledger, order.request, self._worlds[source])
        return len(audience.recipients)


def _summarise(
    request: MessageRequest, channels: tuple[Channel, ...], reach: Reach, digest: str
) -> LaunchPreview:
    content = request.content
    first = (content.language,) if content.language else ()
    return LaunchPreview(
        subject=content.subject,
        channels=channels,
        languages=(*first, *content.translations),
        people_count=reach.people_count,
        unreachable_count=reach.unreached_count,
        by_country=reach.by_country,
        digest=digest,
    )
