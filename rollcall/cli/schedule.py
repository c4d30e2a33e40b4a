"""`rollcall schedule`: templates that are sent at fixed times, kept by Prefect."""

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from rollcall.cli.output import Format, FormatOption
from rollcall.cli.templates import Kind as TemplateFor
from rollcall.cli.templates import KindOption
from rollcall.domain.schedule_orders import ScheduledOrder
from rollcall.domain.schedule_times import (
    Timing,
    parse_every,
    parse_once,
    require_schedule_name,
)
from rollcall.errors import InputError
from rollcall.sources.people_facts import known_time_zones

schedule_app = typer.Typer(
    help="Send templates at fixed times, to whoever they mean by then.", no_args_is_help=True
)

NameArgument = Annotated[str, typer.Argument(help="Name of a schedule.")]


@schedule_app.command()
def add(  # noqa: PLR0913 - one argument for each option
    name: NameArgument,
    template: Annotated[str, typer.Option("--template", help="What is sent.")],
    kind: KindOption = TemplateFor.ONE_WAY,
    *,
    cron: Annotated[
        str | None, typer.Option("--cron", help="Minute, hour, day, month, weekday: '0 7 * * 1-5'.")
    ] = None,
    every: Annotated[
        str | None, typer.Option("--every", help="Interval from now on: 15min, 6h, 1d.")
    ] = None,
    once: Annotated[
        str | None, typer.Option("--once", help="One moment: 2026-12-01T09:00.")
    ] = None,
    time_zone: Annotated[
        str, typer.Option("--time-zone", help="In which these are meant: Europe/Paris, UTC.")
    ],
    group: Annotated[
        list[str] | None,
        typer.Option("--group", help="Name of a group, instead of the template's recipients."),
    ] = None,
    saved_filter: Annotated[
        list[str] | None,
        typer.Option("--filter", help="Name of a saved filter, likewise."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Folder of the data; default: ROLLCALL_SOURCE, when it runs."),
    ] = None,
    confirm: Annotated[
        bool,
        typer.Option("--confirm", help="It is meant, though the guards would refuse a run."),
    ] = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Add a schedule; it is active from now on. Whom it means is looked up at each run."""
    from rollcall.cli import schedule_calls  # noqa: PLC0415 - Prefect takes two seconds to import

    timing = _read_timing(time_zone, cron, every, once)
    # a link stays itself, as in `rollcall send`
    source = os.path.abspath(data) if data else None  # noqa: PTH100
    named = (tuple(group or ()), tuple(saved_filter or ()))
    order = ScheduledOrder(kind.of_template, template, *named, source, confirm)
    schedule_calls.add(require_schedule_name(name), order, timing, output)


@schedule_app.command("list")
def list_all(output: FormatOption = Format.TEXT) -> None:
    """List the schedules: what, to whom, when next, and whether they could be sent now.

    Exits with 1 if an active one could not.
    """
    from rollcall.cli import schedule_calls  # noqa: PLC0415 - Prefect takes two seconds to import

    raise typer.Exit(schedule_calls.list_all(output))


@schedule_app.command()
def pause(name: NameArgument, output: FormatOption = Format.TEXT) -> None:
    """Pause a schedule: it does not fire until it is resumed."""
    from rollcall.cli import schedule_calls  # noqa: PLC0415 - Prefect takes two seconds to import

    schedule_calls.set_active(name, output, active=False)


@schedule_app.command()
def resume(name: NameArgument, output: FormatOption = Format.TEXT) -> None:
    """Let a paused schedule fire again; what it missed is not made up for."""
    from rollcall.cli import schedule_calls  # noqa: PLC0415 - Prefect takes two seconds to import

    schedule_calls.set_active(name, output, active=True)


@schedule_app.command()
def remove(name: NameArgument, output: FormatOption = Format.TEXT) -> None:
    """Remove a schedule; what it has sent stays in the log."""
    from rollcall.cli import schedule_calls  # noqa: PLC0415 - Prefect takes two seconds to import

    schedule_calls.remove(name, output)


def _read_timing(time_zone: str, cron: str | None, every: str | None, once: str | None) -> Timing:
    zone = known_time_zones().get(time_zone)
    if zone is None:
        raise InputError(f"--time-zone: there is no time zone {time_zone!r} (write Europe/Paris)")
    if sum(one is not None for one in (cron, every, once)) != 1:
        raise InputError("say when: one of --cron, --every and --once")
    every_s = parse_every(every) if every is not None else None
    once_at: datetime | None = parse_once(once, zone) if once is not None else None
    return Timing(time_zone, cron, every_s, once_at)
