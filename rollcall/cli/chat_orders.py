"""`rollcall chat open`, `follow` and `post`: what of a chat is sent."""

import asyncio
import uuid
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
    read_text,
)
from rollcall.cli.quick_launch import YesOption, look_before
from rollcall.cli.requests import make_request
from rollcall.cli.send import (
    ConfirmOption,
    DetachOption,
    ExpectOption,
    SaveOption,
    confirmed,
    exit_as,
    insist,
    leave_order,
    print_report,
    report_to_json,
    require_key,
    require_template_name,
    run_to_end,
    send_order,
)
from rollcall.domain.chat_posts import PostRequest, make_post, parse_post
from rollcall.domain.chats import chat_id_of
from rollcall.domain.message import CHANNELS, Channel
from rollcall.errors import InputError
from rollcall.sending.accepting import Order
from rollcall.sending.chat_orders import (
    PostOrder,
    PostOutcome,
    order_following_chat,
    post_in_chat,
)
from rollcall.sending.steps import SendReport
from rollcall.wiring import opened_ledger, running_app

KeyOption = Annotated[
    str | None, typer.Option("--key", help="Idempotency key: the same key twice is one chat.")
]


def open_chat(  # noqa: PLR0913 - one argument for each option
    data: SourceOption,
    file: Annotated[
        Path | None, typer.Argument(help="Chat as JSON, `-` for standard input.")
    ] = None,
    key: KeyOption = None,
    as_of: AsOfOption = None,
    template: Annotated[
        str | None,
        typer.Option("--template", help="Open this template; keys of a FILE replace its own."),
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
    """Open a chat: everyone its selection names gets a personal link to it.

    A --template by itself is shown first on a terminal, with whom it means, and must be confirmed.
    With the same key it goes on where it stopped. Exits as `send` does.
    """
    require_key(key)
    order = Order(
        request=confirmed(insist(make_request(file, template, "chat"), expect), confirm=confirm),
        source=data,
        key=key,
        as_of=parse_as_of(as_of),
        uses_last_good=last_good,
        template=template,
    )
    if save_as is not None:
        require_template_name(save_as, order.request)
    is_whole = template is not None and file is None and expect is None
    order = look_before(order, output, is_whole=is_whole, yes=yes)
    if detach:
        asyncio.run(leave_order(order, output, save_as))
        return
    _end(asyncio.run(send_order(order, output, save_as)), output)


def follow(
    chat: Annotated[str, typer.Argument(help="Id of the chat to follow.")],
    file: Annotated[
        Path | None,
        typer.Argument(help="JSON whose keys replace the chat's own; without a selection."),
    ] = None,
    key: KeyOption = None,
    *,
    confirm: ConfirmOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Open a new chat with exactly those members who have not answered OK.

    Exits as `send` does.
    """
    require_key(key)
    changes = read_text(file, "chat") if file else None
    with opened_ledger() as ledger:
        order = order_following_chat(ledger, chat, key, changes, is_confirmed=confirm)
    _end(asyncio.run(send_order(order, output)), output)


def post(
    chat: Annotated[str, typer.Argument(help="Id of a chat.")],
    file: Annotated[
        Path | None, typer.Argument(help="Post as JSON, `-` for standard input.")
    ] = None,
    text: Annotated[str | None, typer.Option("--text", help="Its text, instead of a FILE.")] = None,
    notify: Annotated[
        str | None,
        typer.Option("--notify", help="Tell members of it by these ways, e.g. email,sms,push."),
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", help="Idempotency key: the same key twice is one post.")
    ] = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Post in a chat; with --notify a message tells all members of it.

    With the same key it goes on where it stopped. Exits as `send` does.
    """
    require_key(key)
    order = PostOrder(chat, _read_post(file, text), key or uuid.uuid4().hex, _read_ways(notify))
    outcome, report = asyncio.run(_post(order, output))
    if output is Format.JSON:
        print_json(_to_json(order, outcome, report))
    else:
        told = "is posted" if outcome.is_new else "was posted already"
        console.print(f"post {outcome.post_id} {told} in {chat}", markup=False, soft_wrap=True)
        if report is not None:
            print_report(report)
    if report is not None:
        exit_as(report)


async def _post(order: PostOrder, output: Format) -> tuple[PostOutcome, SendReport | None]:
    async with running_app() as app:
        print_notice(f"post in {order.chat_id} (key {order.key})")
        outcome = post_in_chat(order, app.steps)
        if outcome.notice is None:
            return outcome, None
        print_notice(f"message {outcome.notice.message_id} tells its members")
        return outcome, await run_to_end(app, outcome.notice.message_id, output)


def _end(report: SendReport, output: Format) -> None:
    chat_id = chat_id_of(report.message_id)
    if output is Format.JSON:
        print_json({"chat_id": chat_id} | report_to_json(report))
    else:
        print_report(report)
        console.print(f"rollcall chat show {chat_id} shows how they answer", soft_wrap=True)
    exit_as(report)


def _read_post(file: Path | None, text: str | None) -> PostRequest:
    if (file is None) == (text is None):
        raise InputError("give either a FILE or --text")
    return parse_post(read_text(file, "post")) if file else make_post({"post": text})


def _read_ways(notify: str | None) -> tuple[Channel, ...]:
    """Read `--notify`; in the order of channels, so that the same ways are the same request."""
    asked = [one.strip() for one in notify.split(",")] if notify is not None else []
    for one in asked:
        if one not in CHANNELS:
            raise InputError(f"--notify: {one!r} is no way to tell anybody ({', '.join(CHANNELS)})")
    return tuple(channel for channel in CHANNELS if channel in asked)


def _to_json(order: PostOrder, outcome: PostOutcome, report: SendReport | None) -> dict[str, Any]:
    return {
        "chat_id": order.chat_id,
        "post_id": outcome.post_id,
        "recorded": outcome.is_new,
        "notice": report_to_json(report) if report else None,
    }
