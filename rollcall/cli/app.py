"""The `rollcall` command: its sub-commands, and how mistakes and faults end it."""

import atexit
import os
import sys
from typing import Annotated

import typer

from rollcall import __version__
from rollcall.cli.commands import Commands
from rollcall.errors import ConfigError, InputError, RollcallError

EXIT_FAULT = 1
EXIT_MISTAKE = 2

app = typer.Typer(
    name="rollcall",
    cls=Commands,
    help="Reach people in a crisis by where they are, where they travel and who they are.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    del version


def main() -> None:
    """Run the command of the command line and exit as it says."""
    atexit.register(_silence_interpreter_end)
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command; return 0, 2 for a mistake of the user's, 1 for a fault of ours."""
    try:
        _require_text(arguments)
        return app(arguments, prog_name="rollcall", standalone_mode=False) or 0
    except (InputError, ConfigError) as error:
        return _tell(str(error), EXIT_MISTAKE)
    except RollcallError as error:
        return _tell(str(error), EXIT_FAULT)
    except typer.TyperException as error:
        # Typer carries a Click of its own: `click.exceptions` are not what it raises
        return _tell(error.format_message() or "no command is given", error.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        return _tell("stopped", EXIT_FAULT)
    except BrokenPipeError:
        # the reader (`head`, a pager) has gone; that is its right
        sys.stderr.close()
        return EXIT_FAULT


def _require_text(arguments: list[str]) -> None:
    """Refuse bytes that are no text: they could not be stored as a key or the path of a source."""
    for argument in arguments:
        if any("\ud800" <= character <= "\udfff" for character in argument):
            raise InputError(f"{argument!r} is not UTF-8 text")


def _silence_interpreter_end() -> None:
    """Keep the interpreter's last moments off the user's screen; registered first, it runs last.

    DuckDB's bindings report objects that Prefect's threads keep alive as "leaked", at length, after
    the last statement of the program: a user would take it for a fault.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def _tell(sentence: str, code: int) -> int:
    one_line = " ".join(sentence.split())
    typer.echo(f"rollcall: {one_line}", err=True)
    return code
