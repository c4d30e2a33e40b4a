"""Whom something kept under a name means now, beside whom it meant the last time it was used."""

from dataclasses import dataclass
from pathlib import Path

from rollcall.domain.audience import Audience, digest_preview
from rollcall.domain.comparison import AudienceChange, compare_places
from rollcall.domain.preview.reach import BY_ADDRESS, count_reach, find_reach
from rollcall.domain.selecting import select_audience
from rollcall.domain.selection import Selection
from rollcall.domain.world import World
from rollcall.ledger.app_reports import read_app_reports
from rollcall.ledger.audiences import load_places
from rollcall.ledger.messages import load_message
from rollcall.ledger.saved_filters import load_saved_filters
from rollcall.sending.accepting import Order
from rollcall.sending.launching import require_sendable
from rollcall.sending.preparing import open_version, require_recipients
from rollcall.sending.steps import SendSteps
from rollcall.sources.snapshot import build_snapshot
from rollcall.sources.world import read_world


@dataclass(frozen=True, slots=True)
class Foresight:
    """Whom a selection means now; holds no personal data but the ids in `change`.

    Attributes:
        people_count: Whom it means.
        unreachable_count: Those of them without any address.
        by_country: People by the country where they are, most first; `unknown` among them.
        digest: Of the audience; a send can insist on it.
        change: What changed since an earlier message; None: there is none, or it is not known any
            more whom that one meant.
    """

    people_count: int
    unreachable_count: int
    by_country: dict[str, int]
    digest: str
    change: AudienceChange | None


def foresee_order(steps: SendSteps, order: Order, earlier_id: str | None) -> Foresight:
    """Look at an order as sending would, and keep its audience's fingerprints on this machine.

    Args:
        steps: The steps of a send.
        order: With a selection of its own.
        earlier_id: The message that was made with the same the last time.

    Raises:
        RollcallError: It could not be sent now; says why.
    """
    require_sendable(steps, order, steps.clock.now())
    selection = order.request.selection or Selection()
    managers_only = order.request.options.managers_only
    world = _load_world(steps, order.source)
    audience = _select(steps, selection, world, managers_only=managers_only)
    require_recipients(audience)
    steps.previews.remember(digest_preview(audience.recipients), audience)
    return _describe(steps, audience, world, earlier_id)


def foresee_selection(
    steps: SendSteps, selection: Selection, source: Path, earlier_id: str | None
) -> Foresight:
    """Look whom a selection means now; nobody is an answer, too.

    Raises:
        SelectionError: It names what does not exist.
        SourceError: The source cannot be loaded.
    """
    world = _load_world(steps, source)
    audience = _select(steps, selection, world, managers_only=False)
    return _describe(steps, audience, world, earlier_id)


def _load_world(steps: SendSteps, source: Path) -> World:
    now = steps.clock.now()
    version = open_version(steps.sources, source, uses_last_good=False)
    with build_snapshot(version, now, app=read_app_reports(steps.ledger, now)) as snapshot:
        return read_world(snapshot, now)


def _select(
    steps: SendSteps, selection: Selection, world: World, *, managers_only: bool
) -> Audience:
    return select_audience(
        selection,
        world,
        managers_only=managers_only,
        saved_filters=load_saved_filters(steps.ledger),
        as_rows=True,
    )


def _describe(
    steps: SendSteps, audience: Audience, world: World, earlier_id: str | None
) -> Foresight:
    rows = find_reach(audience, world, BY_ADDRESS)
    reach = count_reach(rows, BY_ADDRESS)
    places = dict(rows.select("person_id", "country").iter_rows())
    return Foresight(
        people_count=reach.people_count,
        unreachable_count=reach.unreached_count,
        by_country=reach.by_country,
        digest=digest_preview(audience.recipients),
        change=_compare(steps, places, earlier_id),
    )


def _compare(
    steps: SendSteps, places: dict[str, str | None], earlier_id: str | None
) -> AudienceChange | None:
    if earlier_id is None:
        return None
    before = load_places(steps.ledger, earlier_id)
    if load_message(steps.ledger, earlier_id).erased_at is not None:
        return None
    return compare_places(before, places)
