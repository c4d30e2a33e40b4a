"""Any of the services that Apprise knows, as a last way to a person: its URL is the route.

Apprise says no more than "it worked" or "it did not": no id, no reason, no receipt. So

    it worked                          accepted
    it did not, before anything left   refused: no service of Apprise has such a URL
    it did not                         unknown: a timeout after the message was taken looks the same

A message to a target that all share is a delivery to nobody, so the URL must name the recipient by
`{to}`. Apprise's own pauses between messages (5.5 s by default) are off: how fast a route may be
used says `messages_per_s`.
"""

import asyncio
import logging
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Literal, Self, TypeVar
from urllib.parse import quote

from pydantic import Field, SecretStr, model_validator

from rollcall.clock import Clock
from rollcall.domain.message import Channel
from rollcall.errors import OutcomeUnknownError, RecipientError, RouteError
from rollcall.routes.base import Acceptance, Submission
from rollcall.routes.email.mime import parse_mailbox
from rollcall.routes.settings import BaseRouteSettings
from rollcall.routes.templates import fill_text, find_placeholders

if TYPE_CHECKING:
    from apprise import NotifyBase

for _name in ("apprise", "urllib3"):
    # they name targets, thus people, at every level; what came of a message says our own log
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)

Result = TypeVar("Result")
Verdict = Literal["accepted", "rejected", "unknown"]

VERDICTS: dict[bool | None, Verdict] = {True: "accepted", False: "unknown", None: "rejected"}
"""What Apprise returns → what it means; it returns None where it found nobody to notify."""

NOT_UNDERSTOOD = "Apprise does not understand the url"

_EXAMPLES: dict[str, str] = {"email": "check@example.org", "sms": "+12025550100"}
"""Addresses that belong to nobody, to see whether a URL is understood; nothing is sent to them."""


class AppriseSettings(BaseRouteSettings):
    """A service that Apprise knows."""

    kind: Literal["apprise"]

    url: SecretStr = Field(
        description="Apprise's URL for the service, with {to} for the recipient."
    )
    carries: Literal["email", "sms"] = Field(
        description='Whom it reaches by what: "email" or "sms".'
    )
    number_format: Literal["e164", "digits"] = Field(
        default="e164", description='How {to} writes a number: "+4930…" or "4930…".'
    )

    @property
    def channel(self) -> Channel:
        """Return the channel it serves."""
        return self.carries

    @model_validator(mode="after")
    def _check_url(self) -> Self:
        if find_placeholders(self.url.get_secret_value()) != {"to"}:
            raise ValueError("url should hold {to}, and no other placeholder")
        if "://" not in self.url.get_secret_value().partition("{to}")[0]:
            raise ValueError("url should begin with a service, such as twilio://")
        return self

    @model_validator(mode="after")
    def _check_what_apprise_lacks(self) -> Self:
        for name in ("receipt_secret", "answers_lookups", "honours_idempotency_key", "ca_file"):
            if getattr(self, name):
                raise ValueError(f"{name}: Apprise has nothing of the kind")
        return self


