"""Recipients as bytes: who is meant and why, small enough to be written down in a moment.

A hundred thousand people take some 40 ms and a few megabytes. The bytes are a file in Arrow's IPC
format, compressed; reasons stand beside it, each once.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from rollcall.domain.audience import Reason, Recipient, write_canonically
from rollcall.domain.canary import find_canaries
from rollcall.domain.recipient_rows import RECIPIENT_COLUMNS, RecipientRows

_REASON: Final = "reason"
"""The column that says which of the reasons are somebody's."""

_SCHEMA: Final[dict[str, pl.DataType]] = {
    **{name: pl.String() for name in RECIPIENT_COLUMNS},
    "latitude": pl.Float64(),
    "longitude": pl.Float64(),
    "position_at": pl.Datetime("us", "UTC"),
}


@dataclass(frozen=True, slots=True)
class PackedRecipients:
    """Recipients in the order in which they are recorded.

    Attributes:
        people: All of them but the reasons.
        reasons: The distinct reasons.
        canary_count: So many of the first are texted ahead of the rest.
    """

    people: bytes
    reasons: list[list[Reason]]
    canary_count: int


def pack_recipients(recipients: Sequence[Recipient]) -> PackedRecipients:
    """Pack recipients: canaries first, both parts in the order given."""
    told = recipients if isinstance(recipients, RecipientRows) else _as_rows(recipients)
    numbers, reasons = _number_reasons(told)
    rows = told.rows.select(RECIPIENT_COLUMNS).with_columns(
        pl.Series(_REASON, numbers, pl.UInt32),
        find_canaries(told.rows["phone"]).alias("is_canary"),
    )
    ahead = rows.filter("is_canary")
    ordered = pl.concat([ahead, rows.filter(~pl.col("is_canary"))]).drop("is_canary")
    packed = io.BytesIO()
    ordered.write_ipc(packed, compression="zstd")
    return PackedRecipients(packed.getvalue(), reasons, ahead.height)


def unpack_recipients(people: bytes, reasons: Sequence[Sequence[Reason]]) -> RecipientRows:
    """Return the recipients that were packed, in the order in which they are recorded."""
    rows = pl.read_ipc(io.BytesIO(people))
    known = [tuple(one) for one in reasons]
    whose = zip(rows["person_id"].to_list(), rows[_REASON].to_list(), strict=True)
    return RecipientRows(rows, {person_id: known[number] for person_id, number in whose})


def _as_rows(recipients: Sequence[Recipient]) -> RecipientRows:
    told = [
        (
            *(one.person_id, one.name, one.email, one.phone, one.language, one.home_country),
            *(one.position.source, one.position.country),
            *(one.position.latitude, one.position.longitude, one.position.at),
        )
        for one in recipients
    ]
    rows = pl.DataFrame(told, _SCHEMA, orient="row")
    return RecipientRows(rows, {one.person_id: one.via for one in recipients})


def _number_reasons(told: RecipientRows) -> tuple[list[int], list[list[Reason]]]:
    """Return which reasons everybody has, and these; most share one and the same tuple."""
    numbers, reasons = [], list[list[Reason]]()
    by_object: dict[int, int] = {}
    by_text: dict[str, int] = {}
    for person_id in told.person_ids():
        via = told.reasons[person_id]
        number = by_object.get(id(via))
        if number is None:
            number = by_text.setdefault(write_canonically(list(via)), len(reasons))
            if number == len(reasons):
                reasons.append(list(via))
            by_object[id(via)] = number
        numbers.append(number)
    return numbers, reasons
