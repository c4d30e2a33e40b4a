"""`rollcall schedule`: templates that are sent at fixed times, kept by Prefect."""

import os
from pathlib import Path
from typing import Annotated

import typer

from rollcall.cli.output import Format, FormatOption
from rollcall.cli.templates import Kind as TemplateFor
from rollcall.cli.templates import KindOption
from rollcall.clock import SystemClock
from rollcall.domain.schedule_orders import ScheduledOrder
from rollcall.domain.schedule_times import require_schedule_name
from rollcall.schedules.timings import read_timing

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
    rrule: Annotated[
        str | None,
        typer.Option("--rrule", help="RRULE of RFC 5545: 'FREQ=WEEKLY;BYDAY=MO;BYHOUR=7'."),
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
        typer.Option("--filter", help="Name of a dynamic filter, likewise."),
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

    timing = read_timing(time_zone, SystemClock().now(), cron, every, once, rrule)
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