class AppriseRoute:
    """One service that Apprise knows.

    Args:
        settings: Which service.
        clock: Not used.
        callback: Not used: Apprise has no receipts.
    """

    def __init__(
        self,
        settings: AppriseSettings,
        clock: Clock | None = None,
        callback: str | None = None,
    ) -> None:
        del clock, callback
        self.route_id = settings.id
        self.channel: Channel = settings.carries
        self._settings = settings
        self._places = asyncio.Semaphore(settings.max_connections)
        self._threads = ThreadPoolExecutor(
            settings.max_connections, thread_name_prefix=f"apprise-{settings.id}"
        )

    async def submit(self, submission: Submission) -> Acceptance:
        """Hand one message to the service.

        Raises:
            RouteError: The URL is none of Apprise's, or no thread came free: certainly not sent.
            RecipientError: The address is none.
            OutcomeUnknownError: It did not work, and Apprise does not say why.
        """
        self._check_address(submission.address)
        await self._reserve_place()
        verdict = await self._run(lambda: _notify(self._settings, submission))
        match verdict:
            case "accepted":
                return Acceptance(None)
            case "rejected":
                raise RouteError(NOT_UNDERSTOOD, self.route_id, None, "rejected")
            case _:
                raise OutcomeUnknownError("it did not work, Apprise says no more", self.route_id)

    async def check(self) -> str:
        """See whether Apprise understands the URL; the service itself is not asked.

        Raises:
            RouteError: It does not.
        """
        await self._reserve_place()
        service = await self._run(lambda: _name_service(self._settings))
        if service is None:
            raise RouteError(NOT_UNDERSTOOD, self.route_id, None, "rejected")
        return f"Apprise understands the url ({service}); the service was not asked"

    async def aclose(self) -> None:
        """Take no more messages, wait for none; safe to call twice."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _check_address(self, address: str) -> None:
        """Refuse what services would ignore, to write to their own sender instead."""
        try:
            if self.channel == "email":
                parse_mailbox(address)
            elif not re.fullmatch(r"\+[1-9][0-9]{6,14}", address):
                raise ValueError  # noqa: TRY301 - one way out for both
        except ValueError:  # unchained: it may quote the address
            raise RecipientError("the address is malformed", self.route_id) from None

    async def _reserve_place(self) -> None:
        try:
            async with asyncio.timeout(self._settings.answer_timeout_s):
                await self._places.acquire()
        except TimeoutError as exc:
            raise RouteError("no thread came free", self.route_id, None, "unavailable") from exc

    async def _run(self, work: Callable[[], Result]) -> Result:
        """Do work in a thread, which keeps its place until it is done, whether we wait or not.

        Raises:
            OutcomeUnknownError: It takes longer than a message may take.
        """
        running = asyncio.get_running_loop().run_in_executor(self._threads, work)
        running.add_done_callback(lambda _: self._places.release())
        limit_s = self._settings.connect_timeout_s + 2 * self._settings.answer_timeout_s
        done, _ = await asyncio.wait((running,), timeout=limit_s)
        if not done:
            raise OutcomeUnknownError("no end in time", self.route_id)
        return running.result()


def _notify(settings: AppriseSettings, submission: Submission) -> Verdict:
    service = _open_service(settings, submission.address)
    if service is None:
        return "rejected"
    try:
        return VERDICTS[_send(service, settings, submission)]
    except Exception:  # noqa: BLE001 - whatever 150 services raise; unchained: it may quote anything
        return "unknown"


def _send(service: "NotifyBase", settings: AppriseSettings, submission: Submission) -> bool | None:
    import apprise  # noqa: PLC0415 - takes a third of a second

    wants_html = service.notify_format == apprise.NotifyFormat.HTML
    html = submission.html if wants_html else None
    services = apprise.Apprise(asset=service.asset)
    services.add(service)
    return services.notify(
        body=submission.text if html is None else html,
        title=(submission.subject or "") if settings.carries == "email" else "",
        body_format=apprise.NotifyFormat.TEXT if html is None else apprise.NotifyFormat.HTML,
        interpret_escapes=False,
    )


def _name_service(settings: AppriseSettings) -> str | None:
    service = _open_service(settings, _EXAMPLES[settings.carries])
    return None if service is None else str(service.service_name)


def _open_service(settings: AppriseSettings, address: str) -> "NotifyBase | None":
    """Make the service of one recipient, with all of Apprise's own ideas of delivery off."""
    import apprise  # noqa: PLC0415 - takes a third of a second

    asset = apprise.AppriseAsset(
        app_id="Rollcall", app_desc="Rollcall", async_mode=False, http_redirects=False
    )
    to = address.removeprefix("+") if settings.number_format == "digits" else address
    url = fill_text(settings.url.get_secret_value(), {"to": quote(to, safe="")})
    try:
        service = apprise.Apprise.instantiate(url, asset=asset)
    except Exception:  # noqa: BLE001 - whatever 150 services make of a URL that is none of theirs
        return None
    if service is None:
        return None
    service.request_rate_per_sec = 0
    service.retry = 0  # to send again after a lost answer is for the engine to decide
    service.optional = False  # with it, "it did not work" would come back as "it worked"
    service.socket_connect_timeout = settings.connect_timeout_s
    service.socket_read_timeout = settings.answer_timeout_s
    return service
