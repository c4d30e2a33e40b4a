"""`rollcall filters`: selections under a name, evaluated anew whenever they are used."""

from pathlib import Path
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
    read_text,
    tell_unchecked,
)
from rollcall.clock import SystemClock
from rollcall.domain.saved_filters import parse_saved_filter, selection_to_json
from rollcall.ledger.engine import Ledger
from rollcall.ledger.filter_rows import FilterRecord
from rollcall.ledger.saved_filters import (
    delete_filter,
    list_filters,
    list_users,
    load_filter,
    rename_filter,
    save_filter,
)
from rollcall.schedules.in_use import require_unscheduled_filter
from rollcall.wiring import opened_ledger

filters_app = typer.Typer(
    help="Save selections under a name, to be used in other selections.", no_args_is_help=True
)

NameArgument = Annotated[str, typer.Argument(help="Name of a dynamic filter.")]


@filters_app.command()
def save(
    name: NameArgument,
    selection: Annotated[
        Path, typer.Argument(help="Selection or filter as JSON, `-` for standard input.")
    ],
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Change the one there is.")] = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Save a selection, or one filter by itself, under a name."""
    asked = parse_saved_filter(read_text(selection, "selection"))
    with opened_ledger() as ledger:
        saved = save_filter(ledger, name, asked, SystemClock().now(), replace=replace)
        _answer(ledger, saved, f"saved {saved.name!r}", output)


@filters_app.command("list")
def list_all(output: FormatOption = Format.TEXT) -> None:
    """List the dynamic filters by name."""
    with opened_ledger() as ledger:
        saved = [(one, list_users(ledger, one.name)) for one in list_filters(ledger)]
    if output is Format.JSON:
        print_json([_to_json(one, users) for one, users in saved])
        return
    table = new_table("name", "changed", "last used", "used by")
    for one, users in saved:
        moments = (show_instant(one.updated_at), show_instant(one.last_used_at))
        table.add_row(*map(make_cell, (one.name, *moments, ", ".join(users))))
    console.print(table if saved else "no dynamic filters yet")


@filters_app.command()
def show(name: NameArgument, output: FormatOption = Format.TEXT) -> None:
    """Show what a dynamic filter stands for."""
    with opened_ledger() as ledger:
        saved = load_filter(ledger, name)
        users = list_users(ledger, saved.name)
    told = _to_json(saved, users)
    print_json(told if output is Format.JSON else told["selection"])


@filters_app.command()
def rename(
    name: NameArgument,
    new_name: Annotated[str, typer.Argument(help="What it is to be called.")],
    output: FormatOption = Format.TEXT,
) -> None:
    """Rename a dynamic filter, also in the dynamic filters and templates that use it."""
    with opened_ledger() as ledger:
        unchecked = require_unscheduled_filter(load_filter(ledger, name).name)
        renamed = rename_filter(ledger, name, new_name, SystemClock().now())
        tell_unchecked(unchecked)
        _answer(ledger, renamed, f"{name!r} is called {renamed.name!r} now", output)


@filters_app.command()
def delete(name: NameArgument, output: FormatOption = Format.TEXT) -> None:
    """Delete a dynamic filter that no other one and no template uses."""
    with opened_ledger() as ledger:
        unchecked = require_unscheduled_filter(load_filter(ledger, name).name)
        delete_filter(ledger, name)
    tell_unchecked(unchecked)
    if output is Format.JSON:
        print_json({"deleted": name})
    else:
        console.print(f"deleted {name!r}", markup=False)


def _answer(ledger: Ledger, saved: FilterRecord, told: str, output: Format) -> None:
    if output is Format.JSON:
        print_json(_to_json(saved, list_users(ledger, saved.name)))
    else:
        console.print(told, markup=False)


def _to_json(saved: FilterRecord, users: list[str]) -> dict[str, Any]:
    return {
        "name": saved.name,
        "selection": selection_to_json(saved.selection),
        "created_at": instant_to_json(saved.created_at),
        "updated_at": instant_to_json(saved.updated_at),
        "last_used_at": instant_to_json(saved.last_used_at),
        "used_by": users,
    }
