"""What providers call us back with: receipts and texts of recipients, and who may do so.

Every route that reports back has an address of its own, `…/receipts/ROUTE/SECRET?ref=ATTEMPT`: the
secret keeps strangers out even where a provider signs nothing, and the reference says which attempt
is meant, whatever form the provider's own ids have.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable
from urllib.parse import parse_qsl, quote, urlsplit

from rollcall.domain.receipts import Receipt
from rollcall.errors import RollcallError

REFERENCE = "ref"
"""The query parameter of a callback's address that holds the id of our attempt."""

CLOCK_SKEW_S = 300.0
"""How far a signature's own timestamp may be from our clock: 5 minutes, as vendors' SDKs do it."""


class ForgedCallbackError(RollcallError):
    """A callback is not signed by its provider, or too long ago; nothing of it counts."""


class StaleCallbackError(ForgedCallbackError):
    """A callback is signed by its provider, but so long ago that it may be a replay.

    Raised only where a provider repeats what we did not take, and documents nowhere that it signs a
    repeat anew. To refuse it would lose what an outage of the portal kept from us. A receipt is a
    fact that counts once, so a replay of it does nothing: it is taken. A text is a wish that a
    newer one may have undone: of those only what a replay may repeat without harm is taken.

    Attributes:
        signed_at_s: When it was signed, as a Unix time.
    """

    def __init__(self, reason: str, signed_at_s: float) -> None:
        super().__init__(reason, signed_at_s)
        self.signed_at_s = signed_at_s


class MalformedCallbackError(RollcallError):
    """A callback is signed as it should be, but is none that this provider documents."""


@dataclass(frozen=True, slots=True)
class Callback:
    """One HTTP request of a provider, raw.

    Attributes:
        method: `GET` or `POST`.
        url: Its address as the provider called it: the public one, with the query.
        headers: By name in small letters.
        body: As received, to the byte: signatures are computed over it.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def query(self) -> dict[str, str]:
        """Return the parameters of the address; of a repeated one the last."""
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    def form(self) -> dict[str, str]:
        """Return the fields of a form body.

        Raises:
            MalformedCallbackError: The body is no text.
        """
        try:
            return dict(parse_qsl(self.body.decode("utf-8"), keep_blank_values=True))
        except UnicodeDecodeError as error:
            raise MalformedCallbackError("the body is no form") from error


@dataclass(frozen=True, slots=True)
class InboundText:
    """A text that a recipient sent to one of our numbers.

    Attributes:
        sender: Their number, E.164 where the provider gives it so.
        receiver: Our number.
        text: What they wrote; empty where it was none.
        provider_id: The provider's id for it, by which a repeat is recognised.
        sent_at: When it was sent, or the provider had it, as the provider tells; it may be handed
            over long after.
    """

    sender: str
    receiver: str
    text: str
    provider_id: str | None = None
    sent_at: datetime | None = None


@runtime_checkable
class CallbackReader(Protocol):
    """A route whose provider calls us back."""

    route_id: str

    def verify(self, callback: Callback, now: datetime) -> None:
        """Make sure that a callback comes from the provider.

        Raises:
            StaleCallbackError: Its signature is right, but so old that it may be a replay.
            ForgedCallbackError: Its signature is missing, wrong or older still.
        """
        ...

    def read_receipts(self, callback: Callback) -> list[Receipt]:
        """Return what a callback reports; empty for a report about nothing we track.

        Raises:
            MalformedCallbackError: It is none that this provider documents.
        """
        ...

    def read_inbound(self, callback: Callback) -> list[InboundText]:
        """Return the texts that a callback hands over.

        Raises:
            MalformedCallbackError: It is none that this provider documents.
        """
        ...


def require_recent(signed_at_s: float, now: datetime, repeats_for_s: float) -> None:
    """Make sure that a signature was made lately.

    Args:
        signed_at_s: When, as a Unix time.
        now: The present moment.
        repeats_for_s: For how long the provider repeats what was not taken, in seconds.

    Raises:
        StaleCallbackError: It was made more than `CLOCK_SKEW_S` ago, but may be a repeat.
        ForgedCallbackError: It is older still, or from the future.
    """
    age_s = now.timestamp() - signed_at_s
    if not -CLOCK_SKEW_S <= age_s <= repeats_for_s + CLOCK_SKEW_S:  # so written, NaN is refused
        raise ForgedCallbackError("signed too long ago, or in the future")
    if age_s > CLOCK_SKEW_S:
        raise StaleCallbackError("signed too long ago for all but a repeat", signed_at_s)


def callback_url(base_url: str | None, attempt_id: str) -> str | None:
    """Return the address at which an attempt's receipts are awaited, None where none are.

    Args:
        base_url: `https://…/receipts/ROUTE/SECRET`, as `receipts_address` makes it.
        attempt_id: The attempt.
    """
    return f"{base_url}?{REFERENCE}={attempt_id}" if base_url else None


def receipts_address(public_url: str, route_id: str, secret: str) -> str:
    """Return the address that is a route's own, without a reference."""
    return f"{public_url.rstrip('/')}/receipts/{quote(route_id)}/{quote(secret, safe='')}"
