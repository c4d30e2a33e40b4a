"""`rollcall app emergencies` and `safe`: which emergencies are open, and how they end."""

from typing import Annotated, Any

import typer

from rollcall.cli.moments import show_instant
from rollcall.cli.output import Format, FormatOption, console, make_cell, new_table, print_json
from rollcall.clock import SystemClock, format_instant
from rollcall.ledger.app_reports import Emergency, end_emergencies, list_emergencies
from rollcall.wiring import opened_ledger


def emergencies(output: FormatOption = Format.TEXT) -> None:
    """List the emergencies that are open, the oldest first."""
    with opened_ledger() as ledger:
        active = list_emergencies(ledger)
    if output is Format.JSON:
        print_json([_to_json(one) for one in active])
        return
    table = new_table("person", "since", "emergency")
    for one in active:
        cells = (one.person_id, show_instant(one.started_at), one.emergency_id)
        table.add_row(*map(make_cell, cells))
    console.print(table if active else "no emergency is open")


def safe(
    person: Annotated[str, typer.Argument(help="Id of the person.")],
    output: FormatOption = Format.TEXT,
) -> None:
    """End the emergency of a person who is known to be safe, as "I am safe again" would."""
    with opened_ledger() as ledger:
        count = end_emergencies(ledger, person, SystemClock().now())
    if output is Format.JSON:
        print_json({"person_id": person, "ended": count})
        return
    told = "is safe: their emergency is ended" if count else "has no open emergency"
    console.print(f"{person} {told}", markup=False, soft_wrap=True)


def _to_json(one: Emergency) -> dict[str, Any]:
    return {
        "person_id": one.person_id,
        "emergency_id": one.emergency_id,
        "started_at": format_instant(one.started_at),
    }
