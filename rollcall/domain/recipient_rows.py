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
"""The columns of `World.people` that a recipient is made of, in the order of its parts."""


@dataclass(frozen=True, slots=True, eq=False)
class RecipientRows(Sequence[Recipient]):
    """Recipients that are made anew whenever they are looked at, and let go after.

    For going through in order; whoever needs most of them at once makes a tuple of it.

    Attributes:
        rows: `RECIPIENT_COLUMNS` at least, in the order of the recipients.
        reasons: Why each of them is meant, by `person_id`.
    """

    rows: pl.DataFrame
    reasons: Mapping[str, tuple[Reason, ...]]

    def __len__(self) -> int:
        return self.rows.height

    def __iter__(self) -> Iterator[Recipient]:
        for person in self._people.iter_rows():
            yield self._make_recipient(person)

    @overload
    def __getitem__(self, index: int) -> Recipient: ...

    @overload
    def __getitem__(self, index: slice) -> "RecipientRows": ...

    def __getitem__(self, index: int | slice) -> "Recipient | RecipientRows":
        if isinstance(index, slice):
            return RecipientRows(self.rows[index], self.reasons)
        return self._make_recipient(self._people.row(index))

    def person_ids(self) -> list[str]:
        """Return who they are, without making anything else of the rows."""
        return self.rows["person_id"].to_list()

    @property
    def _people(self) -> pl.DataFrame:
        return self.rows.select(RECIPIENT_COLUMNS)

    def _make_recipient(self, person: tuple[Any, ...]) -> Recipient:
        person_id, name, email, phone, language, home_country, *where = person
        position, via = Position(*where), self.reasons[person_id]
        return Recipient(person_id, name, email, phone, language, home_country, position, via)


def list_person_ids(recipients: Sequence[Recipient]) -> list[str]:
    """Return who some recipients are; of rows without making recipients of them."""
    if isinstance(recipients, RecipientRows):
        return recipients.person_ids()
    return [one.person_id for one in recipients]


def list_reasons(recipients: Sequence[Recipient]) -> Mapping[str, tuple[Reason, ...]]:
    """Return why some recipients are meant, by `person_id`; of rows without making recipients."""
    if isinstance(recipients, RecipientRows):
        return recipients.reasons
    return {one.person_id: one.via for one in recipients}
