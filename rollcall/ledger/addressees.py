"""Recipients as rendering needs them: a frozen audience without reasons and coordinates."""

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import false, select

from rollcall.ledger.engine import Ledger
from rollcall.ledger.push_subscriptions import has_live_subscription
from rollcall.ledger.recording import CHUNK_ROWS
from rollcall.ledger.tables import AudienceMember


class Addressee(NamedTuple):
    """What a text to somebody depends on, and where it goes; as in `Recipient`.

    `country` is where they were when the audience was frozen, `has_push` whether the app on a
    device of theirs takes notifications now.
    """

    person_id: str
    name: str
    email: str | None
    phone: str | None
    language: str | None
    home_country: str | None
    country: str | None
    has_push: bool = False


def iterate_addressees(
    ledger: Ledger, message_id: str, *, asks_for_push: bool = False
) -> Iterator[Addressee]:
    """Yield the frozen recipients of a message, by `person_id`, a chunk in memory at a time.

    Args:
        ledger: Where they are.
        message_id: Of which message.
        asks_for_push: Whether `has_push` is looked up; it is False otherwise.
    """
    country = AudienceMember.position["country"].as_string().label("country")
    found = (country, (has_live_subscription() if asks_for_push else false()).label("has_push"))
    stored = Addressee._fields[: -len(found)]
    query = (
        select(*(getattr(AudienceMember, name) for name in stored), *found)
        .where(AudienceMember.message_id == message_id)
        .order_by(AudienceMember.person_id)
        .execution_options(yield_per=CHUNK_ROWS)
    )
    with ledger.read() as connection, connection.execute(query) as rows:
        for row in rows:
            *told, has_push = row
            yield Addressee._make((*told, bool(has_push)))
