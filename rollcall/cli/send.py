"""`rollcall send` and `rollcall resume`."""

import asyncio
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from rollcall.cli.output import (
    AsOfOption,
    Format,
    FormatOption,
    LastGoodOption,
    SourceOption,
    console,
    parse_as_of,
    print_json,
    print_notice,
)
from rollcall.cli.progress import show_progress
from rollcall.cli.quick_launch import YesOption, look_before
from rollcall.cli.requests import make_request
from rollcall.domain.message import EXPECTED_AUDIENCE, MessageRequest
from rollcall.domain.message_templates import settings_of, template_kind_of
from rollcall.errors import InputError
from rollcall.ledger.dispatchers import is_any_there
from rollcall.ledger.doorbell import ring
from rollcall.ledger.messages import MessageRecord, load_message, require_open
from rollcall.ledger.templates import require_savable, save_template
from rollcall.sending.accepting import Order, tell_left_away
from rollcall.sending.chat_orders import accept_order_of
from rollcall.sending.comparing import compare_with_earlier
from rollcall.sending.steps import SendReport
from rollcall.wiring import App, opened_ledger, running_app

EXIT_NOT_ALL_REACHED = 1

ConfirmOption = Annotated[
    bool,
    typer.Option(
        "--confirm", help="It is meant: the same again, or to far more people than last time."
    ),
]

SaveOption = Annotated[
    str | None,
    typer.Option("--save-template", help="Save what was sent as a template of this name."),
]
DetachOption = Annotated[
    bool,
    typer.Option("--detach", help="Leave it to `rollcall dispatcher`, which begins at once."),
]
ExpectOption = Annotated[
    str | None,
    typer.Option(
        "--expect", help="Digest of `select --explain`: send to the people previewed, or nobody."
    ),
]


