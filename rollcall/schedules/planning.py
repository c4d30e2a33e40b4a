"""Whether a schedule can be meant as it is planned; imports Prefect."""

from datetime import datetime
from typing import Final

from prefect.client.schemas.schedules import SCHEDULE_TYPES

from rollcall.domain.schedule_orders import ScheduledOrder
from rollcall.domain.schedule_times import Timing, find_shortest_gap_s
from rollcall.errors import InputError
from rollcall.schedules.rules import list_next, make_rule

_GAP_COUNT: Final = 50
"""Runs among which the shortest gap is looked for: a week of a cron by the hour, and more."""


def plan_rule(
    timing: Timing, order: ScheduledOrder, repeat_within_s: float, now: datetime
) -> SCHEDULE_TYPES:
    """Return when Prefect is to fire.

    Args:
        timing: As it was said.
        order: What is to be sent.
        repeat_within_s: Within how many seconds the guard refuses to say the same again.
        now: The present moment.

    Raises:
        InputError: Prefect does not understand it, it never fires, or the guard against repeats
            would refuse every run but the first.
    """
    rule = make_rule(timing, now)
    require_unguarded(rule, order, repeat_within_s, now)
    return rule


def require_unguarded(
    rule: SCHEDULE_TYPES, order: ScheduledOrder, repeat_within_s: float, now: datetime
) -> None:
    """Refuse what the guard against repeats would refuse at every run but the first.

    Raises:
        InputError: It would.
    """
    gap_s = find_shortest_gap_s(list_next(rule, _GAP_COUNT, now))
    if order.is_confirmed or gap_s is None or gap_s > repeat_within_s:
        return
    raise InputError(
        f"it would say the same again after {gap_s:g} s, which is refused within "
        f"{repeat_within_s:g} s: if it is meant, confirm it (--confirm)"
    )
