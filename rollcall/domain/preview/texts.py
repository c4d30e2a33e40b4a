"""Whom an SMS to an audience would really go to: who wants none, and who shares a number."""

from collections import Counter
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from rollcall.domain.audience import Recipient


@dataclass(frozen=True, slots=True)
class TextCounts:
    """An audience by telephone number.

    Attributes:
        people_count: Who has a number.
        opted_out_count: Whose number gets no more routine texts (STOP); None: not known.
        overrides_opt_outs: Whether the message is for life safety: they are texted all the same.
        sharing_count: Whose number somebody else of the audience has too.
        sms_count: How many SMS go out, one to each number; None: not known.
    """

    people_count: int
    opted_out_count: int | None
    overrides_opt_outs: bool
    sharing_count: int
    sms_count: int | None

    def to_json(self) -> dict[str, Any]:
        """Return the counts as programs get them."""
        return {
            "people": self.people_count,
            "opted_out": self.opted_out_count,
            "overrides_opt_outs": self.overrides_opt_outs,
            "sharing_number": self.sharing_count,
            "sms": self.sms_count,
        }


def count_texts(
    recipients: Iterable[Recipient], opted_out: AbstractSet[str] | None, *, life_safety: bool
) -> TextCounts:
    """Count an audience by telephone number.

    Args:
        recipients: The audience; who has no number counts nowhere.
        opted_out: The numbers that get no more routine texts, E.164; None: not known.
        life_safety: Whether the message goes to them too.
    """
    people_by_number = Counter(one.phone for one in recipients if one.phone)
    silent = people_by_number.keys() & opted_out if opted_out is not None else None
    spared_count = 0 if life_safety else None if silent is None else len(silent)
    return TextCounts(
        people_count=people_by_number.total(),
        opted_out_count=None if silent is None else sum(people_by_number[one] for one in silent),
        overrides_opt_outs=life_safety,
        sharing_count=sum(count for count in people_by_number.values() if count > 1),
        sms_count=None if spared_count is None else len(people_by_number) - spared_count,
    )
