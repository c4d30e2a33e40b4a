"""Preview a selection before anything is sent; the command line and the dashboards call this."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from rollcall.domain.email_layout import EmailLayout
from rollcall.domain.message import MessageRequest
from rollcall.domain.personal_links import placeholder_link
from rollcall.domain.preview.preview import Preview, preview_audience
from rollcall.domain.preview.sms_costs import RoutePrice, SmsEstimate, estimate_sms
from rollcall.domain.preview.texts import count_texts
from rollcall.domain.rendering import compile_content
from rollcall.domain.selecting import SavedFilters, select_audience
from rollcall.domain.selection import Selection
from rollcall.domain.template_variables import MessageVariables
from rollcall.ledger.engine import Ledger
from rollcall.ledger.opt_outs import opted_out_among
from rollcall.routes.settings import BaseRouteSettings
from rollcall.sending.route_book import RouteBook
from rollcall.sending.steps import SendSteps
from rollcall.sources.snapshot import Snapshot
from rollcall.sources.world import read_world


def preview_selection(
    selection: Selection,
    snapshot: Snapshot,
    as_of: datetime,
    *,
    managers_only: bool,
    saved_filters: SavedFilters | None = None,
) -> Preview:
    """Evaluate a selection on a snapshot and explain what it comes to; sends nothing.

    Args:
        selection: Who is meant.
        snapshot: What is known.
        as_of: The moment the snapshot was built for, aware.
        managers_only: Facilities stand only for those contacts that are managers.
        saved_filters: The dynamic filters that the selection may name.

    Raises:
        SelectionError: The selection names what does not exist, or filters lead in a circle.
    """
    world = read_world(snapshot, as_of)
    saved = saved_filters or {}
    airports = snapshot.frame("airports", ("iata", "country")).drop_nulls()
    return preview_audience(
        selection,
        world,
        select_audience(selection, world, managers_only=managers_only, saved_filters=saved),
        managers_only=managers_only,
        saved_filters=saved,
        airport_countries=dict(airports.iter_rows()),
    )


def add_sms_estimate(
    preview: Preview,
    request: MessageRequest,
    layout: EmailLayout,
    message: MessageVariables,
    prices: Sequence[RoutePrice],
    base_url: str,
) -> Preview:
    """Return a preview that says what the SMS of a message come to, if it sends any.

    Args:
        preview: Of the message's recipients.
        request: The message.
        layout: The HTML frame of emails.
        message: Who sends it, and when.
        prices: The SMS routes that it may take (`list_sms_prices`), preferred first.
        base_url: Where its personal links would lead, as far as it has any.

    Raises:
        TemplateError: A text uses what it may not, or is too long.
    """
    includes_sms = request.options.include_sms
    link = placeholder_link(base_url) if request.has_links else None
    content = compile_content(request.content, layout, include_sms=includes_sms, link=link)
    estimate: SmsEstimate | None = None
    if includes_sms:
        estimate = estimate_sms(content, message, preview.audience.recipients, prices)
    return replace(preview, sms=estimate)


def find_opted_out(ledger: Ledger, preview: Preview) -> set[str]:
    """Return which numbers of a preview get no more routine texts, E.164.

    Raises:
        LedgerError: The ledger does not answer.
    """
    numbers = {one.phone for one in preview.audience.recipients if one.phone}
    with ledger.read() as connection:
        return opted_out_among(connection, numbers)


def add_text_counts(
    preview: Preview, request: MessageRequest | None, opted_out: AbstractSet[str] | None
) -> Preview:
    """Return a preview that says whom SMS would go to, if any are sent.

    Args:
        preview: Of the message's recipients.
        request: The message; None: it is not known yet, and may send SMS.
        opted_out: What `find_opted_out` says; None: it cannot be known here.
    """
    if request and not request.options.include_sms:
        return preview
    is_overriding = request is not None and request.options.life_safety
    counts = count_texts(preview.audience.recipients, opted_out, life_safety=is_overriding)
    return replace(preview, texts=counts)


def list_sms_prices(
    routes: Sequence[BaseRouteSettings], request: MessageRequest
) -> list[RoutePrice]:
    """Return what the SMS routes that a message may take ask for, preferred first.

    SMS of standard quality only ever take the preferred route.
    """
    prices = [
        RoutePrice(route.id, route.price_per_segment) for route in routes if route.channel == "sms"
    ]
    return _choose_prices(prices, request)


def list_book_prices(book: RouteBook) -> list[RoutePrice]:
    """Return what all SMS routes of this process ask for, preferred first."""
    entries = book.entries.values()
    return [
        RoutePrice(one.route.route_id, one.traits.price)
        for one in entries
        if one.route.channel == "sms"
    ]


def choose_book_prices(book: RouteBook, request: MessageRequest) -> list[RoutePrice]:
    """Return the same as `list_sms_prices`, of the routes of this process."""
    return _choose_prices(list_book_prices(book), request)


def _choose_prices(prices: list[RoutePrice], request: MessageRequest) -> list[RoutePrice]:
    return prices if request.options.high_quality_sms else prices[:1]


def tell_quality_costs(steps: SendSteps) -> str:
    """Say in a few sentences what SMS of high quality cost beside those of standard quality."""
    prices, limits = list_book_prices(steps.book), steps.delivery
    if not prices:
        return "No route for SMS is configured."
    known = sorted(one.per_segment for one in prices if one.per_segment is not None)
    standard = _tell_price(prices[0].per_segment)
    highest = f"up to {_tell_price(known[-1])}" if known else _tell_price(None)
    routes = "1 route" if len(prices) == 1 else f"{len(prices)} routes"
    return (
        f"Standard quality goes over {prices[0].route_id} alone: {standard}, "
        f"{limits.sms_max_tries} tries. High quality tries {routes}, up to "
        f"{limits.high_quality_max_tries} times: {highest}. While nobody knows whether one "
        f"arrived, up to {limits.high_quality_copies_cap} copies of it go out and may be billed, "
        f"with standard quality up to {limits.copies_cap}."
    )


def _tell_price(price: Decimal | None) -> str:
    return "price not known" if price is None else f"{price:f} a segment"
