"""Open a chat, follow one with a new one, and post into one: what administrators order.

Each is recorded under a key before anything is sent: a repeat goes on with what there is.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from rollcall.domain.chat_posts import PostRequest, make_notice
from rollcall.domain.chat_request import make_following_chat
from rollcall.domain.message import Channel, MessageRequest
from rollcall.domain.rendering import compile_content
from rollcall.errors import InputError, RequestError
from rollcall.ledger.chat_lists import load_post
from rollcall.ledger.chats import ChatRecord, load_chat, load_open_chat
from rollcall.ledger.engine import Ledger
from rollcall.ledger.entries import NewPost, entry_id, record_entries
from rollcall.ledger.messages import MessageRecord, find_message, load_message
from rollcall.sending.accepting import Order, accept_order, require_routes
from rollcall.sending.steps import SendSteps


@dataclass(frozen=True, slots=True)
class PostOrder:
    """A post that an administrator orders.

    Attributes:
        chat_id: In which chat.
        post: What it says.
        key: Idempotency key: the same key twice is one post.
        notify: How members are told of it; nobody is told where this is empty.
    """

    chat_id: str
    post: PostRequest
    key: str
    notify: tuple[Channel, ...] = ()


@dataclass(frozen=True, slots=True)
class PostOutcome:
    """What became of a post.

    Attributes:
        post_id: Its id.
        is_new: Whether this order recorded it.
        notice: The message that tells members of it, accepted and yet to be sent.
    """

    post_id: str
    is_new: bool
    notice: MessageRecord | None


def accept_order_of(order: Order, steps: SendSteps) -> tuple[MessageRecord, bool]:
    """Record an order, whatever it is for, as `accept_order` does; a chat's fits its channels.

    Raises:
        RollcallError: As `accept_order` does.
    """
    order = fit_channels(order, steps)
    return accept_order(
        order, steps.ledger, steps.book, steps.layout, steps.clock, links=steps.links
    )


def order_following_chat(
    ledger: Ledger,
    chat_id: str,
    key: str | None,
    changes: str | bytes | None = None,
    *,
    is_confirmed: bool = False,
) -> Order:
    """Return the order of a new chat with exactly those who have not answered OK in another one.

    They are looked up when it is sent, in one step, as frozen for the conversation before.

    Args:
        ledger: Where it is.
        chat_id: The conversation before; perhaps archived.
        key: Idempotency key of the new chat.
        changes: What of the new chat is not as it was (`make_following_chat`).
        is_confirmed: It is meant although the guards would refuse it.

    Raises:
        InputError: There is no such conversation.
        RequestError: The changes cannot be meant.
    """
    chat = load_chat(ledger, chat_id)
    before = load_message(ledger, chat.message_id)
    opening = MessageRequest.model_validate(before.request)
    request = make_following_chat(opening, chat.message_id, changes)
    if is_confirmed:
        request = request.model_copy(update={"confirmed": True})
    return Order(request, Path(before.source), key)


def post_in_chat(order: PostOrder, steps: SendSteps) -> PostOutcome:
    """Record a post, then the notice of it; what an earlier call has recorded stays.

    What can be known to be wrong with the notice is said before the post is recorded.

    Raises:
        InputError: There is no such chat, it is archived, or nobody writes in it.
        RequestError: The key stands for another post.
        TemplateError: The notice is too long for an SMS.
        ConfigError: No route is configured for a channel, or links lead nowhere.
    """
    chat = load_open_chat(steps.ledger, order.chat_id)
    if chat.kind == "one_way":
        raise InputError(
            f"{chat.chat_id} is the page of a one-way message: nothing is posted there"
        )
    if load_message(steps.ledger, chat.message_id).state == "refused":
        raise InputError(f"chat {chat.chat_id} was refused and has no members: see `rollcall log`")
    notice = _order_notice(order, chat, steps) if order.notify else None
    new = NewPost(
        chat.chat_id, None, order.post.post, "administrator", order.key, order.post.texts()
    )
    [recorded] = record_entries(steps.ledger, [new], steps.clock.now())
    if recorded == "closed":
        load_open_chat(steps.ledger, chat.chat_id)  # tells why
    if recorded == "known":
        _require_same_post(steps.ledger, new)
    accepted = accept_order_of(notice, steps)[0] if notice else None
    return PostOutcome(entry_id(new), recorded == "recorded", accepted)


def fit_channels(order: Order, steps: SendSteps) -> Order:
    """Return the order of a chat without push where none is configured, as `accept_order_of` does.

    Unless nothing else was asked for. A repeat keeps what was decided when the key was first used.
    """
    request = order.request
    if request.chat is None or not request.options.include_push:
        return order
    known = find_message(steps.ledger, order.key) if order.key else None
    if known is not None and known.state != "refused":
        include_push = MessageRequest.model_validate(known.request).options.include_push
    else:
        include_push = steps.book.serves("push") or len(request.channels()) == 1
    options = request.options.model_copy(update={"include_push": include_push})
    return replace(order, request=request.model_copy(update={"options": options}))


def _order_notice(order: PostOrder, chat: ChatRecord, steps: SendSteps) -> Order:
    opening = load_message(steps.ledger, chat.message_id)
    request = make_notice(
        order.post,
        MessageRequest.model_validate(opening.request),
        opening.message_id,
        chat.chat_id,
        order.notify,
    )
    steps.links.require_address()
    compile_content(
        request.content,
        steps.layout,
        include_sms=request.options.include_sms,
        link=steps.links.placeholder(),
    )
    require_routes(request, steps.book)
    return Order(request, Path(opening.source), key=f"notice:{chat.chat_id}:{order.key}")


def _require_same_post(ledger: Ledger, new: NewPost) -> None:
    known = load_post(ledger, entry_id(new))
    if (known.text, known.translations) != (new.text, new.translations):
        raise RequestError(f"key {new.key!r} already stands for another post in {new.chat_id}")
