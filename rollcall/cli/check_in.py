"""`rollcall check-in`: ask people "Are you OK?" at their own hours, and see who is missing."""

import asyncio
import os
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from rollcall.cli.check_in_text import (
    news_to_json,
    print_check_ins,
    print_rounds,
    round_to_json,
    summarise_round,
    tell_report,
    to_json,
)
from rollcall.cli.output import Format, FormatOption, SourceOption, console, print_json, read_text
from rollcall.cli.rounds import EveryOption, Round, run_rounds
from rollcall.clock import SystemClock
from rollcall.domain.check_in_request import ask_people, require_repeatable
from rollcall.domain.check_in_times import find_next, parse_days, parse_time
from rollcall.domain.message import MessageRequest, parse_request
from rollcall.errors import InputError
from rollcall.ledger.check_in_rounds import list_rounds
from rollcall.ledger.check_ins import (
    CheckInRecord,
    NewCheckIn,
    add_check_in,
    end_check_in,
    find_check_in,
    list_check_ins,
)
from rollcall.sending.check_in_people import find_asked
from rollcall.sending.check_in_setup import require_possible
from rollcall.sending.check_ins import run_check_ins
from rollcall.sources.people_facts import known_time_zones
from rollcall.wiring import App, opened_ledger, running_app

LONGEST_GRACE_MIN = 24 * 60

check_in_app = typer.Typer(
    help='Ask people "Are you OK?" again and again, each at their own hour.', no_args_is_help=True
)

NameArgument = Annotated[str, typer.Argument(help="Name of a check-in.")]


@check_in_app.command()
def add(  # noqa: PLR0913 - one argument for each option
    name: NameArgument,
    data: SourceOption,
    message: Annotated[
        Path | None, typer.Argument(help="Message as JSON, `-` for standard input.")
    ] = None,
    *,
    people: Annotated[list[str] | None, typer.Option("--people", help="Id of a person.")] = None,
    group: Annotated[list[str] | None, typer.Option("--group", help="Name of a group.")] = None,
    sms: Annotated[bool, typer.Option("--sms", help="Ask by SMS too.")] = False,
    at: Annotated[str, typer.Option("--at", help="Time of day of those asked, HH:MM.")],
    on: Annotated[str, typer.Option("--on", help="daily, mon-fri or mon,wed,fri.")] = "daily",
    time_zone: Annotated[
        str, typer.Option("--time-zone", help="For those who have none: Europe/Berlin, UTC.")
    ],
    grace_min: Annotated[
        int,
        typer.Option(
            "--grace",
            min=1,
            max=LONGEST_GRACE_MIN,
            help="Minutes after which who has not answered is missing.",
        ),
    ] = 60,
    notify: Annotated[
        list[str] | None,
        typer.Option("--notify", help="Id of a person who is told who is missing or needs help."),
    ] = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Add a check-in; it is due from now on."""
    if time_zone not in known_time_zones():
        raise InputError(f"--time-zone: there is no time zone {time_zone!r} (write Europe/Berlin)")
    new = NewCheckIn(
        name=name,
        request=_make_request(name, message, people or [], group or [], sms=sms),
        source=os.path.abspath(data),  # noqa: PTH100 - Path.resolve would follow links
        asked_at=parse_time(at).strftime("%H:%M"),
        asked_on=parse_days(on),
        time_zone=time_zone,
        grace_min=grace_min,
        notify=notify or [],
    )
    asyncio.run(_add(new, output))


@check_in_app.command("list")
def list_all(output: FormatOption = Format.TEXT) -> None:
    """List the check-ins, and when each time zone is asked next."""
    asyncio.run(_list(output))


@check_in_app.command()
def rounds(
    name: NameArgument,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000)] = 50,
    output: FormatOption = Format.TEXT,
) -> None:
    """Show the latest rounds: who was asked, who has answered, who is missing."""
    with opened_ledger() as ledger:
        check_in = find_check_in(ledger, name)
        found = list_rounds(ledger, check_in.check_in_id, limit)
        summaries = [summarise_round(ledger, one) for one in found]
    if output is Format.JSON:
        print_json([round_to_json(one) for one in summaries])
    else:
        print_rounds(check_in, summaries)


@check_in_app.command()
def end(name: NameArgument, output: FormatOption = Format.TEXT) -> None:
    """End a check-in: nobody is asked any more; rounds that are open are still settled."""
    with opened_ledger() as ledger:
        ended = end_check_in(ledger, name, SystemClock().now())
    if output is Format.JSON:
        print_json(to_json(ended))
    else:
        console.print(f"ended {ended.name!r}", markup=False)


@check_in_app.command()
def run(every_s: EveryOption = None, output: FormatOption = Format.TEXT) -> None:
    """Ask who is due, see who is missing, tell so, and send all of it.

    With Prefect the deployment `run-check-ins` does the same. Exits with 1 if something was wrong.
    """
    run_rounds(_look, every_s, output)


def _look(app: App) -> Round:
    report = run_check_ins(app.steps)
    return Round(
        lines=tell_report(report),
        told={
            "asked": list(map(news_to_json, report.asked)),
            "not_asked": list(map(news_to_json, report.not_asked)),
            "settled": list(map(news_to_json, report.settled)),
            "help_count": report.help_count,
            "message_ids": report.unfinished_ids,
        },
        problems=report.problems,
        message_ids=report.unfinished_ids,
    )


def _make_request(
    name: str, message: Path | None, people: list[str], groups: list[str], *, sms: bool
) -> MessageRequest:
    if message is None:
        if not people and not groups:
            raise InputError("say who is asked: a MESSAGE, --people or --group")
        return ask_people(name, people, groups, include_sms=sms)
    if people or groups or sms:
        raise InputError("the MESSAGE says who is asked and how: leave --people, --group and --sms")
    return require_repeatable(parse_request(read_text(message, "message")))


async def _add(new: NewCheckIn, output: Format) -> None:
    async with running_app() as app:
        await asyncio.to_thread(require_possible, app.steps, new)
        added = add_check_in(app.ledger, new, app.clock.now())
        next_at = _list_next(app, added, app.clock.now())
    if output is Format.JSON:
        print_json(to_json(added, next_at))
    else:
        print_check_ins([(added, next_at)])


async def _list(output: Format) -> None:
    async with running_app() as app:
        now = app.clock.now()
        found = [(one, _list_next(app, one, now)) for one in list_check_ins(app.ledger)]
    if output is Format.JSON:
        print_json([to_json(one, next_at) for one, next_at in found])
    else:
        print_check_ins(found)


def _list_next(app: App, check_in: CheckInRecord, now: datetime) -> dict[str, Any]:
    """Return for each zone how many are asked and when next; or why nobody knows."""
    try:
        source = Path(check_in.source)
        people = find_asked(app.steps, check_in.asks, source, check_in.time_zone, now)
    except InputError as error:
        return {"problem": str(error), "zones": {}}
    zones = {}
    for zone, person_ids in people.groups.by_zone.items():
        next_at = find_next(check_in.at, check_in.asked_on, known_time_zones()[zone], now)
        zones[zone] = (len(person_ids), next_at)
    return {"problem": people.source.problem, "zones": zones}
