"""The parts of the composer's page, in the order in which one fills them in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from dashboards.compose import recipients
from dashboards.compose.composition import Composition


@dataclass(frozen=True, slots=True)
class Section:
    """One part.

    Attributes:
        key: In the address, as `step`.
        title: Above it.
        show: Shows it.
    """

    key: str
    title: str
    show: Callable[[Composition], None]


SECTIONS: Final[tuple[Section, ...]] = (Section("recipients", "Recipients", recipients.show),)


def find_section(key: str | None) -> Section:
    """Return a part by its key; the first where there is none of it."""
    return next((one for one in SECTIONS if one.key == key), SECTIONS[0])
