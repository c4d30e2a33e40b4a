"""The `rollcall` command: its sub-commands, and how mistakes and faults end it."""

import sys
from typing import Annotated

import typer
from click.exceptions import Abort, ClickException

from rollcall import __version__
from rollcall.cli.check import check, migrate
from rollcall.cli.demo import demo
from rollcall.cli.log import show_log
from rollcall.cli.select import refresh, select
from rollcall.cli.send import resume, send
from rollcall.errors import ConfigError, InputError, RollcallError

EXIT_FAULT = 1
EXIT_MISTAKE = 2

app = typer.Typer(
    name="rollcall",
    help="Reach people in a crisis by where they are, where they travel and who they are.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(select)
app.command()(send)
app.command()(resume)
app.command("log")(show_log)
app.command()(check)
app.command()(refresh)
app.command()(migrate)
app.command()(demo)


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
    """Run the command; exit with 2 for a mistake of the user's, 1 for a fault of ours."""
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except (InputError, ConfigError) as error:
        _end(str(error), EXIT_MISTAKE)
    except RollcallError as error:
        _end(str(error), EXIT_FAULT)
    except ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (Abort, KeyboardInterrupt):
        _end("stopped", EXIT_FAULT)
    except BrokenPipeError:
        # the reader (`head`, a pager) has gone; that is its right
        sys.stderr.close()
        sys.exit(EXIT_FAULT)


def _end(sentence: str, code: int) -> None:
    one_line = " ".join(sentence.split())
    typer.echo(f"rollcall: {one_line}", err=True)
    sys.exit(code)
