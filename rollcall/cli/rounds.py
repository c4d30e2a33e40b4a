"""Commands that look again and again: one round, or rounds until they are told to stop.

What a round has accepted is sent meanwhile: a carrier that is down holds up its own messages only.
"""

import asyncio
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from rollcall.cli.output import Format, console, print_json, print_notice
from rollcall.errors import LedgerError, RollcallError
from rollcall.sending.steps import SendReport
from rollcall.wiring import App, running_app

EXIT_NOT_WHOLE = 1

EveryOption = Annotated[
    float | None,
    typer.Option("--every", min=1.0, max=86_400.0, help="Look again every so many seconds."),
]


@dataclass(frozen=True, slots=True)
class Round:
    """What one round has come to.

    Attributes:
        lines: For people.
        told: For programs.
        problems: One sentence each.
        message_ids: What is to be sent.
    """

    lines: Sequence[str]
    told: dict[str, Any]
    problems: Sequence[str]
    message_ids: Sequence[str]


@dataclass(slots=True)
class Sends:
    """The sends of this process, by message.

    Attributes:
        running: Those under way.
        sent_count: Those that have come to their end.
        failed_count: Those that broke off.
    """

    running: dict[str, "asyncio.Task[SendReport]"] = field(default_factory=dict)
    sent_count: int = 0
    failed_count: int = 0

    def start(self, message_ids: Sequence[str], kind: str = "one_way") -> None:
        """Start what is not under way; what has ended without an end is started again."""
        self.collect()
        from rollcall.cli.flow_runs import run_send_message  # noqa: PLC0415 - Prefect takes a second to import

        for message_id in message_ids:
            if message_id not in self.running:
                self.running[message_id] = asyncio.create_task(run_send_message(message_id, kind))

    def collect(self) -> None:
        """Tell of sends that have ended."""
        for message_id in [one for one, send in self.running.items() if send.done()]:
            error = self.running.pop(message_id).exception()
            if error is not None and not isinstance(error, RollcallError):
                raise error
            if error is None:
                self.sent_count += 1
            else:
                self.failed_count += 1
                print_notice(f"message {message_id}: {error}")

    async def end(self) -> None:
        """Wait for what is under way."""
        if self.running:
            await asyncio.wait(self.running.values())
        self.collect()


def run_rounds(look: Callable[[App], Round], every_s: float | None, output: Format) -> None:
    """Run one round and send what it accepted to the end; or rounds, until SIGINT or SIGTERM.

    Exits with 1 if the last round was not whole.

    Raises:
        RollcallError: Nothing can be looked at; of rounds only the first one raises.
    """
    is_whole = asyncio.run(_run_rounds(look, every_s, output))
    raise typer.Exit(0 if is_whole else EXIT_NOT_WHOLE)


async def _run_rounds(look: Callable[[App], Round], every_s: float | None, output: Format) -> bool:
    async with running_app() as app:
        stopping, sends = app.steps.stopping, Sends()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        is_whole, is_first = True, True
        while not stopping.is_set():
            is_whole = await _run_round(app, look, sends, output, may_fail=not is_first)
            is_first = False
            if every_s is None:
                break
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), every_s)
        await sends.end()
        return is_whole and (every_s is not None or not sends.failed_count)


async def _run_round(
    app: App, look: Callable[[App], Round], sends: Sends, output: Format, *, may_fail: bool
) -> bool:
    """Run one round; return whether it was whole. A ledger that was there before is asked again."""
    try:
        found = await asyncio.to_thread(look, app)
    except LedgerError as error:
        if not may_fail:
            raise
        print_notice(str(error))
        return False
    sends.start(found.message_ids)
    if output is Format.JSON:
        print_json({**found.told, "problems": list(found.problems)})
    for line in found.lines if output is Format.TEXT else ():
        console.print(line, markup=False, soft_wrap=True)
    for problem in found.problems:
        print_notice(problem)
    return not found.problems
