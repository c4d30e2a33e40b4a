"""`rollcall bounces`: read what came back by mail and record it."""

import asyncio
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Annotated, Any

import typer

from rollcall.cli.monitoring import MetricsPortOption, Rounds, run_monitored
from rollcall.cli.output import Format, FormatOption, console, print_json
from rollcall.clock import SystemClock
from rollcall.domain.receipts import Receipt
from rollcall.errors import ConfigError, RollcallError
from rollcall.ledger.engine import Ledger
from rollcall.ledger.receipts import record_receipts
from rollcall.routes.email.dsn import BounceIds
from rollcall.routes.email.mailbox_settings import MailboxSettings
from rollcall.sending.bounces import BounceReport, collect_bounces
from rollcall.settings import load_settings
from rollcall.wiring import build_mailboxes, opened_ledger

EXIT_NOT_ALL_READ = 1


@dataclass(frozen=True, slots=True)
class Reading:
    """One mailbox, and what reading it came to."""

    mailbox: str
    route_id: str
    report: BounceReport = field(default_factory=BounceReport)
    problem: str | None = None


def bounces(
    every_s: Annotated[
        float | None,
        typer.Option("--every", min=1.0, max=86_400.0, help="Read again every so many seconds."),
    ] = None,
    metrics_port: MetricsPortOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Read bounces from the mailboxes of `routes.toml` and record them; exit 1 if one fails."""
    settings = load_settings()
    mailboxes = build_mailboxes(settings)
    if not mailboxes:
        raise ConfigError("routes.toml holds no [[mailbox]] that bounces could be read from")
    rounds = Rounds("bounces", every_s)
    with opened_ledger() as ledger:
        reading = partial(_read_all, ledger, mailboxes, rounds, output)
        is_complete = asyncio.run(run_monitored(settings, metrics_port, rounds, reading))
    raise typer.Exit(0 if is_complete else EXIT_NOT_ALL_READ)


async def _read_all(
    ledger: Ledger,
    mailboxes: list[tuple[MailboxSettings, BounceIds]],
    rounds: Rounds,
    output: Format,
) -> bool:
    """Read all mailboxes, once or until told to stop; return whether the last round was whole."""
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    while True:
        readings = await asyncio.gather(
            *(asyncio.to_thread(_read_one, ledger, mailbox, ids) for mailbox, ids in mailboxes)
        )
        _print_readings(readings, output)
        is_whole = all(reading.problem is None for reading in readings)
        rounds.note(is_whole=is_whole)
        if rounds.every_s is not None and not stopping.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), rounds.every_s)
        if rounds.every_s is None or stopping.is_set():
            return is_whole


def _read_one(ledger: Ledger, mailbox: MailboxSettings, ids: BounceIds) -> Reading:
    record = partial(_record, ledger, mailbox.route)
    try:
        report = collect_bounces(mailbox, ids, record)
    except RollcallError as error:
        return Reading(mailbox.place, mailbox.route, problem=str(error))
    return Reading(mailbox.place, mailbox.route, report)


def _record(ledger: Ledger, route_id: str, receipts: Sequence[Receipt]) -> int:
    return record_receipts(ledger, route_id, "bounce", receipts, SystemClock().now())


def _print_readings(readings: list[Reading], output: Format) -> None:
    if output is Format.JSON:
        print_json({"mailboxes": [_reading_to_json(reading) for reading in readings]})
        return
    for reading in readings:
        report = reading.report
        told = reading.problem or (
            f"{reading.mailbox}: {report.read_count} mails, {report.bounce_count} bounces,"
            f" {report.new_count} new"
        )
        console.print(told, markup=False, soft_wrap=True)


def _reading_to_json(reading: Reading) -> dict[str, Any]:
    return {
        "mailbox": reading.mailbox,
        "route_id": reading.route_id,
        **asdict(reading.report),
        "problem": reading.problem,
    }
