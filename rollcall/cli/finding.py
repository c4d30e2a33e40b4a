"""One thing that `rollcall status` looked at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one part.

    Attributes:
        part: Which it is.
        is_good: Nobody needs to do anything.
        told: One line for people.
        facts: The same for programs; nothing of a person.
    """

    part: str
    is_good: bool
    told: str
    facts: Mapping[str, Any] = field(default_factory=dict)
