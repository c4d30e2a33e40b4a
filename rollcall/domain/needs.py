"""Which members of a conversation need somebody first, by what they answered and where they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np

from rollcall.domain.chats import Answer, AnswerVia
from rollcall.domain.geography.geodesy import measure_distances_m

Need = Literal["needs_help", "not_reached", "silent", "ok"]
"""They need help; no route is known to have taken anything over for them, and they have not
answered; they could have answered and have not; they are OK. In this order."""

NEEDS: Final[tuple[Need, ...]] = get_args(Need)

WEAK_PROOF: Final[tuple[AnswerVia, ...]] = ("sms", "email")
"""The sender of a text or an email can be forged: it is weaker proof than a personal link."""


@dataclass(frozen=True, slots=True)
class MemberState:
    """What the order of members depends on; a position is where they were when it was opened."""

    person_id: str
    need: Need
    latitude: float | None = None
    longitude: float | None = None


def find_need(answer: Answer, *, is_reached: bool) -> Need:
    """Return what a member needs; who has answered was reached, whatever routes say."""
    if answer != "none":
        return answer
    return "silent" if is_reached else "not_reached"


def measure_distances_km(
    members: Sequence[MemberState], near: tuple[float, float]
) -> list[float | None]:
    """Return how far members are from a place, in their order; None where nobody knows.

    Args:
        members: Whose positions.
        near: Latitude and longitude, in WGS 84 degrees.
    """
    nowhere = float("nan")
    latitudes, longitudes = (
        np.array([nowhere if one is None else one for one in column], dtype=np.float64)
        for column in (
            [member.latitude for member in members],
            [member.longitude for member in members],
        )
    )
    here = (np.full(len(members), value, dtype=np.float64) for value in near)
    distances = measure_distances_m(latitudes, longitudes, *here) / 1000
    is_known = ~(np.isnan(latitudes) | np.isnan(longitudes))
    return [float(one) if known else None for one, known in zip(distances, is_known, strict=True)]


def sort_by_need(
    members: Sequence[MemberState], near: tuple[float, float] | None = None
) -> list[tuple[MemberState, float | None]]:
    """Return members with their distance in km: the greatest need first, then the nearest.

    Those of whom nobody knows where they are come last among those of the same need.

    Args:
        members: In any order.
        near: Where it happened; None: distances are not asked for.
    """
    distances = [None] * len(members) if near is None else measure_distances_km(members, near)
    rank = {need: place for place, need in enumerate(NEEDS)}
    return sorted(
        zip(members, distances, strict=True),
        key=lambda pair: (
            rank[pair[0].need],
            pair[1] is None,
            pair[1] or 0.0,
            pair[0].person_id,
        ),
    )
