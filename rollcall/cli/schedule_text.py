"""How schedules are printed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rollcall.cli.output import console, make_cell, make_lines, new_table
from rollcall.clock import format_instant
from rollcall.schedules.book import Schedule
from rollcall.schedules.rules import describe_rule, zone_of
from rollcall.sending.launching import Verdict


@dataclass(frozen=True, slots=True)
class ListedSchedule:
    """A schedule with what is known of it now.

    Attributes:
        schedule: Itself.
        ahead: The next moments at which it would fire, aware UTC; paused or not.
        verdict: Whether it could be sent now; None where that is not known.
    """

    schedule: Schedule
    ahead: Sequence[datetime]
    verdict: Verdict | None

    @property
    def fault(self) -> str | None:
        """Return what is wrong with it, None if nothing is known to be."""
        return self.verdict.fault if self.verdict else None

    @property
    def state(self) -> str:
        """Say whether it fires."""
        return self.schedule.tell_state(self.ahead)


def print_schedules(listed: Sequence[ListedSchedule]) -> None:
    """Print schedules as a table, then what is wrong with them, one line each."""
    if not listed:
        console.print("no schedules yet")
        return
    table = new_table("name", "sends", "to", "people now", "when", "state", "next runs")
    for one in listed:
        table.add_row(*map(make_cell, _make_row(one)), make_lines(_tell_ahead(one)))
    console.print(table)
    for one in listed:
        if one.fault:
            told = f"BROKEN: {one.schedule.name}: {one.fault}"
            console.print(told, markup=False, soft_wrap=True)


def print_added(listed: ListedSchedule) -> None:
    """Print what was added, and when it fires."""
    schedule = listed.schedule
    what, to_whom = schedule.tell_order()
    console.print(f"added {schedule.name!r}: {what} to {to_whom}", markup=False, soft_wrap=True)
    people = listed.verdict.people_count if listed.verdict else None
    console.print(f"people now  {people}")
    console.print(f"when        {describe_rule(schedule.rule)}, {zone_of(schedule.rule)}")
    for one in _tell_ahead(listed):
        console.print(f"next run    {one}")


def to_json(listed: ListedSchedule) -> dict[str, Any]:
    """Return a schedule as programs get it."""
    schedule = listed.schedule
    zone = ZoneInfo(zone_of(schedule.rule))
    verdict = listed.verdict
    return {
        "name": schedule.name,
        "deployed": not schedule.is_ours,
        "order": schedule.order.to_json() if schedule.order else None,
        "when": describe_rule(schedule.rule),
        "rule": schedule.rule.model_dump(mode="json"),
        "time_zone": zone.key,
        "state": listed.state,
        "next_runs": [
            {"local": one.astimezone(zone).isoformat(), "utc": format_instant(one)}
            for one in listed.ahead
        ],
        "people_now": verdict.people_count if verdict else None,
        "fault": listed.fault,
    }


def _make_row(listed: ListedSchedule) -> tuple[str, ...]:
    schedule, verdict = listed.schedule, listed.verdict
    people = "?" if verdict is None or verdict.people_count is None else str(verdict.people_count)
    state = f"{listed.state}, BROKEN" if listed.fault else listed.state
    when = f"{describe_rule(schedule.rule)} {zone_of(schedule.rule)}"
    return (schedule.name, *schedule.tell_order(), people, when, state)


def _tell_ahead(listed: ListedSchedule) -> list[str]:
    """Say when it fires, by the clocks of its zone and in UTC."""
    zone = ZoneInfo(zone_of(listed.schedule.rule))
    return [
        f"{one.astimezone(zone):%a %Y-%m-%d %H:%M %z} ({format_instant(one)})"
        for one in listed.ahead
    ]
