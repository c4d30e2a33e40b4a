"""Messages, audiences and deliveries as tests put them into a ledger."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any, TypeVar

from sqlalchemy import select

from rollcall.domain.audience import Audience, Position, Recipient, digest_audience
from rollcall.domain.delivery import Finish, Status, WaitFor
from rollcall.domain.message import Channel
from rollcall.domain.tries import Outcome
from rollcall.ledger import pending
from rollcall.ledger.attempts import (
    AttemptEnd,
    AttemptStart,
    Settlement,
    begin_attempts,
    finish_attempts,
    new_attempt_id,
    settle_deliveries,
)
from rollcall.ledger.engine import Ledger
from rollcall.ledger.messages import NewMessage, accept_message, load_message
from rollcall.ledger.queue import ClaimedDelivery, claim_due
from rollcall.ledger.recording import NewContent, NewDelivery, Portion, record_portion
from rollcall.ledger.sms_rules import SmsRules
from rollcall.ledger.tables import Attempt, Delivery
from rollcall.sending.recorder import find_shared
from tests.people import phone_of

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
T = TypeVar("T")


def a_message(key: str, **changes: Any) -> NewMessage:
    new = NewMessage(
        idempotency_key=key,
        request_digest="digest of the request",
        request={
            "content": {"subject": "Drill", "text": "Drill"},
            "selection": {"everyone": True},
            "options": {"include_sms": True},
        },
        source="/data/people",
        uses_last_good=False,
        as_of=NOW,
    )
    return replace(new, **changes)


def an_audience(count: int) -> Audience:
    return Audience(as_of=NOW, recipients=tuple(map(a_recipient, range(count))), facility_ids=())


def a_recipient(number: int) -> Recipient:
    return Recipient(
        person_id=f"p{number:04}",
        name=f"Person {number}",
        email=f"p{number}@example.org",
        phone=phone_of(number),
        language="ja",
        home_country="JP",
        position=Position("report", "JP", 35.5, 139.7, NOW),
        via=({"by": "filter", "index": 0},),
    )


def freeze_audience(
    ledger: Ledger, message_id: str, audience: Audience, *channels: Channel, **how: Any
) -> bool:
    return pending.freeze_audience(ledger, message_id, audience, channels or ("sms",), **how)


def record_deliveries(  # noqa: PLR0913 - as a portion is recorded
    ledger: Ledger,
    message_id: str,
    contents: Sequence[NewContent],
    deliveries: Sequence[NewDelivery],
    now: datetime,
    *,
    life_safety: bool = False,
    key: bytes | None = None,
) -> bool:
    """Record the whole audience of a message in one portion."""
    frozen = pending.load_pending(ledger, message_id)
    if frozen is None:
        return False
    recipients = tuple(frozen.recipients)
    whole = Portion(0, recipients, contents, deliveries, digest_audience(recipients))
    shared = frozenset[str]() if load_message(ledger, message_id).chat_id else find_shared(frozen)
    rules = SmsRules(shared, life_safety)
    return record_portion(ledger, message_id, whole, rules, now, key=key)


def deliveries_to(audience: Audience, *channels: Channel) -> list[NewDelivery]:
    return [
        NewDelivery(one.person_id, channel, "waiting", _address(one, channel), f"text of {channel}")
        for one in audience.recipients
        for channel in channels
    ]


def _address(recipient: Recipient, channel: Channel) -> str | None:
    return recipient.email if channel == "email" else recipient.phone


def contents_of(*channels: Channel) -> list[NewContent]:
    return [NewContent(f"text of {channel}", "This is a drill.", "Drill") for channel in channels]


def queue_message(
    ledger: Ledger, count: int = 1, *channels: Channel, key: str = "drill", now: datetime = NOW
) -> str:
    """Record a message to `count` people, waiting; return its id."""
    told = channels or ("sms",)
    message, _ = accept_message(ledger, a_message(key), now)
    audience = an_audience(count)
    freeze_audience(ledger, message.message_id, audience)
    record_deliveries(
        ledger, message.message_id, contents_of(*told), deliveries_to(audience, *told), now
    )
    return message.message_id


def claim_one(ledger: Ledger, message_id: str, owner: str, now: datetime = NOW) -> ClaimedDelivery:
    """Claim the only due delivery of a message."""
    (claimed,) = claim_due(ledger, message_id, owner, 10, now)
    return claimed


def begin(
    ledger: Ledger, owner: str, delivery_id: str, route_id: str = "alpha", now: datetime = NOW
) -> str | None:
    """Begin a try; return its id, None if it may not be made."""
    start = AttemptStart(delivery_id, route_id, new_attempt_id())
    with ledger.write() as connection:
        allowed = begin_attempts(connection, owner, [start], now)
    return start.attempt_id if start.attempt_id in allowed else None


def finish(
    ledger: Ledger,
    owner: str,
    attempt_id: str,
    outcome: Outcome,
    settlement: Settlement | None = None,
    now: datetime = NOW,
) -> None:
    """Record what a try came to, as one group commit does."""
    with ledger.write() as connection:
        finish_attempts(connection, [AttemptEnd(attempt_id, outcome, settlement, outcome)], now)
        if settlement:
            settle_deliveries(connection, owner, [settlement])


def finished(delivery_id: str, status: Status) -> Settlement:
    return Settlement(delivery_id, Finish(status))


def due_in(delivery_id: str, wait_s: float) -> Settlement:
    return Settlement(delivery_id, WaitFor(NOW + timedelta(seconds=wait_s)))


def read_delivery(ledger: Ledger, delivery_id: str) -> Any:
    """Return the stored row."""
    query = select(Delivery.__table__).where(Delivery.delivery_id == delivery_id)
    with ledger.read() as connection:
        return connection.execute(query).one()


def read_attempts(ledger: Ledger, delivery_id: str) -> Sequence[Any]:
    """Return the stored tries, oldest first."""
    query = (
        select(Attempt.__table__).where(Attempt.delivery_id == delivery_id).order_by(Attempt.number)
    )
    with ledger.read() as connection:
        return connection.execute(query).all()


def at_once(count: int, call: Callable[[int], T]) -> list[T]:
    """Call from `count` threads in the same moment; return what each call returned."""
    starting = Barrier(count)

    def run(number: int) -> T:
        starting.wait(timeout=30)
        return call(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))
