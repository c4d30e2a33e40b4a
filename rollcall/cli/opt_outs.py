"""`rollcall optouts`: who asked for no more SMS, by themselves or through an operator."""

from typing import Annotated, Any

import typer

from rollcall.cli.moments import show_instant
from rollcall.cli.output import Format, FormatOption, console, make_cell, new_table, print_json
from rollcall.clock import SystemClock, format_instant
from rollcall.domain.phones import normalise_phone
from rollcall.errors import InputError
from rollcall.ledger.opt_outs import OptOutRecord, list_opt_outs, opt_in, opt_out
from rollcall.wiring import opened_ledger

opt_outs_app = typer.Typer(
    help="List who asked for no more SMS, or say it for them.", no_args_is_help=True
)

NumberArgument = Annotated[
    str, typer.Argument(help="International telephone number: +, country code and so on.")
]


@opt_outs_app.command("list")
def list_all(output: FormatOption = Format.TEXT) -> None:
    """List the numbers that get no routine SMS, the latest first."""
    with opened_ledger() as ledger:
        records = list_opt_outs(ledger)
    if output is Format.JSON:
        print_json([_to_json(one) for one in records])
        return
    table = new_table("number", "since", "said by", "route")
    for one in records:
        cells = (one.address, show_instant(one.opted_out_at), one.source, one.route_id)
        table.add_row(*map(make_cell, cells))
    console.print(table if records else "nobody opted out")


@opt_outs_app.command()
def add(number: NumberArgument, output: FormatOption = Format.TEXT) -> None:
    """Send no more routine SMS to a number."""
    address = _read_number(number)
    with opened_ledger() as ledger, ledger.write() as connection:
        record = OptOutRecord(address, "operator", None, SystemClock().now())
        is_new = opt_out(connection, record)
    _answer(address, "opted out" if is_new else "was opted out already", output, is_changed=is_new)


@opt_outs_app.command()
def remove(number: NumberArgument, output: FormatOption = Format.TEXT) -> None:
    """Send SMS to a number again; only when its owner asked for it."""
    address = _read_number(number)
    with opened_ledger() as ledger, ledger.write() as connection:
        was_out = opt_in(connection, address)
    told = "gets SMS again" if was_out else "was not opted out"
    _answer(address, told, output, is_changed=was_out)


def _read_number(number: str) -> str:
    address = normalise_phone(number, None)
    if address is None:
        raise InputError(
            "that is no international telephone number (write +, country code, number)"
        )
    return address


def _answer(address: str, told: str, output: Format, *, is_changed: bool) -> None:
    if output is Format.JSON:
        print_json({"number": address, "is_changed": is_changed})
    else:
        console.print(f"{address} {told}", markup=False)


def _to_json(record: OptOutRecord) -> dict[str, Any]:
    return {
        "number": record.address,
        "source": record.source,
        "route_id": record.route_id,
        "opted_out_at": format_instant(record.opted_out_at),
    }
