"""Step: accept what a run's form orders, once, however often the run is repeated."""

import asyncio
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from prefect.context import FlowRunContext

from rollcall.domain.forms.orders import OrderForm, PostForm
from rollcall.errors import InputError
from rollcall.sending.form_orders import accept_form, accept_post
from rollcall.wiring import current_app
from tasks.step import step

_given_key: Final[ContextVar[str | None]] = ContextVar("rollcall_order_key", default=None)


def key_of_run(flow_run_id: object) -> str:
    """Return the idempotency key of what a flow run orders."""
    return f"run:{flow_run_id}"


@contextmanager
def ordering_under(key: str) -> Iterator[None]:
    """Let what a flow orders in here have this idempotency key.

    For whoever goes on with a flow run without Prefect: `ordering_under(key_of_run(id))` makes
    `flow.fn(…)` find the message that the run has accepted.
    """
    token = _given_key.set(key)
    try:
        yield
    finally:
        _given_key.reset(token)


def order_key() -> str:
    """Return the idempotency key of what is ordered here: a given one, the flow run's, or a new."""
    if given := _given_key.get():
        return given
    context = FlowRunContext.get()
    if context is not None and context.flow_run is not None:
        return key_of_run(context.flow_run.id)
    return uuid.uuid4().hex


async def choose_message(message_id: str, order: OrderForm) -> str:
    """Return the message that a run is for: the one that was accepted before, or what is ordered.

    Raises:
        InputError: Both are given, or what is ordered cannot be meant.
    """
    _require_one(message_id, is_ordered=order != type(order)())
    return message_id or await accept_order(order, order_key())


async def choose_notice(message_id: str, order: PostForm) -> str | None:
    """Return the message that tells of a post: accepted before, or of what is posted.

    None where nobody is to be told.

    Raises:
        InputError: Both are given, or what is posted cannot be meant.
    """
    _require_one(message_id, is_ordered=order != PostForm())
    return message_id or await record_post(order, order_key())


@step("accept-order")
async def accept_order(order: OrderForm, key: str) -> str:
    """Record what is ordered, in the ledger; return the message's id. Twice is once."""
    app = current_app()
    record = await asyncio.to_thread(accept_form, order, app.steps, key, app.settings.source)
    return record.message_id


@step("record-post")
async def record_post(order: PostForm, key: str) -> str | None:
    """Record a post and the notice of it; return the notice's id, if there is one."""
    outcome = await asyncio.to_thread(accept_post, order, current_app().steps, key)
    return outcome.notice.message_id if outcome.notice else None


def _require_one(message_id: str, *, is_ordered: bool) -> None:
    if message_id and is_ordered:
        raise InputError("give either message_id, to go on with a message, or an order: not both")
