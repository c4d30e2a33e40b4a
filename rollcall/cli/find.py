"""`rollcall find`: who or what is meant by a few letters, to be added to a selection."""

from dataclasses import asdict
from typing import Annotated

import typer

from rollcall.cli.output import (
    Format,
    FormatOption,
    LastGoodOption,
    SourceOption,
    console,
    make_cell,
    new_table,
    print_json,
)
from rollcall.clock import SystemClock
from rollcall.domain.search.index import DEFAULT_LIMIT
from rollcall.domain.search.queries import parse_query
from rollcall.domain.search.sections import Kind
from rollcall.ledger.saved_filters import list_filters
from rollcall.sending.preparing import open_version
from rollcall.settings import load_settings
from rollcall.sources.searching import load_search_index
from rollcall.wiring import build_sources, opened_ledger


def find(
    text: Annotated[str, typer.Argument(help="Part of a name, id, email address or number.")],
    data: SourceOption,
    limit: Annotated[
        int, typer.Option(min=1, max=10_000, help="The most to show.")
    ] = DEFAULT_LIMIT,
    kind: Annotated[Kind | None, typer.Option(help="Look for this only; default: all.")] = None,
    *,
    last_good: LastGoodOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Find people, facilities, groups and dynamic filters by what they are called; best first."""
    parse_query(text)  # an empty text is told before the data is read
    kinds = tuple(Kind) if kind is None else (kind,)
    sources = build_sources(load_settings(), SystemClock())
    version = open_version(sources, data, uses_last_good=last_good)
    saved_filters = _list_saved_filters() if Kind.SAVED_FILTER in kinds else []
    found = load_search_index(version, saved_filters).find(text, limit, kinds)
    if output is Format.JSON:
        print_json([asdict(one) for one in found])
        return
    table = new_table("id", "kind", "name", "email", "phone")
    for one in found:
        table.add_row(*map(make_cell, (one.id, one.kind, one.name, one.email, one.phone)))
    console.print(table if found else "nothing found")


def _list_saved_filters() -> list[str]:
    with opened_ledger() as ledger:
        return [one.name for one in list_filters(ledger)]
