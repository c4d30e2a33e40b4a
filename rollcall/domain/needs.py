"""Which members of a conversation need somebody first, by what they answered and where they are."""

from collections.abc import Iterable, Sequence
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
    """What the order of members depends on.

    Attributes:
        person_id: Who.
        need: What they need.
        distance_km: How far they were from where it happened when the conversation was opened; None
            where nobody knows.
    """

    person_id: str
    need: Need
    distance_km: float | None = None


def find_need(answer: Answer, *, is_reached: bool) -> Need:
    """Return what a member needs; who has answered was reached, whatever routes say."""
    if answer != "none":
        return answer
    return "silent" if is_reached else "not_reached"


def measure_distances_km(
    places: Sequence[tuple[float | None, float | None]], near: tuple[float, float]
) -> list[float | None]:
    """Return how far places are from another one, in their order; None where one is not known.

    Args:
        places: Latitude and longitude, in WGS 84 degrees.
        near: The other one, likewise.
    """
    nowhere = float("nan")
    latitudes, longitudes = (
        np.array([nowhere if one[axis] is None else one[axis] for one in places], dtype=np.float64)
        for axis in (0, 1)
    )
    here = (np.full(len(places), value, dtype=np.float64) for value in near)
    distances = measure_distances_m(latitudes, longitudes, *here) / 1000
    is_known = ~(np.isnan(latitudes) | np.isnan(longitudes))
    return [float(one) if known else None for one, known in zip(distances, is_known, strict=True)]


def sort_by_need(members: Iterable[MemberState]) -> list[MemberState]:
    """Return members, those with the greatest need first, then the nearest.

    Those of whom nobody knows where they are come last among those of the same need.

    Args:
        members: In any order.
    """
    rank = {need: place for place, need in enumerate(NEEDS)}
    return sorted(
        members,
        key=lambda one: (
            rank[one.need],
            one.distance_km is None,
            one.distance_km or 0.0,
            one.person_id,
        ),
    )
