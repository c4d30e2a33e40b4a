"""`rollcall demo`: the whole main job on the sample data, against sandbox carriers on loopback."""

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from rollcall.cli.demo_chat import SAMPLE, SAMPLE_AS_OF, ChatStatus, show_sample_chat
from rollcall.cli.log import print_entries
from rollcall.cli.output import Format, FormatOption, console, print_json, print_notice
from rollcall.cli.send import (
    EXIT_NOT_ALL_REACHED,
    confirmed,
    print_report,
    report_to_json,
    run_to_end,
)
from rollcall.clock import parse_instant
from rollcall.domain.delivery import REACHED
from rollcall.domain.message import parse_request
from rollcall.errors import ConfigError, RollcallError
from rollcall.ledger.log import LogEntry, read_log
from rollcall.ledger.recording import derive_delivery_id
from rollcall.sandbox.journal import JournalEntry, read_journal
from rollcall.sandbox.plan import PlanName
from rollcall.sandbox.serving import HOST
from rollcall.sending.accepting import Order, accept_order
from rollcall.sending.steps import SendReport
from rollcall.settings import PROJECT_FOLDER, Settings, load_settings
from rollcall.wiring import App, build_app, running_app

START_PATIENCE_S = 30.0


def demo(
    folder: Annotated[
        Path, typer.Option(help="Where the demo keeps its ledger, snapshots and journals.")
    ] = PROJECT_FOLDER / "data" / "local" / "demo",
    seed: Annotated[int, typer.Option(help="What the carriers' faults are drawn from.")] = 7,
    output: FormatOption = Format.TEXT,
) -> None:
    """Send the sample message to sandbox carriers that report back: one down, one slow.

    Then open a chat to part of the sample, in which some answer, and show who is OK.
    """
    settings = _choose_settings(folder)
    with ExitStack() as stack:
        stack.enter_context(sandbox_process(folder / "sandbox", "demo", seed))
        public_url = stack.enter_context(portal_process(settings))
        reachable = settings.model_copy(update={"public_url": public_url})
        report, entries, chat = asyncio.run(_show_sample(reachable, output))
    journals = [read_journal(path) for path in sorted((folder / "sandbox").glob("journal-*.jsonl"))]
    lost, twice = compare(report.message_id, entries, [one for each in journals for one in each])
    if output is Format.JSON:
        told = {"lost": lost, "sent_twice": twice, "chat": asdict(chat)}
        print_json(report_to_json(report) | told)
    else:
        _print_end(report, chat, folder, (lost, twice))
    is_good = report.is_complete and not lost
    raise typer.Exit(0 if is_good else EXIT_NOT_ALL_REACHED)


@contextmanager
def sandbox_process(folder: Path, plan: PlanName, seed: int) -> Iterator[None]:
    """Run the sandbox's carriers as a process of their own until the context ends.

    Raises:
        ConfigError: The folder cannot be written.
        RollcallError: They did not start.
    """
    ready = folder / "ready"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        ready.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"the folder {folder} cannot be written: {error.strerror}") from error
    command = [sys.executable, "-m", "rollcall.sandbox", "--plan", plan]
    command += ["--folder", str(folder), "--seed", str(seed), "--receipts"]
    process = subprocess.Popen(command, env=os.environ | {"PYTHONWARNINGS": "ignore"})  # noqa: S603 - our own module
    try:
        _await_ready(ready, process)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=START_PATIENCE_S)


