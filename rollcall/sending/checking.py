"""A last look at an order before it is sent: who, how many, where, by what, at what cost.

Everything that sending checks is checked; nothing is recorded, nothing is sent.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import polars as pl

from rollcall.domain.audience import Audience, Recipient, digest_preview
from rollcall.domain.comparison import AudienceChange, compare_places
from rollcall.domain.guards import digest_recipients
from rollcall.domain.languages import choose_language
from rollcall.domain.message import Channel, MessageRequest, digest_content
from rollcall.domain.message_templates import template_kind_of
from rollcall.domain.preview.reach import (
    Reach,
    ReachTerms,
    count_reach,
    count_values,
    find_reach,
)
from rollcall.domain.preview.sms_costs import SmsEstimate, estimate_sms
from rollcall.domain.preview.texts import TextCounts, count_texts
from rollcall.domain.recipient_rows import list_person_ids
from rollcall.domain.rendering import compile_content
from rollcall.domain.saved_filters import find_whole
from rollcall.domain.template_variables import MessageVariables
from rollcall.errors import InputError
from rollcall.ledger.audiences import find_previous_message, load_places
from rollcall.ledger.dispatchers import is_any_there
from rollcall.ledger.engine import Ledger
from rollcall.ledger.guards import count_people, find_objections
from rollcall.ledger.messages import load_message
from rollcall.ledger.opt_outs import opted_out_among
from rollcall.ledger.push_subscriptions import find_notified
from rollcall.ledger.same_selection import find_same_selection
from rollcall.ledger.templates import load_template
from rollcall.sending.accepting import Order, recorded_channels, tell_left_away
from rollcall.sending.launching import evaluate, load_world, require_sendable
from rollcall.sending.preparing import require_recipients
from rollcall.sending.previewing import choose_book_prices
from rollcall.sending.steps import SendSteps

HELD_PEOPLE: Final = 200_000
"""Recipients that are held as objects; of more all are made anew at each look at them."""

UNREACHED_SHOWN: Final = 20
"""How many of those whom nothing reaches are named; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Unreached:
    """Somebody whom no channel of the message reaches, and why."""

    person_id: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class LastTime:
    """The latest message of the same template, else to the same selection.

    Attributes:
        message_id: Its id.
        accepted_at: When.
        people_count: Whom it meant.
        change: What changed since; None: who they were is not known any more.
    """

    message_id: str
    accepted_at: datetime
    people_count: int
    change: AudienceChange | None


@dataclass(frozen=True, slots=True)
class OrderCheck:
    """What an order comes to if it is sent now.

    Attributes:
        checked_at: When that was found out.
        digest: Of the audience; the send insists on it.
        people_count: Whom it means.
        channels: How it travels.
        reach: Whom it gets to.
        unreached: The first of those whom no channel of it reaches.
        by_language: People by the language they get it in, most first; None: the first version,
            unnamed.
        texts: Its SMS by number; None where none are sent.
        sms: What its SMS come to, one to each number; None where none are sent.
        last_time: What it is compared with.
        objections: What must be confirmed before it is sent, a sentence each.
        notices: What else one should know, a sentence each.
    """

    checked_at: datetime
    digest: str
    people_count: int
    channels: tuple[Channel, ...]
    reach: Reach
    unreached: tuple[Unreached, ...]
    by_language: dict[str | None, int]
    texts: TextCounts | None
    sms: SmsEstimate | None
    last_time: LastTime | None
    objections: tuple[str, ...]
    notices: tuple[str, ...]


def check_order(steps: SendSteps, order: Order) -> OrderCheck:
    """Look at an order as sending would, and keep its audience's fingerprints on this machine.

    Raises:
        RollcallError: It could not be sent now; says why.
    """
    now, request = steps.clock.now(), order.request
    require_sendable(steps, order, now)
    world = load_world(steps, order, now)
    meant = evaluate(steps.ledger, request, world)
    require_recipients(meant)
    audience = _hold(meant)
    digest = digest_preview(audience.recipients)
    steps.previews.remember(digest, audience)
    channels = recorded_channels(request, steps.book)
    silent = _find_silent(steps, audience, channels)
    terms = _read_terms(steps, request, audience, channels, silent)
    rows = find_reach(meant, world, terms)
    return OrderCheck(
        checked_at=now,
        digest=digest,
        people_count=len(audience.recipients),
        channels=channels,
        reach=count_reach(rows, terms),
        unreached=_name_unreached(rows),
        by_language=_count_languages(request, rows["language"]),
        texts=_count_texts(request, audience, channels, silent),
        sms=_estimate_sms(steps, request, audience, channels, silent),
        last_time=_find_last_time(steps, order, audience),
        objections=_find_objections(steps, order, audience, now),
        notices=_find_notices(steps, request, audience, now),
    )


def _hold(audience: Audience) -> Audience:
    """Return an audience whose recipients are made once for all looks at them, if memory allows."""
    if len(audience.recipients) > HELD_PEOPLE:
        return audience
    return replace(audience, recipients=tuple(audience.recipients))


def _find_silent(
    steps: SendSteps, audience: Audience, channels: Sequence[Channel]
) -> frozenset[str]:
    """Return the numbers of the audience that get no more texts."""
    if "sms" not in channels:
        return frozenset()
    numbers = {one.phone for one in audience.recipients if one.phone}
    with steps.ledger.read() as connection:
        return frozenset(opted_out_among(connection, numbers))


