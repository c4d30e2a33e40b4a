"""Canaries: the few SMS of a large message that show which routes bring receipts back."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from rollcall.domain.phones import find_phone_country

CANARY_MIN: Final = 500
"""SMS from which on a message has canaries: of fewer, 2 % would tell nothing of a route."""

CANARY_PCT: Final = 2
"""How many of each country's SMS are canaries, in per cent."""


def canary_quota(delivery_count: int) -> int:
    """Return how many canaries a country has: 2 %, rounded up, so at least one.

    Args:
        delivery_count: The SMS to that country.
    """
    return -(-delivery_count * CANARY_PCT // 100)


def is_canary(index: int, delivery_count: int) -> bool:
    """Tell whether one of a country's SMS is a canary; exactly `canary_quota` of them are.

    They are spread evenly, the first one included: people who stand together in a source (one
    office, one operator's numbers) do not all become canaries.

    Args:
        index: Its place among the SMS to that country, from 0.
        delivery_count: How many those are.
    """
    return index * canary_quota(delivery_count) % delivery_count < canary_quota(delivery_count)


def find_canaries(numbers: Sequence[str | None]) -> list[bool]:
    """Tell who of some people is texted ahead of the rest; nobody of few.

    Args:
        numbers: Their numbers in E.164, in the order of the people; None: nobody texts them.
    """
    countries = [find_phone_country(one) if one else None for one in numbers]
    counts = Counter(country for number, country in zip(numbers, countries, strict=True) if number)
    if counts.total() < CANARY_MIN:
        return [False] * len(numbers)
    seen: Counter[str | None] = Counter()
    chosen = []
    for number, country in zip(numbers, countries, strict=True):
        chosen.append(bool(number) and is_canary(seen[country], counts[country]))
        seen[country] += bool(number)
    return chosen
