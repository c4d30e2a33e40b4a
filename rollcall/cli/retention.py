"""`rollcall retention`: what is old enough to go, taking it away, legal holds, erasing a person."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from rollcall.cli.moments import instant_to_json, show_instant
from rollcall.cli.output import (
    Format,
    FormatOption,
    console,
    make_cell,
    new_table,
    print_json,
    print_notice,
)
from rollcall.clock import SystemClock, format_instant
from rollcall.ledger.engine import BUSY_TIMEOUT_S, Ledger
from rollcall.ledger.holds import HoldRecord, list_holds
from rollcall.ledger.holds import hold as hold_data
from rollcall.ledger.holds import release as release_data
from rollcall.ledger.retention import KeptCount
from rollcall.sending.erasing import PersonErasure
from rollcall.sending.erasing import erase as erase_person
from rollcall.sending.retention import Due, Retention
from rollcall.settings import load_settings
from rollcall.wiring import build_link_key, build_retention, opened_ledger

EXIT_LEFT = 1

retention_app = typer.Typer(
    help="Personal data that is old enough: show it, remove it, hold it, erase a person's."
)

HeldArgument = Annotated[str, typer.Argument(help="Id of a message or chat.")]


@retention_app.callback(invoke_without_command=True)
def show(context: typer.Context, output: FormatOption = Format.TEXT) -> None:
    """Show what is old enough to go, and what is held; with a command, remove, hold or erase."""
    if context.invoked_subcommand is not None:
        return
    with opened_ledger() as ledger:
        retention = _build(ledger)
        due, kept, holds = retention.look(), retention.count_kept(), list_holds(ledger)
    if output is Format.JSON:
        print_json(_view_to_json(due, kept, holds))
    else:
        _print_view(due, kept, holds)


@retention_app.command()
def apply(
    compact: Annotated[
        bool,
        typer.Option("--compact", help="Write a SQLite ledger anew however large it is."),
    ] = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Remove what is due now; safe to give again."""
    with opened_ledger() as ledger:
        retention = _build(ledger)
        if compact and (told := warn_of_waiting(retention.estimate_compaction_s())):
            print_notice(told)
        report = retention.apply(compacts_any_size=compact)
    if output is Format.JSON:
        print_json({"removed": report.removed, "is_compacted": report.is_compacted})
    else:
        console.print(report.tell(), soft_wrap=True)


def warn_of_waiting(compaction_s: float) -> str | None:
    """Say that others will fail while the ledger is written anew; None: they only wait."""
    if compaction_s <= BUSY_TIMEOUT_S:
        return None
    return (
        f"writing the ledger anew may take {compaction_s:.0f} s; who writes waits for it for "
        f"{BUSY_TIMEOUT_S} s and then fails, so stop everything else first"
    )


@retention_app.command()
def hold(held: HeldArgument, output: FormatOption = Format.TEXT) -> None:
    """Keep all data of a message, or of a chat and its messages, until it is released."""
    with opened_ledger() as ledger:
        is_new = hold_data(ledger, held, SystemClock().now())
    if output is Format.JSON:
        print_json({"held_id": held, "is_changed": is_new})
    else:
        console.print(f"{held} {'is' if is_new else 'was'} held", markup=False)


@retention_app.command()
def release(held: HeldArgument, output: FormatOption = Format.TEXT) -> None:
    """End a legal hold: what is old goes with the next run."""
    with opened_ledger() as ledger:
        release_data(ledger, held)
    if output is Format.JSON:
        print_json({"held_id": held, "is_changed": True})
    else:
        console.print(f"{held} is held no more", markup=False)


@retention_app.command()
def erase(
    person: Annotated[str, typer.Argument(help="Id of a person.")],
    known_as: Annotated[
        list[str] | None,
        typer.Option(
            "--known-as",
            help="A name, address or number of theirs to look for in texts besides those kept.",
        ),
    ] = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Erase one person from ledger, snapshots and kept sources; says what is left (exit 1)."""
    settings = load_settings()
    with opened_ledger() as ledger:
        erased = erase_person(_build(ledger), build_link_key(settings).key, person, known_as or ())
    if output is Format.JSON:
        print_json({"person_id": person} | asdict(erased))
    else:
        _print_erased(erased, person)
    raise typer.Exit(EXIT_LEFT if erased.left else 0)


def _print_erased(erased: PersonErasure, person_id: str) -> None:
    console.print(
        f"{person_id} is erased from {erased.message_count} messages, {erased.snapshot_count} "
        f"snapshots, {erased.version_count} kept versions of sources",
        markup=False,
        soft_wrap=True,
    )
    for one in erased.kept:
        console.print(f"kept: {one}", markup=False, soft_wrap=True)
    for one in erased.left:
        print_notice(f"left: {one}")


def _build(ledger: Ledger) -> Retention:
    return build_retention(load_settings(), ledger, SystemClock())


def _view_to_json(due: list[Due], kept: KeptCount, holds: list[HoldRecord]) -> dict[str, Any]:
    return {
        "due": [asdict(one) | {"oldest_at": instant_to_json(one.oldest_at)} for one in due],
        "kept": {
            "held": kept.held,
            "unfinished": kept.unfinished,
            "in_open_chats": kept.in_open_chats,
        },
        "holds": [
            {"held_id": one.held_id, "kind": one.kind, "held_at": format_instant(one.held_at)}
            for one in holds
        ],
    }


def _print_view(due: list[Due], kept: KeptCount, holds: list[HoldRecord]) -> None:
    table = new_table("what", "after", "due now", "oldest")
    for one in due:
        after = f"{one.days} days" if one.days else "never"
        oldest = show_instant(one.oldest_at) if one.oldest_at else None
        table.add_row(*map(make_cell, (one.kind, after, str(one.count), oldest)))
    console.print(table)
    if any((kept.held, kept.unfinished, kept.in_open_chats)):
        print_notice(
            f"old messages that stay: {kept.held} held, {kept.unfinished} not done, "
            f"{kept.in_open_chats} of chats that are not over"
        )
    for held in holds:
        console.print(f"held: {held.kind} {held.held_id}, since {show_instant(held.held_at)}")