@contextmanager
def portal_process(settings: Settings) -> Iterator[str]:
    """Run `rollcall portal` on a free loopback port until the context ends; yield its address.

    Raises:
        RollcallError: It did not start.
    """
    own = {
        "ROLLCALL_DATA_DIR": str(settings.data_dir),
        "ROLLCALL_LEDGER_URL": "",
        "ROLLCALL_ROUTES_FILE": str(settings.routes_file),
        "ROLLCALL_PUBLIC_URL": f"http://{HOST}",
    }
    command = [sys.executable, "-m", "rollcall.cli", "portal", "--port", "0", "--format", "json"]
    process = subprocess.Popen(  # noqa: S603 - our own module
        command, env=os.environ | own, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        yield f"http://{HOST}:{_read_port(process)}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=START_PATIENCE_S)


def _read_port(process: "subprocess.Popen[bytes]") -> int:
    """Return the port that a portal tells once it listens; one that ends tells nothing."""
    assert process.stdout  # noqa: S101 - it is a pipe
    told = b""
    if select.select([process.stdout], [], [], START_PATIENCE_S)[0]:
        for line in process.stdout:
            told += line
            if line.strip() == b"}":
                return int(json.loads(told)["port"])
    raise RollcallError("the demo's portal did not start: `rollcall migrate` may be needed")


def _await_ready(ready: Path, process: "subprocess.Popen[bytes]") -> None:
    give_up_at = time.monotonic() + START_PATIENCE_S
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > give_up_at:
            raise RollcallError("the sandbox carriers did not start")
        time.sleep(0.05)


def _choose_settings(folder: Path) -> Settings:
    """Return the operator's settings with the demo's own ledger and routes."""
    own = {
        "data_dir": folder,
        "ledger_url": "",
        "routes_file": folder / "sandbox" / "routes.toml",
        "organisation": "Meridian Relief",
    }
    return load_settings().model_copy(update=own)


async def _show_sample(
    settings: Settings, output: Format
) -> tuple[SendReport, list[LogEntry], ChatStatus]:
    request = parse_request((SAMPLE / "earthquake.json").read_text("utf-8"))
    order = Order(
        request=confirmed(request, confirm=True),  # a second demo is meant to repeat the first
        source=SAMPLE,
        as_of=parse_instant(SAMPLE_AS_OF),
    )
    async with running_app(build_app(settings)) as app:
        record, _ = accept_order(
            order, app.ledger, app.book, app.steps.layout, app.clock, links=app.steps.links
        )
        print_notice(f"message {record.message_id}: {order.request.content.subject}")
        report = await run_to_end(app, record.message_id, output)
        entries = read_log(app.ledger, record.message_id)
        if output is Format.TEXT:
            _print_outcome(app, report, entries)
        chat = await show_sample_chat(app, output)
    return report, entries, chat


def _print_outcome(app: App, report: SendReport, entries: list[LogEntry]) -> None:
    print_entries(entries, title=f"message log of {report.message_id}")
    version = app.sources.open(SAMPLE)
    people_count = version.row_counts["people"]
    recipient_count = len({entry.person_id for entry in entries})
    console.print(
        f"\n{recipient_count} of {people_count} people were meant; {len(version.rejected)} rows of "
        "the sample are not as they should be, on purpose (rollcall refresh lists them)",
        soft_wrap=True,
    )
    print_report(report)


def _print_end(report: SendReport, chat: ChatStatus, folder: Path, copies: tuple[int, int]) -> None:
    lost, twice = copies
    console.print(f"journals       the carriers say: {lost} lost, {twice} sent twice")
    console.print(
        "\nWhere to look next:\n"
        f"  ROLLCALL_DATA_DIR={folder} .venv/bin/rollcall log {report.message_id}\n"
        f"  ROLLCALL_DATA_DIR={folder} .venv/bin/rollcall chat members {chat.chat_id}\n"
        "  data/sample/earthquake.json   the message, its selection and its translations\n"
        "  README.md                     your own data and your own provider\n"
        "  make up DEMO=1                all of it with this sample: Prefect, dispatcher, portal",
        markup=False,
        soft_wrap=True,
    )


def compare(
    message_id: str, entries: list[LogEntry], journal: list[JournalEntry]
) -> tuple[int, int]:
    """Count those shown as taken over or arrived that never arrived, and those that came twice.

    What a carrier took and then reported as failed did not arrive: sent again it came once.
    """
    arrived = Counter(line.reference for line in journal if line.is_delivered)
    copies = [
        arrived[derive_delivery_id(message_id, entry.person_id, entry.channel)]
        for entry in entries
        if entry.status in REACHED and entry.same_as is None
    ]
    return copies.count(0), sum(count > 1 for count in copies)
