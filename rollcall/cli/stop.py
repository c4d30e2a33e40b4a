"""`rollcall stop`."""

from typing import Annotated, Any

import typer

from rollcall.cli.output import Format, FormatOption, console, print_json
from rollcall.clock import SystemClock, format_instant
from rollcall.sending.stopping import DEFAULT_WAIT_S, StopReport, stop_and_wait
from rollcall.wiring import opened_ledger

EXIT_IN_FLIGHT = 1
WAIT_MAX_S = 600.0


def stop(
    message: Annotated[str, typer.Argument(help="Id of a message, as `rollcall log` shows it.")],
    wait_s: Annotated[
        float,
        typer.Option(
            "--wait", min=0, max=WAIT_MAX_S, help="Seconds to wait for what is in flight."
        ),
    ] = DEFAULT_WAIT_S,
    output: FormatOption = Format.TEXT,
) -> None:
    """Stop a message: hold back what was not handed over yet, and say how many were.

    Needs the ledger only. Exits with 1 while something is in flight still: give it again.
    """
    with opened_ledger() as ledger:
        report = stop_and_wait(ledger, message, SystemClock(), wait_s)
    if output is Format.JSON:
        print_json(_to_json(report))
    else:
        console.print(report.tell(), soft_wrap=True, markup=False)
    raise typer.Exit(EXIT_IN_FLIGHT if report.counts.in_flight else 0)


def _to_json(report: StopReport) -> dict[str, Any]:
    stopped_at = report.stopped_at
    return {
        "message_id": report.message_id,
        "state": report.state,
        "stopped_at": format_instant(stopped_at) if stopped_at else None,
        "handed_over": report.counts.handed_over,
        "held_back": report.counts.held_back,
        "in_flight": report.counts.in_flight,
        "counts": report.statuses,
    }
