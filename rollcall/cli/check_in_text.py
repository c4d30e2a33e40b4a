"""How check-ins and their rounds are shown."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rollcall.cli.moments import instant_to_json, show_instant
from rollcall.cli.output import console, make_cell, new_table, print_notice
from rollcall.domain.check_in_times import DAYS
from rollcall.ledger.check_in_rounds import Asked, RoundRecord, read_asked
from rollcall.ledger.check_ins import CheckInRecord
from rollcall.ledger.engine import Ledger
from rollcall.sending.check_ins import CheckInReport, RoundNews
from rollcall.sources.people_facts import known_time_zones


@dataclass(frozen=True, slots=True)
class RoundSummary:
    """A round, and what those who were asked have answered by now.

    Attributes:
        record: The round.
        state: `not asked`, `open`, or `settled`.
        answers: How many have answered what.
        missing: Who had not answered as it closed; of an open one who has not yet.
        late: Those of them who have answered since.
    """

    record: RoundRecord
    state: str
    answers: Counter[str]
    missing: list[str]
    late: list[str]


def summarise_round(ledger: Ledger, record: RoundRecord) -> RoundSummary:
    """Read what has become of a round."""
    if record.message_id is None:
        return RoundSummary(record, "not asked", Counter(), record.missed, [])
    asked = read_asked(ledger, record.message_id)
    answers = Counter(one.answer for one in asked)
    silent = [one.person_id for one in asked if one.answer == "none"]
    if record.settled_at is None:
        return RoundSummary(record, "open", answers, silent, [])
    late = [one.person_id for one in asked if _is_late(one, record)]
    return RoundSummary(record, "settled", answers, record.missed, late)


def print_rounds(check_in: CheckInRecord, summaries: list[RoundSummary]) -> None:
    """Print rounds, newest first."""
    table = new_table("due", "zone", "state", "OK", "needs help", "missing", "answered late")
    for one in summaries:
        due_at, zone = one.record.due_at, one.record.time_zone
        answers = (str(one.answers["ok"]), str(one.answers["needs_help"]))
        people = (", ".join(one.missing), ", ".join(one.late))
        cells = (_show_local(due_at, zone), zone, one.state, *answers, *people)
        table.add_row(*map(make_cell, cells))
    console.print(table if summaries else f"{check_in.name!r} has had no round yet")


def round_to_json(one: RoundSummary) -> dict[str, Any]:
    """Return a round as programs get it."""
    record = one.record
    return {
        "due_at": instant_to_json(record.due_at),
        "time_zone": record.time_zone,
        "state": one.state.replace(" ", "_"),
        "message_id": record.message_id,
        "closes_at": instant_to_json(record.closes_at),
        "asked_count": one.answers.total(),
        "ok_count": one.answers["ok"],
        "needs_help_count": one.answers["needs_help"],
        "missing": one.missing,
        "late": one.late,
    }


def print_check_ins(found: list[tuple[CheckInRecord, dict[str, Any]]]) -> None:
    """Print check-ins and when each zone is asked next."""
    table = new_table("name", "asked", "zone", "people", "next")
    for check_in, next_at in found:
        first = (check_in.name, f"{check_in.asked_at} {_show_days(check_in.asked_on)}")
        zones = next_at["zones"] or {check_in.time_zone: (0, None)}
        for zone, (count, due_at) in zones.items():
            local = _show_local(due_at, zone) if due_at else None
            cells = (*first, zone, str(count), local)
            table.add_row(*map(make_cell, cells))
            first = ("", "")
        if next_at["problem"]:
            print_notice(f"check-in {check_in.name!r}: {next_at['problem']}")
    console.print(table if found else "no check-ins yet")


def to_json(check_in: CheckInRecord, next_at: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a check-in as programs get it."""
    told: dict[str, Any] = {
        "check_in_id": check_in.check_in_id,
        "name": check_in.name,
        "request": check_in.request,
        "source": check_in.source,
        "asked_at": check_in.asked_at,
        "asked_on": [DAYS[day] for day in check_in.asked_on],
        "time_zone": check_in.time_zone,
        "grace_min": check_in.grace_min,
        "notify": check_in.notify,
        "created_at": instant_to_json(check_in.created_at),
        "ended_at": instant_to_json(check_in.ended_at),
    }
    if next_at is not None:
        told["next"] = {
            zone: {"people_count": count, "at": instant_to_json(due_at)}
            for zone, (count, due_at) in next_at["zones"].items()
        }
    return told


def news_to_json(news: RoundNews) -> dict[str, Any]:
    """Return what became of a round in one look."""
    return {
        "check_in_id": news.check_in_id,
        "name": news.name,
        "due_at": instant_to_json(news.due_at),
        "time_zone": news.time_zone,
        "people_count": news.people_count,
    }


def tell_report(report: CheckInReport) -> list[str]:
    """Say what one look has come to."""
    lines = [f"{_tell(one)}: {one.people_count} asked" for one in report.asked]
    lines += [f"{_tell(one)}: {one.people_count} missing" for one in report.settled]
    lines += [f"{_tell(one)}: {one.people_count} NOT ASKED" for one in report.not_asked]
    if report.help_count:
        lines.append(f"{report.help_count} newly need help")
    return lines or ["nobody is to be asked now"]


def _tell(news: RoundNews) -> str:
    return f"{news.name!r} {_show_local(news.due_at, news.time_zone)} {news.time_zone}"


def _is_late(asked: Asked, record: RoundRecord) -> bool:
    return (
        asked.person_id in record.missed
        and asked.answer != "none"
        and asked.answered_at is not None
        and record.settled_at is not None
    )


def _show_local(moment: datetime, zone: str) -> str:
    known = known_time_zones().get(zone)
    return f"{moment.astimezone(known):%a %Y-%m-%d %H:%M}" if known else str(show_instant(moment))


def _show_days(days: list[int]) -> str:
    if len(days) == len(DAYS):
        return "daily"
    is_run = len(days) > 2 and days == list(range(days[0], days[-1] + 1))  # noqa: PLR2004 - two are a list
    return f"{DAYS[days[0]]}-{DAYS[days[-1]]}" if is_run else ",".join(DAYS[day] for day in days)
