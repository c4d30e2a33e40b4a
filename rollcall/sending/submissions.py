"""What a route is handed: one message for one recipient, with the names by which it is known."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rollcall.domain.personal_links import PersonalLinks
from rollcall.domain.tries import Try
from rollcall.ledger.attempts import AttemptStart
from rollcall.ledger.queue import ClaimedDelivery
from rollcall.routes.base import Submission


def make_submission(
    delivery: ClaimedDelivery,
    content: Any,
    start: AttemptStart,
    tries: Sequence[Try],
    links: PersonalLinks | None = None,
    expires_at: datetime | None = None,
) -> Submission:
    """Return what a try hands over.

    Args:
        delivery: To whom.
        content: A row with `subject`, `text` and `html`.
        start: The try.
        tries: Those before it.
        links: What fills in the recipient's link, where the message has one.
        expires_at: When the message itself expires, where it does.
    """

    def fill(text: str) -> str:
        return links.fill(text, delivery.person_id) if links else text

    takes_replies = delivery.channel == "email"
    return Submission(
        delivery_id=delivery.delivery_id,
        attempt_id=start.attempt_id,
        idempotency_key=make_key(delivery.delivery_id, start.route_id, tries),
        address=delivery.address,
        text=fill(content.text),
        subject=content.subject,
        html=content.html and fill(content.html),
        link=links.link_of(delivery.person_id) if links and delivery.channel == "push" else None,
        expires_at=expires_at,
        reply_token=links.reply_token_of(delivery.person_id) if takes_replies and links else None,
    )


def make_key(delivery_id: str, route_id: str, tries: Sequence[Try]) -> str:
    """Return the idempotency key of a try: the same while an earlier one may still arrive.

    Once a receipt says that a try has failed for good, a repeat of its key would only be answered
    with the old acceptance, and nothing would be sent: the next try needs a key of its own.
    """
    if not tries:
        return f"{delivery_id}-{route_id}"
    failed_count = sum(
        one.route_id == route_id and one.receipt is not None and one.receipt.state == "failed"
        for one in tries
    )
    return f"{delivery_id}-{route_id}" + (f"-{failed_count}" if failed_count else "")
