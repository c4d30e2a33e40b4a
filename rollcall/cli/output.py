"""How commands print: tables for people, JSON for programs; mistakes and notices go to stderr."""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from shutil import get_terminal_size
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rollcall.clock import parse_instant
from rollcall.errors import InputError


class Format(StrEnum):
    """How a command prints its answer."""

    TEXT = "text"
    JSON = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="How to print the answer.")]
SourceOption = Annotated[
    Path,
    typer.Option(
        "--data",
        envvar="ROLLCALL_SOURCE",  # the setting `source`
        show_envvar=False,
        help="Folder with people.csv, bookings.csv and so on; default: ROLLCALL_SOURCE.",
    ),
]
AsOfOption = Annotated[
    str | None,
    typer.Option("--as-of", help="Moment to select for, e.g. 2026-11-23T06:00:00Z; default: now."),
]
LastGoodOption = Annotated[
    bool,
    typer.Option("--last-good", help="Use the last good version of the data, whatever it is now."),
]

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")

_WIDE: Final = (200, 50)
"""Columns and lines of what is no terminal: there nothing folds ids and numbers to fit."""

_WHOLE: Final = frozenset({"phone", "number", "accepted", "opened", "answered", "since"})
"""Columns beside the first that are read out or compared: never broken over two lines."""

console = Console(highlight=False, width=get_terminal_size(_WIDE).columns)
notices = Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(answer: Any) -> None:
    """Print an answer as JSON."""
    typer.echo(json.dumps(answer, ensure_ascii=False, indent=1))


def print_notice(text: str) -> None:
    """Tell the user something that is not the answer, on stderr."""
    notices.print(text, markup=False)


def tell_unchecked(why: str | None) -> None:
    """Tell a user who has changed something that schedules may use, if that is not known."""
    if why is not None:
        print_notice(why)


def new_table(*columns: str, title: str | None = None) -> Table:
    """Return an empty table, to be filled with `make_cell`.

    The first column holds ids, to be copied: it is never broken over two lines, nor are numbers.
    """
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=number == 0 or column in _WHOLE)
    return table


def make_cell(text: str | None) -> Text:
    """Return a table's cell for a text of others: it cannot give orders to the terminal."""
    return Text(_CONTROLS.sub("\ufffd", text) if text else "-")


def make_lines(texts: Sequence[str]) -> Text:
    """Return a table's cell for several texts, each on a line of its own."""
    return Text("\n").join(map(make_cell, texts)) if texts else make_cell(None)


def read_text(path: Path, what: str) -> str:
    """Read a file the user named, `-` for standard input; a byte order mark is left out.

    Raises:
        InputError: It cannot be read; names it.
    """
    try:
        return (
            typer.get_text_stream("stdin").read()
            if str(path) == "-"
            else path.read_text("utf-8-sig")
        )
    except OSError as error:
        raise InputError(f"{what} {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{what} {path} is not UTF-8 text") from error


def parse_as_of(text: str | None) -> datetime | None:
    """Read `--as-of`.

    Raises:
        InputError: It is no timestamp with an offset.
    """
    try:
        return parse_instant(text) if text is not None else None
    except (ValueError, OverflowError) as error:
        raise InputError(f"--as-of: {error}") from error
