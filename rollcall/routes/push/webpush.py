"""Web Push (RFC 8030): a notification to every device of a person, by their browsers' services.

One delivery is one person: it is taken when one push service at least has taken it. On every try
and every copy `Topic` is the same, by which a push service replaces what it has not handed on, and
`id` in the payload, by which a device does: a repeat is harmless.
"""

import asyncio
import re
from datetime import datetime
from typing import Final, Literal, Protocol, Self

import httpx
from pydantic import Field, SecretStr, field_validator, model_validator

from rollcall.clock import Clock, SystemClock
from rollcall.domain.message import Channel
from rollcall.domain.push import PushSubscription, write_payload
from rollcall.errors import LedgerError, RecipientError, RouteError, SendError
from rollcall.routes.base import Acceptance, Submission
from rollcall.routes.http import HttpRoute, exchange, open_client
from rollcall.routes.push.answers import Result, conclude_devices, read_push_answer
from rollcall.routes.push.encryption import encrypt_payload
from rollcall.routes.push.endpoints import EndpointError, PublicResolver, read_endpoint
from rollcall.routes.push.vapid import VapidSigner, public_key_of, read_private_key
from rollcall.routes.settings import BaseRouteSettings
from rollcall.routes.verdicts import require_acceptance
from rollcall.routes.whole import WholeRequest

TOPIC_CHARS: Final = 32
"""Longest topic, of the characters of base64url (RFC 8030 §5.4); a delivery's id is one."""

NO_DEVICE: Final = "no device of theirs has notifications switched on any more"


class PushDirectory(Protocol):
    """Knows which devices people have, and forgets those that are gone."""

    async def find(self, person_id: str) -> list[PushSubscription]:
        """Return where notifications to somebody go now.

        Raises:
            LedgerError: It cannot be known now.
        """
        ...

    async def drop(self, subscription: PushSubscription) -> None:
        """Forget a subscription that is gone; never raises."""
        ...


