"""Recipients as rendering needs them: a frozen audience without reasons and coordinates."""

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import select

from rollcall.ledger.engine import Ledger
from rollcall.ledger.recording import CHUNK_ROWS
from rollcall.ledger.tables import AudienceMember


class Addressee(NamedTuple):
    """What a text to somebody depends on, and where it goes; as in `Recipient`.

    `country` is where they were when the audience was frozen.
    """

    person_id: str
    name: str
    email: str | None
    phone: str | None
    language: str | None
    home_country: str | None
    country: str | None


def iterate_addressees(ledger: Ledger, message_id: str) -> Iterator[Addressee]:
    """Yield the frozen recipients of a message, by `person_id`, a chunk in memory at a time."""
    country = AudienceMember.position["country"].as_string().label("country")
    stored = (getattr(AudienceMember, name) for name in Addressee._fields if name != country.name)
    query = (
        select(*stored, country)
        .where(AudienceMember.message_id == message_id)
        .order_by(AudienceMember.person_id)
        .execution_options(yield_per=CHUNK_ROWS)
    )
    with ledger.read() as connection, connection.execute(query) as rows:
        yield from map(Addressee._make, rows)
