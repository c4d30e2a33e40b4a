"""What every way out has in common: a submission in, an acceptance or a `SendError` out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from rollcall.domain.message import Channel
from rollcall.domain.receipts import Receipt
from rollcall.errors import SendError


@dataclass(frozen=True, slots=True)
class Submission:
    """One message to one recipient, ready for any route of its channel.

    Attributes:
        delivery_id: The delivery this is a try of; the same on every try and every route.
        attempt_id: This try.
        idempotency_key: Per delivery and route, so that the same route can recognise a repeat.
        address: E.164 number, email address, or for push the person's id.
        subject: Email and push only.
        text: Plain text, rendered.
        html: Email only.
        link: The personal link, for push only; elsewhere it stands in the text.
        expires_at: When the message itself expires (aware), where it does; for push only.
        reply_token: Email only: what an answer to it is known by, where it may be answered.
    """

    delivery_id: str
    attempt_id: str
    idempotency_key: str
    address: str
    text: str
    subject: str | None = None
    html: str | None = None
    link: str | None = None
    expires_at: datetime | None = None
    reply_token: str | None = None


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A route took the message over.

    Attributes:
        provider_id: The provider's id for it, None where the answer held none.
        provider_code: The code of the answer, e.g. `202` or `250`.
    """

    provider_id: str | None
    provider_code: str | None = None


class Route(Protocol):
    """A configured way out: one provider account or mail server."""

    route_id: str
    channel: Channel

    async def submit(self, submission: Submission) -> Acceptance:
        """Hand one message over.

        Raises:
            RouteError: Not taken, and certainly not sent.
            RecipientError: No route can help this recipient.
            OutcomeUnknownError: The request left, the answer was lost.
        """
        ...

    async def check(self) -> str:
        """Reach the other side without sending anything; return what answered, in a few words.

        Raises:
            RouteError: It cannot be reached or refuses our credentials.
        """
        ...

    async def aclose(self) -> None:
        """Close connections; safe to call twice."""
        ...


@runtime_checkable
class BulkRoute(Protocol):
    """A route that hands many messages over with one request, each with a text of its own.

    Attributes:
        bulk_size: Most messages in one request.
    """

    bulk_size: int

    async def submit_bulk(self, submissions: Sequence[Submission]) -> list[Acceptance | SendError]:
        """Hand messages over together.

        Args:
            submissions: At most `bulk_size`, of different deliveries.

        Returns:
            What came of each, in the same order.

        Raises:
            SendError: The request as a whole failed: it is the answer for each of them.
        """
        ...


@runtime_checkable
class PoolingRoute(Protocol):
    """A route that keeps connections open for the next message."""

    async def keep_to(self, connections: int) -> None:
        """Hold at most so many connections from now on; return once no more are open.

        Args:
            connections: 1 and more. Where they are more than before this returns at once.
        """
        ...


@runtime_checkable
class AskableRoute(Protocol):
    """A route whose provider can be asked what became of an attempt."""

    async def look_up(
        self, submission: Submission, provider_id: str | None, submitted_at: datetime
    ) -> Receipt | None:
        """Ask what became of an attempt, by the provider's id or by our own reference.

        Args:
            submission: What was submitted.
            provider_id: The provider's id, None where the answer was lost.
            submitted_at: When it was submitted (aware).

        Returns:
            What the provider knows; a receipt `missing` where it says for sure that it never had
            it; None where it cannot tell now.

        Raises:
            SendError: It could not be asked.
        """
        ...
