"""Which rungs of a chat's ladder are to be taken now, and who is told of whom."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from rollcall.domain.chats import Reminder
from rollcall.domain.message import Channel, MessageOptions

MANAGER: Final = "manager"
"""In `Reminder.notify`: the managers of the member's facility."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung of a ladder, and its place in it, from 0."""

    number: int
    reminder: Reminder


def choose_rungs(
    ladder: Sequence[Reminder], taken_count: int, passed_count: int
) -> tuple[Rung, ...]:
    """Return the rungs to take now: of those that were missed only what nobody gets twice.

    Members get the latest reminder, and each that is to be told somebody the latest notice: a
    machine that was off for a day does not send a day's reminders at once.

    Args:
        ladder: All rungs, the earliest first.
        taken_count: How many were taken already.
        passed_count: How many are due by now.
    """
    latest: dict[frozenset[str], Rung] = {}
    for number in range(taken_count, passed_count):
        rung = Rung(number, ladder[number])
        latest[frozenset(rung.reminder.notify)] = rung
    return tuple(sorted(latest.values(), key=lambda rung: rung.number))


def count_taken(rungs: Sequence[Rung], failed: Sequence[int], passed_count: int) -> int | None:
    """Return how many rungs of a ladder are taken when some of those chosen cannot be made.

    What comes before the last that can be made is over. What comes after it stays due, and is
    tried again.

    Args:
        rungs: Those that were chosen, the earliest first.
        failed: The numbers of those that cannot be made.
        passed_count: How many are due by now.

    Returns:
        None where none can be made: nothing is taken.
    """
    made = [rung.number for rung in rungs if rung.number not in failed]
    if failed and not made:
        return None
    return min((one for one in failed if one > max(made)), default=passed_count)


def travel_by(like: MessageOptions, channels: Iterable[Channel]) -> MessageOptions:
    """Return how a message travels: over some channels, otherwise as another one did."""
    used = frozenset(channels)
    return MessageOptions(
        include_email="email" in used,
        include_push="push" in used,
        include_sms="sms" in used,
        high_quality_sms="sms" in used and like.high_quality_sms,
        life_safety=like.life_safety,
    )


@dataclass(frozen=True, slots=True)
class Responsible:
    """Who is responsible for whom, as the source of a chat says now.

    Attributes:
        person_ids: Everybody there is.
        facility_ids: The facility of those who have one, by `person_id`.
        manager_ids: The managers of each facility that has any.
    """

    person_ids: frozenset[str]
    facility_ids: Mapping[str, str] = field(default_factory=dict)
    manager_ids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Telling:
    """Who is told of whom; `told` is empty where nobody is responsible."""

    told: tuple[str, ...]
    of: tuple[str, ...]


def group_by_told(
    notify: Sequence[str], silent: Sequence[str], responsible: Responsible
) -> list[Telling]:
    """Return who is told of whom: one telling for each group of people who are told the same.

    Args:
        notify: Of a rung: `manager`, or ids of people.
        silent: Who has not answered.
        responsible: Who is responsible for whom.
    """
    named = tuple(sorted({one for one in notify if one != MANAGER} & responsible.person_ids))
    of_managers: dict[tuple[str, ...], list[str]] = {}
    if MANAGER in notify:
        for person_id in silent:
            facility_id = responsible.facility_ids.get(person_id, "")
            managers = responsible.manager_ids.get(facility_id, ())
            of_managers.setdefault(managers, []).append(person_id)
    tellings = [Telling(told, tuple(of)) for told, of in sorted(of_managers.items())]
    if set(notify) - {MANAGER}:
        tellings.append(Telling(named, tuple(silent)))
    return tellings
