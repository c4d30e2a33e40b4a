"""`rollcall correct` and `rollcall retry`: messages that follow another one."""

import asyncio
from pathlib import Path
from typing import Annotated, Literal

import typer

from rollcall.cli.output import Format, FormatOption, print_notice, read_text
from rollcall.cli.send import ConfirmOption, confirmed, end, require_key, send_order
from rollcall.domain.follow_ups import make_follow_up
from rollcall.ledger.messages import load_message
from rollcall.sending.accepting import Order
from rollcall.wiring import opened_ledger

FollowedArgument = Annotated[
    str, typer.Argument(help="Id of the message to follow up, as `rollcall log` shows it.")
]
KeyOption = Annotated[
    str, typer.Option("--key", help="Idempotency key: the same key twice is one message.")
]


def correct(
    message: FollowedArgument,
    correction: Annotated[
        Path, typer.Argument(help="Its `content` as JSON, `-` for standard input.")
    ],
    key: KeyOption,
    *,
    confirm: ConfirmOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Send a correction to exactly those who have or may have a copy of a message.

    Exits as `send` does.
    """
    _follow(message, "reached", correction, key, output, confirm=confirm)


def retry(
    message: FollowedArgument,
    changes: Annotated[
        Path | None,
        typer.Argument(help="JSON whose `content`, `options` or `expires_at` replace its own."),
    ] = None,
    *,
    key: KeyOption,
    confirm: ConfirmOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Send a message again to exactly those of whom no route took it over.

    Exits as `send` does.
    """
    _follow(message, "not_reached", changes, key, output, confirm=confirm)


def _follow(
    message_id: str,
    who: Literal["reached", "not_reached"],
    changes: Path | None,
    key: str,
    output: Format,
    *,
    confirm: bool,
) -> None:
    require_key(key)
    text = read_text(changes, "message") if changes else None
    with opened_ledger() as ledger:
        before = load_message(ledger, message_id)
    request = make_follow_up(before.request, message_id, who, text)
    if who == "reached" and before.state in ("accepted", "sending"):
        print_notice(
            f"message {message_id} is still being sent: whom it reaches from now on does not get "
            f"the correction; `rollcall stop {message_id}` first"
        )
    order = Order(confirmed(request, confirm=confirm), Path(before.source), key)
    end(asyncio.run(send_order(order, output)), output)
