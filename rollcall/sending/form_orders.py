"""Accept what was filled in with a form, or show what it would come to."""

from pathlib import Path

from rollcall.domain.forms.orders import OrderForm, PostForm
from rollcall.domain.message import MessageRequest
from rollcall.domain.preview.preview import Preview
from rollcall.domain.selection import Selection
from rollcall.errors import InputError
from rollcall.ledger.app_reports import read_app_reports
from rollcall.ledger.messages import MessageRecord, find_message
from rollcall.ledger.saved_filters import load_saved_filters
from rollcall.ledger.templates import load_template
from rollcall.sending.accepting import Order
from rollcall.sending.chat_orders import PostOrder, PostOutcome, accept_order_of, post_in_chat
from rollcall.sending.launching import require_sendable
from rollcall.sending.preparing import open_version, require_recipients
from rollcall.sending.previewing import add_text_counts, find_opted_out, preview_selection
from rollcall.sending.steps import SendSteps
from rollcall.sources.snapshot import build_snapshot


def accept_form(
    form: OrderForm, steps: SendSteps, key: str, default_source: Path | None
) -> MessageRecord:
    """Record what a form orders, or find the message that its key stands for already.

    A repeat goes on with what there is, also where the template has changed meanwhile.

    Args:
        form: The form.
        steps: The steps of sends on this ledger.
        key: Idempotency key.
        default_source: The folder of travellers' data where the form names none.

    Raises:
        InputError: There is no such template or filter, or it cannot be meant.
        ConfigError: No route is configured for a channel it needs, or its links lead nowhere.
    """
    known = find_message(steps.ledger, key)
    if known is not None and known.state != "refused":
        return known
    return accept_order_of(_make_order(form, steps, key, default_source), steps)[0]


def accept_post(form: PostForm, steps: SendSteps, key: str) -> PostOutcome:
    """Record the post that a form orders, and the notice of it; a repeat finds both.

    Raises:
        RollcallError: As `post_in_chat` does.
    """
    return post_in_chat(PostOrder(form.chat_id, form.make_post(), key, form.ways()), steps)


def preview_form(form: OrderForm, steps: SendSteps, default_source: Path | None) -> Preview:
    """Return whom a form means now, counted; sends nothing, records nothing.

    What is previewed is kept on this machine, as `rollcall select --explain` does.

    Raises:
        RollcallError: As `accept_form` does, and as selecting does.
    """
    now = steps.clock.now()
    order = _make_order(form, steps, None, default_source)
    require_sendable(steps, order, now)
    version = open_version(steps.sources, order.source, uses_last_good=order.uses_last_good)
    request = order.request
    with build_snapshot(version, now, app=read_app_reports(steps.ledger, now)) as snapshot:
        preview = preview_selection(
            _selection_of(request),
            snapshot,
            now,
            managers_only=request.options.managers_only,
            saved_filters=load_saved_filters(steps.ledger),
        )
    require_recipients(preview.audience)
    steps.previews.remember(preview.digest, preview.audience)
    if not request.options.include_sms:
        return preview
    return add_text_counts(preview, request, find_opted_out(steps.ledger, preview))


def _make_order(
    form: OrderForm, steps: SendSteps, key: str | None, default_source: Path | None
) -> Order:
    """Return the order that a form stands for."""
    source = Path(form.source) if form.source else default_source
    if source is None:
        raise InputError("no data folder: fill it in, or set ROLLCALL_SOURCE where flows run")
    template = form.template or None
    settings = load_template(steps.ledger, form.kind, template).settings if template else None
    return Order(
        request=form.make_request(settings, steps.clock.now()),
        source=source,
        key=key,
        uses_last_good=form.uses_last_good,
        template=template,
    )


def _selection_of(request: MessageRequest) -> Selection:
    if request.selection is None:
        raise AssertionError("a form fills in a selection, or takes its template's")
    return request.selection
