"""What the `rollcall schedule` commands do; imports Prefect, so it is itself imported late."""

import asyncio
from collections.abc import Sequence
from typing import Final

from rollcall.cli.output import Format, console, print_json, print_notice
from rollcall.cli.schedule_text import ListedSchedule, print_added, print_schedules, to_json
from rollcall.clock import SystemClock
from rollcall.domain.schedule_orders import ScheduledOrder
from rollcall.domain.schedule_times import Timing
from rollcall.errors import ConfigError, LedgerError
from rollcall.schedules import book
from rollcall.schedules.book import Schedule
from rollcall.schedules.connection import connected
from rollcall.schedules.planning import plan_rule
from rollcall.schedules.rules import list_next
from rollcall.sending.launching import OrderJudge, Verdict
from rollcall.settings import load_settings
from rollcall.wiring import running_app

NEXT_COUNT: Final = 3
"""Runs that are shown ahead."""


def add(name: str, order: ScheduledOrder, timing: Timing, output: Format) -> None:
    """Add a schedule that could be sent now, and show its next runs."""
    now = SystemClock().now()
    settings = load_settings()
    rule = plan_rule(timing, order, settings.guards.repeat_within_s, now)
    with connected() as client:
        book.require_free_name(client, name)
        people_count = asyncio.run(_count(order))
        made = book.add_schedule(client, name, order, rule, SystemClock().now())
    if not people_count:
        print_notice("it means nobody now: a run that means nobody fails")
    if not settings.administrators:
        print_notice("ROLLCALL_ADMINISTRATORS is not set: nobody is told if a run fails")
    listed = _list_ahead(made, Verdict(people_count))
    if output is Format.JSON:
        print_json(to_json(listed))
    else:
        print_added(listed)


def list_all(output: Format) -> int:
    """List all schedules; return 1 if an active one could not be sent now, else 0."""
    with connected() as client:
        schedules = book.list_schedules(client)
    verdicts = _judge(schedules)
    listed = [_list_ahead(*one) for one in zip(schedules, verdicts, strict=True)]
    if output is Format.JSON:
        print_json([to_json(one) for one in listed])
    else:
        print_schedules(listed)
    return int(any(one.fault and one.schedule.is_active for one in listed))


def set_active(name: str, output: Format, *, active: bool) -> None:
    """Pause a schedule, or let it fire again."""
    with connected() as client:
        schedule = book.find_schedule(client, name)
        book.set_active(client, schedule, SystemClock().now(), active=active)
        changed = book.find_schedule(client, name)
    if active and not changed.is_active:
        print_notice("its deployment is paused in Prefect: it does not fire until that is resumed")
    if output is Format.JSON:
        print_json(to_json(_list_ahead(changed)))
    else:
        console.print(f"{'resumed' if active else 'paused'} {name!r}", markup=False)


def remove(name: str, output: Format) -> None:
    """Remove a schedule."""
    with connected() as client:
        schedule = book.find_schedule(client, name)
        book.remove_schedule(client, schedule, SystemClock().now())
    if output is Format.JSON:
        print_json({"removed": name})
    else:
        console.print(f"removed {name!r}", markup=False)


async def _count(order: ScheduledOrder) -> int:
    async with running_app() as app:
        return OrderJudge(app.steps, app.settings.source).count(order)


def _judge(schedules: Sequence[Schedule]) -> list[Verdict | None]:
    """Judge each schedule; None where its order is not known, or nothing can be judged here."""
    try:
        return asyncio.run(_judge_all(schedules)) if schedules else []
    except (ConfigError, LedgerError) as error:
        # schedules can be looked at on a machine that cannot send
        print_notice(f"whether they could be sent is not known: {error}")
        return [None] * len(schedules)


async def _judge_all(schedules: Sequence[Schedule]) -> list[Verdict | None]:
    async with running_app() as app:
        judge = OrderJudge(app.steps, app.settings.source)
        return [judge.judge(one.order) if one.order else None for one in schedules]


def _list_ahead(schedule: Schedule, verdict: Verdict | None = None) -> ListedSchedule:
    now = SystemClock().now()
    ahead = list_next(schedule.rule, NEXT_COUNT, now)
    return ListedSchedule(schedule, ahead, verdict)