def _read_terms(
    steps: SendSteps,
    request: MessageRequest,
    audience: Audience,
    channels: tuple[Channel, ...],
    silent: frozenset[str],
) -> ReachTerms:
    ids = list_person_ids(audience.recipients) if "push" in channels else []
    notified_ids = find_notified(steps.ledger, ids)
    return ReachTerms(channels, silent, notified_ids, request.options.life_safety)


def _name_unreached(rows: pl.DataFrame) -> tuple[Unreached, ...]:
    unreached = rows.filter(pl.col("unreached").is_not_null()).head(UNREACHED_SHOWN)
    named = unreached.select("person_id", "name", "unreached").iter_rows()
    return tuple(Unreached(*one) for one in named)


def _count_languages(request: MessageRequest, wanted: pl.Series) -> dict[str | None, int]:
    """Count people by the language they get, from the languages they want."""
    first = request.content.language
    languages = frozenset(tag for tag in (first, *request.content.translations) if tag)
    counted = Counter[str | None]()
    for language, count in count_values(wanted).items():
        counted[choose_language(language, languages) or first] += count
    return dict(counted.most_common())


def _count_texts(
    request: MessageRequest,
    audience: Audience,
    channels: Sequence[Channel],
    silent: frozenset[str],
) -> TextCounts | None:
    if "sms" not in channels:
        return None
    return count_texts(audience.recipients, silent, life_safety=request.options.life_safety)


def _estimate_sms(
    steps: SendSteps,
    request: MessageRequest,
    audience: Audience,
    channels: Sequence[Channel],
    silent: frozenset[str],
) -> SmsEstimate | None:
    if "sms" not in channels:
        return None
    link = steps.links.placeholder() if request.has_links else None
    content = compile_content(request.content, steps.layout, include_sms=True, link=link)
    message = MessageVariables(steps.clock.now().date(), steps.organisation)
    texted = _iterate_texted(request, audience.recipients, silent)
    return estimate_sms(content, message, texted, choose_book_prices(steps.book, request))


def _iterate_texted(
    request: MessageRequest, recipients: Sequence[Recipient], silent: frozenset[str]
) -> Iterator[Recipient]:
    """Yield those who are texted: of several with one number the first, unless each has a link."""
    spared = set[str]() if request.options.life_safety else set(silent)
    for one in recipients:
        if not one.phone or one.phone in spared:
            continue
        if not request.has_links:
            spared.add(one.phone)
        yield one


def _find_last_time(steps: SendSteps, order: Order, audience: Audience) -> LastTime | None:
    earlier_id = _find_earlier(steps.ledger, order)
    if earlier_id is None:
        return None
    now = {one.person_id: one.position.country for one in audience.recipients}
    before = load_places(steps.ledger, earlier_id)
    earlier = load_message(steps.ledger, earlier_id)
    with steps.ledger.read() as connection:
        people_count = count_people(connection, earlier_id)
    is_known = earlier.erased_at is None and len(before) == people_count
    change = compare_places(before, now) if is_known else None
    return LastTime(earlier_id, earlier.accepted_at, people_count, change)


def _find_earlier(ledger: Ledger, order: Order) -> str | None:
    """Return the latest message of the same template, else to the same selection."""
    request = order.request
    whole = find_whole(request.selection) if request.selection else None
    if order.template is None and whole is None:
        with ledger.read() as connection:
            return find_same_selection(connection, request)
    kind = template_kind_of(request.kind)
    return find_previous_message(ledger, template=order.template, saved_filter=whole, kind=kind)


def _find_objections(
    steps: SendSteps, order: Order, audience: Audience, now: datetime
) -> tuple[str, ...]:
    person_ids = list_person_ids(audience.recipients)
    digest = digest_recipients(person_ids, digest_content(order.request.content))
    found = find_objections(
        steps.ledger, digest, len(person_ids), steps.guards, now, _find_template(steps, order)
    )
    return tuple(found)


def _find_template(steps: SendSteps, order: Order) -> str | None:
    if order.template is None:
        return None
    kind = template_kind_of(order.request.kind)
    return load_template(steps.ledger, kind, order.template).template_id


def _find_notices(
    steps: SendSteps, request: MessageRequest, audience: Audience, now: datetime
) -> tuple[str, ...]:
    found: list[str] = []
    if told := tell_left_away(request, serves_push=steps.book.serves("push")):
        found.append(told)
    if audience.silent_facility_ids:
        count = len(audience.silent_facility_ids)
        whom = "no manager" if request.options.managers_only else "no contact"
        found.append(f"{count} of {len(audience.facility_ids)} facilities stand for nobody: {whom}")
    if not is_any_there(steps.ledger, now):
        found.append("no dispatcher is there: it waits for one (`rollcall dispatcher`)")
    return tuple(found)


def require_unobjected(check: OrderCheck, *, is_confirmed: bool) -> None:
    """Refuse what the guards would, before anything is recorded.

    Raises:
        InputError: It is not confirmed.
    """
    if check.objections and not is_confirmed:
        raise InputError(f"{check.objections[0]}; confirm that it is meant, then send it")
