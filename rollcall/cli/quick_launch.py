"""`--template NAME` and nothing else: the way in when the web is down, with a last look.

On a terminal it is shown what goes to how many, and asked whether it is meant; what is confirmed is
what is sent. It is shown and asked on stderr: whoever keeps the output in a file is asked too. A
script is never asked: without a terminal on both sides nobody is there to answer.
"""

import asyncio
import sys
from dataclasses import replace
from typing import Annotated, Any

import typer
from rich.console import Console

from rollcall.cli.output import Format, console, notices, print_json, print_notice
from rollcall.domain.message import MessageRequest
from rollcall.errors import ConfigError, InputError
from rollcall.ledger.messages import MessageRecord, find_message
from rollcall.sending.accepting import Order
from rollcall.sending.launching import LaunchPreview, preview_launch
from rollcall.wiring import opened_ledger, running_app

_SHOWN_COUNTRIES = 8

YesOption = Annotated[
    bool, typer.Option("--yes", help="Do not ask before a template is sent from a terminal.")
]


def look_before(order: Order, output: Format, *, is_whole: bool, yes: bool) -> Order:
    """Return the order to send: one that a user has looked at insists on what was shown.

    Args:
        order: What is to be sent.
        output: Whoever reads JSON is a program, and is not asked.
        is_whole: Whether it is a template by itself: neither changed nor previewed otherwise.
        yes: It is meant without a look.

    Raises:
        typer.Exit: The user did not confirm; nothing was sent.
        RollcallError: As `preview_launch` does.
    """
    if not is_whole:
        return order
    if known := _find_known(order):
        return _go_on(order, known)
    if yes or output is Format.JSON or not is_on_terminal():
        return order
    preview = asyncio.run(_preview(order))
    print_preview(preview, order.template or "", to=notices)
    if not typer.confirm("Send it now?", err=True):
        print_notice("nothing was sent")
        raise typer.Exit(1)
    return _insist(order, preview.digest)


def check_order(order: Order, output: Format) -> int:
    """Print whether an order could be sent now; return 0 if it could, else 1.

    Raises:
        LedgerError: The ledger does not answer.
    """
    preview: LaunchPreview | None = None
    fault: str | None = None
    try:
        preview = asyncio.run(_preview(order))
    except (InputError, ConfigError) as error:
        fault = str(error)
    if output is Format.JSON:
        told = preview_to_json(preview) if preview else None
        print_json({"ready": fault is None, "fault": fault, "preview": told})
    else:
        if preview:
            print_preview(preview, order.template or "")
        console.print("ready" if preview else f"NOT READY: {fault}", markup=False, soft_wrap=True)
    return int(fault is not None)


def is_on_terminal() -> bool:
    """Tell whether somebody sees what is asked and can answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def print_preview(preview: LaunchPreview, template: str, to: Console = console) -> None:
    """Print what would be sent, to how many, and where they are."""
    facts = {
        "template": template,
        "subject": preview.subject,
        "by": ", ".join(preview.channels),
        "languages": ", ".join(preview.languages) or "as written",
        "people": _tell_people(preview),
        "where": _tell_countries(preview.by_country),
        "digest": preview.digest,
    }
    for name, fact in facts.items():
        to.print(f"{name:<10} {fact}", markup=False, soft_wrap=True)


def preview_to_json(preview: LaunchPreview) -> dict[str, Any]:
    """Return a preview as programs get it."""
    return {
        "subject": preview.subject,
        "channels": list(preview.channels),
        "languages": list(preview.languages),
        "people": preview.people_count,
        "unreachable": preview.unreachable_count,
        "by_country": preview.by_country,
        "digest": preview.digest,
    }


def _find_known(order: Order) -> MessageRecord | None:
    """Return the message that the order's key stands for already."""
    if order.key is None:
        return None
    with opened_ledger() as ledger:
        known = find_message(ledger, order.key)
    return known if known and known.state != "refused" else None


def _go_on(order: Order, known: MessageRecord) -> Order:
    """Ask for what was asked for first: a second look would have another digest."""
    first = MessageRequest.model_validate(known.request)
    return _insist(order, first.expected_audience)


def _insist(order: Order, digest: str | None) -> Order:
    request = order.request.model_copy(update={"expected_audience": digest})
    return replace(order, request=request)


async def _preview(order: Order) -> LaunchPreview:
    async with running_app() as app:
        return await asyncio.to_thread(preview_launch, app.steps, order)


def _tell_people(preview: LaunchPreview) -> str:
    without = f", {preview.unreachable_count} of them without any address"
    return f"{preview.people_count}{without if preview.unreachable_count else ''}"


def _tell_countries(by_country: dict[str, int]) -> str:
    shown = list(by_country.items())[:_SHOWN_COUNTRIES]
    told = ", ".join(f"{country} {count}" for country, count in shown)
    left_count = len(by_country) - len(shown)
    return f"{told}, and {left_count} more countries" if left_count else told
