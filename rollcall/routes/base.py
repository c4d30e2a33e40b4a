"""What every way out has in common: a submission in, an acceptance or a `SendError` out."""

from dataclasses import dataclass
from typing import Protocol

from rollcall.domain.message import Channel


@dataclass(frozen=True, slots=True)
class Submission:
    """One message to one recipient, ready for any route of its channel.

    Attributes:
        delivery_id: The delivery this is a try of; the same on every try and every route.
        attempt_id: This try.
        idempotency_key: Per delivery and route, so that the same route can recognise a repeat.
        address: E.164 number, or email address.
        subject: Email only.
        text: Plain text, rendered.
        html: Email only.
    """

    delivery_id: str
    attempt_id: str
    idempotency_key: str
    address: str
    text: str
    subject: str | None = None
    html: str | None = None


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