def send(  # noqa: PLR0913 - one argument for each option
    data: SourceOption,
    message: Annotated[
        Path | None, typer.Argument(help="Message as JSON, `-` for standard input.")
    ] = None,
    key: Annotated[
        str | None,
        typer.Option("--key", help="Idempotency key: the same key twice is one message."),
    ] = None,
    as_of: AsOfOption = None,
    template: Annotated[
        str | None,
        typer.Option(
            "--template", help="Send this template; keys of a MESSAGE replace the template's."
        ),
    ] = None,
    save_as: SaveOption = None,
    *,
    expect: ExpectOption = None,
    confirm: ConfirmOption = False,
    yes: YesOption = False,
    last_good: LastGoodOption = False,
    detach: DetachOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Send a message to everyone its selection names; with the same key, go on where it stopped.

    A --template by itself is shown first on a terminal, with whom it means, and must be confirmed.
    Exits with 0 when everything that could be delivered was, 1 when something was not.
    """
    require_key(key)
    order = Order(
        request=confirmed(insist(make_request(message, template), expect), confirm=confirm),
        source=data,
        key=key,
        as_of=parse_as_of(as_of),
        uses_last_good=last_good,
        template=template,
    )
    if save_as is not None:
        require_template_name(save_as, order.request)
    is_whole = template is not None and message is None and expect is None
    order = look_before(order, output, is_whole=is_whole, yes=yes)
    if detach:
        asyncio.run(leave_order(order, output, save_as))
    else:
        end(asyncio.run(send_order(order, output, save_as)), output)


def require_template_name(name: str, request: MessageRequest) -> None:
    """Make sure that a message can be saved as a template once it is sent.

    Raises:
        InputError: The name cannot be used, or is taken.
    """
    with opened_ledger() as ledger:
        require_savable(ledger, template_kind_of(request.kind), name, settings_of(request))


def require_key(key: str | None) -> None:
    """Refuse an empty key.

    Raises:
        InputError: It is one.
    """
    if key is not None and not key.strip():
        raise InputError("--key is empty: every call would send a message of its own")


def confirmed(request: MessageRequest, *, confirm: bool) -> MessageRequest:
    """Return a request that is meant although the guards would refuse it, where that was said."""
    return request.model_copy(update={"confirmed": True}) if confirm else request


def resume(
    message: Annotated[str, typer.Argument(help="Id of a message, as `rollcall log` shows it.")],
    output: FormatOption = Format.TEXT,
) -> None:
    """Go on with a message that was interrupted; does nothing to one that is done."""
    end(asyncio.run(_resume(message, output)), output)


def end(report: SendReport, output: Format) -> None:
    """Print what a send came to and exit accordingly."""
    if output is Format.JSON:
        print_json(report_to_json(report))
    else:
        print_report(report)
        console.print(f"rollcall log {report.message_id} shows every recipient", soft_wrap=True)
    exit_as(report)


def exit_as(report: SendReport) -> None:
    """Exit as a send has come to."""
    raise typer.Exit(0 if report.is_complete else EXIT_NOT_ALL_REACHED)


def report_to_json(report: SendReport) -> dict[str, Any]:
    """Return a report as programs get it."""
    return {
        "message_id": report.message_id,
        "state": report.state,
        "complete": report.is_complete,
        "counts": report.counts,
        "tries": report.tries,
    }


def print_report(report: SendReport) -> None:
    """Print what a message came to, channel by channel, and its tries, route by route."""
    for channel, counts in report.counts.items():
        console.print(f"{channel:<14} {_tell(counts)}")
    for route_id, counts in report.tries.items():
        console.print(f"route {route_id:<8} {_tell(counts)}")


def _tell(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())


async def run_to_end(app: App, message_id: str, output: Format) -> SendReport:
    """Run the flow of a message with a progress bar; Ctrl-C ends it with nothing lost."""
    from rollcall.cli.flow_runs import run_send_message  # noqa: PLC0415 - Prefect takes a second to import

    kind = load_message(app.ledger, message_id).kind
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, _stop(app, message_id))
    sending = asyncio.ensure_future(run_send_message(message_id, kind))
    if output is Format.TEXT:
        await show_progress(app.ledger, message_id, sending)
    return await sending


def _stop(app: App, message_id: str) -> Callable[[], None]:
    def stop() -> None:
        app.steps.stopping.set()
        print_notice(_tell_who_goes_on(app, message_id))

    return stop


def _tell_who_goes_on(app: App, message_id: str) -> str:
    if is_any_there(app.ledger, app.clock.now()):
        return f"stopping here; a dispatcher goes on with it (`rollcall stop {message_id}` ends it)"
    return f"stopping; `rollcall resume {message_id}` goes on with it"


def insist(request: MessageRequest, digest: str | None) -> MessageRequest:
    """Return a request that means the audience previewed, and no other."""
    if digest is None:
        return request
    if not re.fullmatch(EXPECTED_AUDIENCE, digest):
        raise InputError("--expect: is no digest as `rollcall select --explain` prints it")
    return request.model_copy(update={"expected_audience": digest})


async def send_order(order: Order, output: Format, save_as: str | None = None) -> SendReport:
    """Accept a message and run its flow to the end, telling its id as soon as it has one."""
    async with running_app() as app:
        record = _accept(app, order)
        report = await run_to_end(app, record.message_id, output)
        if comparison := compare_with_earlier(app.ledger, record.message_id):
            print_notice(comparison.tell())
        if save_as is not None:
            _save_template(app, save_as, order.request)
        return report


async def leave_order(order: Order, output: Format, save_as: str | None = None) -> None:
    """Accept a message and leave it to a dispatcher; say so where there is none."""
    async with running_app() as app:
        record = _accept(app, order)
        ring(app.ledger, record.message_id)
        if not is_any_there(app.ledger, app.clock.now()):
            print_notice(
                "no dispatcher is there: it waits for one (`rollcall dispatcher`), "
                f"or `rollcall resume {record.message_id}` sends it from here"
            )
        if save_as is not None:
            _save_template(app, save_as, order.request)
        if output is Format.JSON:
            print_json({"message_id": record.message_id, "state": record.state})


def _accept(app: App, order: Order) -> MessageRecord:
    """Record an order, telling its id as soon as it has one."""
    record, is_new = accept_order_of(order, app.steps)
    if told := tell_left_away(order.request, serves_push=app.book.serves("push")):
        print_notice(told)
    known = "" if is_new else ", known already"
    print_notice(f"message {record.message_id} (key {record.idempotency_key}{known})")
    return record


def _save_template(app: App, name: str, request: MessageRequest) -> None:
    try:
        kind, settings = template_kind_of(request.kind), settings_of(request)
        saved = save_template(app.ledger, kind, name, settings, app.clock.now())
    except InputError as error:
        # somebody took the name in mid-send: what was sent is sent, and that is what counts
        print_notice(f"the template was not saved: {error}")
    else:
        print_notice(f"saved as template {saved.name!r}")


async def _resume(message_id: str, output: Format) -> SendReport:
    async with running_app() as app:
        require_open(load_message(app.ledger, message_id))
        return await run_to_end(app, message_id, output)
