"""Who has a message, by what its deliveries have come to."""

from typing import Final

from rollcall.domain.delivery import Status

REACHED: Final[tuple[Status, ...]] = ("accepted", "at_carrier", "delivered")
"""A route took it over; receipts may say how far it came since."""

MAY_HAVE_IT: Final[tuple[Status, ...]] = (*REACHED, "unconfirmed")
"""A copy is out, or may be."""
