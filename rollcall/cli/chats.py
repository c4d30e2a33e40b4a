"""`rollcall chat`: list, read, answer for, archive and export conversations."""

import sys
import uuid
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rollcall.cli.chat_orders import follow, open_chat, post
from rollcall.cli.chat_text import print_chat, print_chats, print_members
from rollcall.cli.output import Format, FormatOption, console, print_json, print_notice
from rollcall.cli.private_files import write_private
from rollcall.cli.send import require_key
from rollcall.clock import SystemClock
from rollcall.domain.chats import Answer
from rollcall.domain.needs import Need
from rollcall.ledger.chat_lists import list_chats
from rollcall.ledger.chat_members import iterate_members
from rollcall.ledger.chats import load_chat
from rollcall.sending.archiving import archive_and_stop
from rollcall.sending.chat_export import ExportFormat, export_chat
from rollcall.sending.chat_json import chat_to_json, describe_whole, entry_to_json, member_to_json
from rollcall.sending.stopping import DEFAULT_WAIT_S
from rollcall.sending.telephone import find_personal_link, record_told_answer
from rollcall.settings import load_settings
from rollcall.wiring import build_link_key, opened_ledger

EXIT_IN_FLIGHT = 1

chat_app = typer.Typer(
    help="Open chats, see who is OK, post, follow up, archive and export.", no_args_is_help=True
)
chat_app.command("open")(open_chat)
chat_app.command()(follow)
chat_app.command()(post)


class AnswerName(StrEnum):
    """What a member says."""

    OK = "ok"
    NEEDS_HELP = "needs_help"
    NONE = "none"


class NeedName(StrEnum):
    """What a member needs."""

    NEEDS_HELP = "needs_help"
    NOT_REACHED = "not_reached"
    SILENT = "silent"
    OK = "ok"


class FileFormat(StrEnum):
    """What an export is written as."""

    CSV = "csv"
    JSON = "json"


ChatArgument = Annotated[
    str, typer.Argument(help="Id of a chat, as `rollcall chat list` shows it.")
]
PersonArgument = Annotated[str, typer.Argument(help="Id of a member.")]

_ANSWERS: dict[AnswerName, Answer] = {
    AnswerName.OK: "ok", AnswerName.NEEDS_HELP: "needs_help", AnswerName.NONE: "none",
}  # fmt: skip
_NEEDS: dict[NeedName, Need] = {
    NeedName.NEEDS_HELP: "needs_help", NeedName.NOT_REACHED: "not_reached",
    NeedName.SILENT: "silent", NeedName.OK: "ok",
}  # fmt: skip
_FORMATS: dict[FileFormat, ExportFormat] = {FileFormat.CSV: "csv", FileFormat.JSON: "json"}


@chat_app.command("list")
def list_all(
    archived: Annotated[
        bool, typer.Option("--archived", help="Those that are archived, instead of ongoing ones.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 50,
    output: FormatOption = Format.TEXT,
) -> None:
    """List the latest chats, and one-way messages that ask "Are you OK?", with their counts."""
    with opened_ledger() as ledger:
        entries = list_chats(ledger, archived=archived, limit=limit)
    if output is Format.JSON:
        print_json([entry_to_json(one) for one in entries])
    else:
        print_chats(entries, archived=archived)


@chat_app.command()
def show(chat: ChatArgument, output: FormatOption = Format.TEXT) -> None:
    """Show a chat: its posts, how many members need what, and what its messages came to."""
    with opened_ledger() as ledger:
        told = describe_whole(ledger, load_chat(ledger, chat))
    if output is Format.JSON:
        print_json(told)
    else:
        print_chat(told)


@chat_app.command()
def members(
    chat: ChatArgument,
    need: Annotated[
        NeedName | None, typer.Option("--need", help="Only members who need this.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="At most so many; default: all.")
    ] = None,
    offset: Annotated[int, typer.Option("--offset", min=0, help="Leave out so many before.")] = 0,
    output: FormatOption = Format.TEXT,
) -> None:
    """List the members: who needs help, was not reached, is silent, is OK; the nearest first."""
    with opened_ledger() as ledger:
        found = load_chat(ledger, chat)
        asked = _NEEDS[need] if need else None
        listed = list(iterate_members(ledger, found, asked, limit, offset))
    if output is Format.JSON:
        print_json([member_to_json(one) for one in listed])
    else:
        print_members(listed)


@chat_app.command()
def answer(
    chat: ChatArgument,
    person: PersonArgument,
    said: Annotated[
        AnswerName, typer.Argument(metavar="ok|needs_help|none", help="What they say.")
    ],
    key: Annotated[
        str | None, typer.Option("--key", help="Idempotency key: the same twice is one answer.")
    ] = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Record what a member told you, by telephone or in person; `none` takes an answer back."""
    require_key(key)
    with opened_ledger() as ledger:
        now = SystemClock().now()
        recorded = record_told_answer(
            ledger, chat, person, _ANSWERS[said], key or uuid.uuid4().hex, now
        )
    if output is Format.JSON:
        told = {"chat_id": chat, "person_id": person, "answer": said.value}
        print_json(told | {"recorded": recorded == "recorded"})
    else:
        known = "" if recorded == "recorded" else ", known already"
        console.print(f"{person}: {said.value.replace('_', ' ')}{known}", markup=False)


@chat_app.command()
def link(chat: ChatArgument, person: PersonArgument, output: FormatOption = Format.TEXT) -> None:
    """Print a member's personal link, to be read out to them: whoever has it answers as them."""
    links = build_link_key(load_settings())
    with opened_ledger() as ledger:
        found = find_personal_link(ledger, links, chat, person, SystemClock().now())
    print_notice("this link is a secret: whoever has it reads and answers as this member")
    if output is Format.JSON:
        print_json({"chat_id": chat, "person_id": person, "link": found})
    else:
        console.print(found, markup=False, soft_wrap=True)


@chat_app.command()
def archive(
    chat: ChatArgument,
    wait_s: Annotated[
        float, typer.Option("--wait-s", min=0, help="Wait so long for what is in flight.")
    ] = DEFAULT_WAIT_S,
    output: FormatOption = Format.TEXT,
) -> None:
    """Archive a chat: its links are dead, and what waits of its messages is not sent any more.

    Exits with 1 while something is in flight still: give it again.
    """
    with opened_ledger() as ledger:
        report = archive_and_stop(ledger, chat, SystemClock(), wait_s)
    if output is Format.JSON:
        print_json(
            chat_to_json(report.chat)
            | {"held_back": report.held_back_count, "in_flight": report.in_flight_count}
        )
    else:
        console.print(report.tell(), markup=False, soft_wrap=True)
    raise typer.Exit(EXIT_IN_FLIGHT if report.in_flight_count else 0)


@chat_app.command()
def export(
    chat: ChatArgument,
    to_file: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; default: the output.")
    ] = None,
    output: Annotated[
        FileFormat, typer.Option("--format", help="What to write it as.")
    ] = FileFormat.CSV,
) -> None:
    """Export members, all answers and posts; also of an archived chat. It is personal data."""
    with opened_ledger() as ledger:
        found = load_chat(ledger, chat)
        pieces = export_chat(ledger, found, _FORMATS[output])
        if to_file is None:
            sys.stdout.writelines(pieces)
        else:
            write_private(to_file, pieces)
            print_notice(f"exported {found.chat_id} to {to_file}")
