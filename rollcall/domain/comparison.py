"""How an audience differs from an earlier one: who is new, who is gone, and where."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rollcall.domain.audience import Recipient

Places = Mapping[str, str | None]
"""The country where each person is, by `person_id`; None where it is not known."""


@dataclass(frozen=True, slots=True)
class AudienceChange:
    """What changed from one audience to the next.

    Attributes:
        joined_ids: People who were not meant before, sorted.
        left_ids: People who were meant before only, sorted.
        new_countries: Countries where somebody is now and nobody was before, sorted; who is
            nowhere known counts for none.
        gone_countries: Countries where somebody was before and nobody is now, sorted.
    """

    joined_ids: tuple[str, ...]
    left_ids: tuple[str, ...]
    new_countries: tuple[str, ...]
    gone_countries: tuple[str, ...]

    @property
    def is_none(self) -> bool:
        """Tell whether the same people are meant, in the same countries."""
        return not (self.joined_ids or self.left_ids or self.new_countries or self.gone_countries)

    def to_json(self) -> dict[str, Any]:
        """Return the change as programs get it."""
        return {
            "joined": list(self.joined_ids),
            "left": list(self.left_ids),
            "new_countries": list(self.new_countries),
            "gone_countries": list(self.gone_countries),
        }

    def tell(self) -> str:
        """Say what changed in one line that names no person."""
        if self.is_none:
            return "the same people in the same countries"
        parts = [f"+{len(self.joined_ids)} −{len(self.left_ids)} people"]  # noqa: RUF001 - a minus
        if self.new_countries:
            parts.append(f"new countries: {', '.join(self.new_countries)}")
        if self.gone_countries:
            parts.append(f"no more in: {', '.join(self.gone_countries)}")
        return "; ".join(parts)


def compare_audiences(before: Iterable[Recipient], now: Iterable[Recipient]) -> AudienceChange:
    """Compare the recipients of one message with those of an earlier one."""
    return compare_places(_places_of(before), _places_of(now))


def compare_places(before: Places, now: Places) -> AudienceChange:
    """Compare as `compare_audiences` does, where only ids and countries are at hand."""
    return AudienceChange(
        joined_ids=tuple(sorted(now.keys() - before.keys())),
        left_ids=tuple(sorted(before.keys() - now.keys())),
        new_countries=_countries_beyond(now, before),
        gone_countries=_countries_beyond(before, now),
    )


def _places_of(recipients: Iterable[Recipient]) -> Places:
    return {one.person_id: one.position.country for one in recipients}


def _countries_beyond(ones: Places, others: Places) -> tuple[str, ...]:
    """Return the countries that only the first has, sorted."""
    return tuple(sorted({country for country in ones.values() if country} - set(others.values())))
