"""`rollcall replies`: read answers by email, and tell whose text was counted in which chat."""

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
from rollcall.cli.rounds import Sends
from rollcall.domain.sayings import Saying
from rollcall.errors import LedgerError, RollcallError
from rollcall.ledger.counted_notices import list_waiting_notices
from rollcall.ledger.sayings import SayingFate, record_sayings
from rollcall.routes.email.mailbox_settings import MailboxSettings
from rollcall.sending.replies import ReplyReport, collect_replies
from rollcall.settings import load_settings
from rollcall.wiring import App, build_reply_mailboxes, running_app

EXIT_NOT_ALL_READ = 1


@dataclass(frozen=True, slots=True)
class ReplyReading:
    """One mailbox, and what reading it came to."""

    mailbox: str
    route_id: str
    report: ReplyReport = field(default_factory=ReplyReport)
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class ReplyRound:
    """One round over all mailboxes.

    Attributes:
        readings: One a mailbox.
        told_count: People who were told in which conversation their text was counted.
        problem: Why somebody is not told yet.
    """

    readings: list[ReplyReading]
    told_count: int = 0
    problem: str | None = None

    @property
    def is_whole(self) -> bool:
        """Tell whether everything was read, and everybody told."""
        return self.problem is None and all(one.problem is None for one in self.readings)


def replies(
    every_s: Annotated[
        float | None,
        typer.Option("--every", min=1.0, max=86_400.0, help="Again every so many seconds."),
    ] = None,
    metrics_port: MetricsPortOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Read answers from the mailboxes that hold replies; exit 1 if one fails.

    Whoever answered by text, and is in several chats, is told which one it was counted in.
    """
    rounds = Rounds("replies", every_s)
    running = run_monitored(load_settings(), metrics_port, rounds, partial(_run, rounds, output))
    is_whole = asyncio.run(running)
    raise typer.Exit(0 if is_whole else EXIT_NOT_ALL_READ)


async def _run(rounds: Rounds, output: Format) -> bool:
    """Make one round, or rounds until told to stop; return whether the last one was whole."""
    async with running_app() as app:
        mailboxes = build_reply_mailboxes(app.settings)
        stopping, sends = app.steps.stopping, Sends()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        while True:
            made = await _make_round(app, mailboxes, sends, waits=rounds.every_s is None)
            _print_round(made, output)
            rounds.note(is_whole=made.is_whole)
            if rounds.every_s is not None and not stopping.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), rounds.every_s)
            if rounds.every_s is None or stopping.is_set():
                await sends.end()
                return made.is_whole


async def _make_round(
    app: App, mailboxes: list[tuple[MailboxSettings, str]], sends: Sends, *, waits: bool
) -> ReplyRound:
    """Read all mailboxes and start telling who waits; of a single round, see the end of that.

    Rounds that follow read on meanwhile: a carrier that is down must hold up no call for help.
    """
    readings = await asyncio.gather(
        *(asyncio.to_thread(_read_one, app, mailbox, template) for mailbox, template in mailboxes)
    )
    sent_count, failed_count = sends.sent_count, sends.failed_count
    try:
        waiting = await asyncio.to_thread(list_waiting_notices, app.ledger)
    except LedgerError as error:
        return ReplyRound(readings, problem=str(error))
    sends.start(waiting, "chat_notice")
    if waits:
        await sends.end()
    failed = sends.failed_count - failed_count
    problem = f"not told yet, since sending broke off: {failed}" if failed else None
    return ReplyRound(readings, sends.sent_count - sent_count, problem)


def _read_one(app: App, mailbox: MailboxSettings, template: str) -> ReplyReading:
    record = partial(_record, app)
    try:
        report = collect_replies(mailbox, template, record, app.clock.now)
    except RollcallError as error:
        return ReplyReading(mailbox.place, mailbox.route, problem=str(error))
    return ReplyReading(mailbox.place, mailbox.route, report)


def _record(app: App, sayings: Sequence[Saying]) -> list[SayingFate]:
    return record_sayings(app.ledger, sayings, app.clock.now())


def _print_round(made: ReplyRound, output: Format) -> None:
    if output is Format.JSON:
        print_json(
            {
                "mailboxes": [_reading_to_json(one) for one in made.readings],
                "told_count": made.told_count,
                "problem": made.problem,
            }
        )
        return
    for one in made.readings:
        report = one.report
        told = one.problem or (
            f"{one.mailbox}: {report.read_count} mails, {report.reply_count} answers,"
            f" {report.new_count} new"
        )
        console.print(told, markup=False, soft_wrap=True)
    told = made.problem or f"told which chat their text was counted in: {made.told_count}"
    console.print(told, markup=False, soft_wrap=True)


def _reading_to_json(one: ReplyReading) -> dict[str, Any]:
    return {
        "mailbox": one.mailbox,
        "route_id": one.route_id,
        **asdict(one.report),
        "problem": one.problem,
    }
