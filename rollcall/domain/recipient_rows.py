"""Recipients as rows of a frame: a million of them as objects would take most of a gigabyte."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

import polars as pl

from rollcall.domain.audience import Position, Reason, Recipient

RECIPIENT_COLUMNS = (
    "person_id", "name", "email", "phone", "language", "home_country",
    "position_source", "country", "latitude", "longitude", "position_at",
)  # fmt: skip
"""The columns of `World.people` that a recipient is made of."""


@dataclass(frozen=True, slots=True, eq=False)
class RecipientRows(Sequence[Recipient]):
    """Recipients that are made anew whenever they are looked at, and let go after.

    For going through in order; whoever needs most of them at once makes a tuple of it.

    Attributes:
        rows: `RECIPIENT_COLUMNS`, in the order of the recipients.
        reasons: Why each of them is meant, by `person_id`.
    """

    rows: pl.DataFrame
    reasons: Mapping[str, tuple[Reason, ...]]

    def __len__(self) -> int:
        return self.rows.height

    def __iter__(self) -> Iterator[Recipient]:
        for person in self.rows.iter_rows(named=True):
            yield _make_recipient(person, self.reasons[person["person_id"]])

    @overload
    def __getitem__(self, index: int) -> Recipient: ...

    @overload
    def __getitem__(self, index: slice) -> "RecipientRows": ...

    def __getitem__(self, index: int | slice) -> "Recipient | RecipientRows":
        if isinstance(index, slice):
            return RecipientRows(self.rows[index], self.reasons)
        person = self.rows.row(index, named=True)
        return _make_recipient(person, self.reasons[person["person_id"]])


def _make_recipient(person: dict[str, Any], via: tuple[Reason, ...]) -> Recipient:
    return Recipient(
        person_id=person["person_id"],
        name=person["name"],
        email=person["email"],
        phone=person["phone"],
        language=person["language"],
        home_country=person["home_country"],
        position=Position(
            source=person["position_source"],
            country=person["country"],
            latitude=person["latitude"],
            longitude=person["longitude"],
            at=person["position_at"],
        ),
        via=via,
    )