class WebPushSettings(BaseRouteSettings):
    """Notifications to those who have the app."""

    kind: Literal["webpush"]

    @property
    def channel(self) -> Channel:
        """Return the channel it serves."""
        return "push"

    subject: str = Field(
        description='Whom push services can reach: "mailto:crisis@example.org" or "https://…".'
    )
    vapid_private_key: SecretStr | None = Field(
        default=None,
        description="Our key (VAPID), 43 characters of base64url; default: made once.",
    )
    ttl_h: float = Field(
        default=24.0,
        gt=0,
        le=672,
        description="Hours for which a message is kept for a device that is off.",
    )
    hosts: tuple[str, ...] = Field(
        default=(), description="Push services that may be called; empty: all public ones."
    )
    allow_loopback: bool = Field(
        default=False, description="Call push services on this machine too: for tests and demos."
    )
    honours_idempotency_key: bool = Field(
        default=True, description="A repeat replaces what it repeats."
    )

    @model_validator(mode="after")
    def _check_what_push_lacks(self) -> Self:
        for name in ("receipt_secret", "answers_lookups", "countries", "prefixes"):
            if getattr(self, name):
                raise ValueError(f"{name}: push services have nothing of the kind")
        return self

    @field_validator("subject")
    @classmethod
    def _check_subject(cls, subject: str) -> str:
        # Apple refuses spaces, and names without a dot
        if not re.fullmatch(
            r"(mailto:[^\s@:]+@|https://)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+\S*", subject
        ):
            raise ValueError(
                'should look like "mailto:crisis@example.org" or "https://example.org"'
            )
        return subject

    @field_validator("vapid_private_key")
    @classmethod
    def _check_key(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None:
            read_private_key(key.get_secret_value())
        return key

    @field_validator("hosts")
    @classmethod
    def _check_hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        if any(not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", host) for host in hosts):
            raise ValueError('should be names like "fcm.googleapis.com", in small letters')
        return hosts

    @property
    def public_key(self) -> str | None:
        """Return what browsers subscribe with (`applicationServerKey`), None without a key."""
        key = self.vapid_private_key
        return None if key is None else public_key_of(key.get_secret_value())


class WebPushRoute(HttpRoute):
    """The way to all browsers' push services.

    Args:
        settings: Who we are, and whom we call.
        clock: For time to live, and dates in Retry-After.
        callback: Not used: push services report nothing.
    """

    channel: Channel = "push"

    def __init__(
        self,
        settings: WebPushSettings,
        clock: Clock | None = None,
        callback: str | None = None,  # noqa: ARG002 - every route is made alike
    ) -> None:
        self.route_id = settings.id
        self.directory: PushDirectory | None = None
        self._settings = settings
        self._clock = clock or SystemClock()
        key = settings.vapid_private_key
        self._signer = VapidSigner(key.get_secret_value(), settings.subject) if key else None
        allows_loopback = settings.allow_loopback
        self._client = open_client(
            settings, make_resolver=lambda: PublicResolver(allows_loopback=allows_loopback)
        )

    async def submit(self, submission: Submission) -> Acceptance:
        """Notify all devices that a person has now; `address` is the person's id.

        Raises:
            RouteError: No push service took it, and none has it.
            RecipientError: The person has no device that can be notified any more.
            OutcomeUnknownError: A request left, and no answer told what became of it.
        """
        subscriptions = await self._find(submission.address)
        if not subscriptions:
            raise RecipientError(NO_DEVICE, self.route_id)
        payload = write_payload(
            submission.subject or "", submission.text, submission.link, submission.delivery_id
        )
        results = await asyncio.gather(
            *(self._notify(one, submission, payload) for one in subscriptions)
        )
        return require_acceptance(conclude_devices(results))

    async def check(self) -> str:
        """Say whether there is all that is needed here; no push service is called.

        Which one it is, a browser says when it subscribes.

        Raises:
            RouteError: There is no key.
        """
        if self._signer is None:
            raise RouteError("has no VAPID key", self.route_id)
        return "has a VAPID key; push services are only called with a message"

    async def _find(self, person_id: str) -> list[PushSubscription]:
        if self.directory is None:
            raise RouteError("nobody told where devices are", self.route_id)
        try:
            return await self.directory.find(person_id)
        except LedgerError as error:
            reason = "the ledger did not tell where devices are"
            raise RouteError(reason, self.route_id, None, "temporary") from error

    async def _notify(
        self, subscription: PushSubscription, submission: Submission, payload: bytes
    ) -> Result:
        """Notify one device, and forget it if its push service has."""
        try:
            request = self._build_request(subscription, submission, payload)
            response = await exchange(self._client, request, self.route_id)
        except ValueError as error:  # an endpoint that is not called, keys or a name that are none
            told = str(error) if isinstance(error, EndpointError) else "its subscription is none"
            return Result(RecipientError(f"a device cannot be notified: {told}", self.route_id))
        except SendError as error:
            return Result(error)
        result = read_push_answer(response, self.route_id, self._clock.now())
        if result.is_gone and self.directory is not None:
            await self.directory.drop(subscription)
        return result

    def _build_request(
        self, subscription: PushSubscription, submission: Submission, payload: bytes
    ) -> httpx.Request:
        settings, now = self._settings, self._clock.now()
        url = read_endpoint(
            subscription.endpoint, settings.hosts, allows_loopback=settings.allow_loopback
        )
        if self._signer is None:
            raise RouteError("has no VAPID key", self.route_id)
        headers = {
            "Authorization": self._signer.authorise(_origin_of(url), now),
            "Content-Type": "application/octet-stream",
            "Content-Encoding": "aes128gcm",
            "TTL": str(self._time_to_live_s(submission.expires_at, now)),
            "Urgency": "high",
            "Topic": submission.delivery_id[:TOPIC_CHARS],
        }
        body = encrypt_payload(payload, subscription)
        return WholeRequest("POST", url.copy_with(fragment=None), httpx.Headers(headers), body)

    def _time_to_live_s(self, expires_at: datetime | None, now: datetime) -> int:
        """Return for how long a push service keeps the message, in seconds: 0 is not at all."""
        kept_s = self._settings.ttl_h * 3600
        left_s = kept_s if expires_at is None else (expires_at - now).total_seconds()
        return max(int(min(kept_s, left_s)), 0)


def _origin_of(url: httpx.URL) -> str:
    """Return scheme, host and port of an address (RFC 6454), as push services name themselves."""
    return f"{url.scheme}://{url.netloc.decode('ascii')}"
