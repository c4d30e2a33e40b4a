"""Accept a message: what can be known to be wrong with it is said before it is recorded."""

import os
import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from rollcall.clock import Clock
from rollcall.domain.email_layout import EmailLayout
from rollcall.domain.message import Channel, MessageRequest, digest_request
from rollcall.domain.rendering import compile_content
from rollcall.errors import ConfigError
from rollcall.ledger.engine import Ledger
from rollcall.ledger.messages import MessageRecord, NewMessage, accept_message, load_message
from rollcall.sending.link_key import LinkKey
from rollcall.sending.route_book import RouteBook


@dataclass(frozen=True, slots=True)
class Order:
    """A request to send, as the command line, the dashboard or another program gives it.

    Attributes:
        request: What to say, to whom, and how.
        source: The folder of the travellers' data.
        key: Idempotency key; the same key twice is one message. None: a new message.
        as_of: The moment to select for; None: now.
        uses_last_good: Use the last good version of the source without looking at its files.
        template: Name of the template that the request was made from, if any.
    """

    request: MessageRequest
    source: Path
    key: str | None = None
    as_of: datetime | None = None
    uses_last_good: bool = False
    template: str | None = None


def accept_order(
    order: Order,
    ledger: Ledger,
    book: RouteBook,
    layout: EmailLayout,
    clock: Clock,
    *,
    links: LinkKey,
) -> tuple[MessageRecord, bool]:
    """Record an order in the ledger; from then on it is sent whatever happens to this process.

    Returns:
        The message, and whether it is new.

    Raises:
        TemplateError: A text uses what it may not.
        ConfigError: No route is configured for a channel it needs, or its links lead nowhere.
        RequestError: Its key stands for another request.
        SelectionError: It uses a dynamic filter that does not exist.
        InputError: It follows a message that does not exist.
    """
    now = clock.now()
    return accept_message(ledger, make_message(order, ledger, book, layout, now, links=links), now)


def make_message(
    order: Order,
    ledger: Ledger,
    book: RouteBook,
    layout: EmailLayout,
    now: datetime,
    *,
    links: LinkKey,
) -> NewMessage:
    """Make sure that an order can be meant, and return what is recorded of it.

    Raises:
        TemplateError: A text uses what it may not.
        ConfigError: No route is configured for a channel it needs, or its links lead nowhere.
        InputError: It follows a message that does not exist.
    """
    request = order.request
    if request.has_links:
        links.require_address()
    link = links.placeholder() if request.has_links else None
    include_sms = request.options.include_sms
    compile_content(request.content, layout, include_sms=include_sms, link=link)
    require_routes(request, book)
    order = _follow(order, ledger)
    # a link stays itself: kept versions go by the name the operator gives, whatever it names today
    source = os.path.abspath(order.source)  # noqa: PTH100 - Path.resolve would follow links
    follow_up = request.follow_up
    return NewMessage(
        idempotency_key=order.key or uuid.uuid4().hex,
        request_digest=digest_request(order.request, source, order.as_of),
        request=order.request.model_dump(mode="json", exclude_none=True),
        source=source,
        uses_last_good=order.uses_last_good,
        as_of=order.as_of or now,
        expires_at=order.request.expires_at,
        selection=order.request.selection,
        template=order.template,
        follows_message_id=follow_up.message_id if follow_up else None,
        kind=request.kind,
        chat_id=request.notice_in,
        opens=request if request.opens_conversation else None,
    )


def _follow(order: Order, ledger: Ledger) -> Order:
    """Let a follow-up stand on what the message before it stood on: it is not selected again."""
    if order.request.follow_up is None:
        return order
    before = load_message(ledger, order.request.follow_up.message_id)
    return replace(order, source=Path(before.source), as_of=before.as_of)


def require_routes(request: MessageRequest, book: RouteBook) -> None:
    """Make sure that every channel a message needs has a way out.

    Notifications beside other channels are not needed: see `recorded_channels`.

    Raises:
        ConfigError: Names the channel that has none.
    """
    for channel in recorded_channels(request, book):
        if not book.serves(channel):
            raise ConfigError(f"no route is configured for {channel}: add one to the routes file")


def recorded_channels(request: MessageRequest, book: RouteBook) -> tuple[Channel, ...]:
    """Return over which channels deliveries of a message are recorded.

    Notifications without a way out are left away where other channels carry the message too.
    """
    if request.has_push_beside and not book.serves("push"):
        return tuple(channel for channel in request.channels() if channel != "push")
    return request.channels()


def tell_left_away(request: MessageRequest, *, serves_push: bool) -> str | None:
    """Say in a sentence what of a message is not sent for want of a route, None if nothing is.

    Args:
        request: The message.
        serves_push: Whether a route for notifications is configured.
    """
    if serves_push or not request.has_push_beside:
        return None
    others = " and ".join(channel for channel in request.channels() if channel != "push")
    return f"no route of kind webpush is configured: this goes out by {others}, not to the app"
