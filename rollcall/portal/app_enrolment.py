"""How a device comes to be known: by a link to enrol, or the personal link of a chat.

A link is only looked at by GET, since scanners of mail follow links; a device is enrolled by POST,
from a page that was shown for this very link.
"""

import logging
import math
from collections.abc import Awaitable, Callable
from datetime import datetime
from http import HTTPStatus

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from rollcall.domain.app_tokens import (
    derive_device,
    is_form_token,
    read_enrol_token,
    write_form_token,
)
from rollcall.domain.personal_links import digest_token, looks_like_token
from rollcall.errors import LedgerError
from rollcall.ledger.app_chats import find_membership
from rollcall.ledger.app_devices import NewDevice, enrol_device, find_device
from rollcall.portal.app_answers import AppAnswers, choose_language
from rollcall.portal.app_requests import DeviceCookie, read_link
from rollcall.portal.desk import Desk
from rollcall.portal.guesses import Guesses
from rollcall.portal.page_requests import comes_from_elsewhere, find_client, read_form
from rollcall.portal.reception import answer
from rollcall.portal.requests import RefusedError

log = logging.getLogger(__name__)

_Handle = Callable[[Request], Awaitable[Response]]


class AppEnrolment:
    """Enrols devices; a part of the portal.

    Args:
        desk: What it works with.
        answers: What writes its answers.
    """

    def __init__(self, desk: Desk, answers: AppAnswers) -> None:
        self._desk = desk
        self._answers = answers
        self._cookie = DeviceCookie(desk.public_url)
        self._guesses = Guesses()

    async def __aenter__(self) -> "AppEnrolment":
        return self

    async def __aexit__(self, *_: object) -> None: ...

    def routes(self) -> list[Route]:
        """Return the addresses that are served."""
        return [
            Route("/app/offline", self.show_offline, methods=["GET"]),
            Route("/app/join", self._guarded(self._take_link), methods=["POST"]),
            Route("/app/join/{token}", self._guarded(self._show_join), methods=["GET"]),
            Route("/app/enrol", self._guarded(self._enrol), methods=["POST"]),
        ]

    async def show_offline(self, request: Request) -> Response:
        """Answer with what the app shows without a connection."""
        return self._answers.offline(request)

    async def _take_link(self, request: Request) -> Response:
        """Lead from a link that was pasted to its page; nothing is changed by it."""
        token = read_link((await read_form(request)).get("link", ""))
        return self._answers.redirect(f"/app/join/{token}") if token else self._gone(request)

    async def _show_join(self, request: Request) -> Response:
        token = request.path_params["token"]
        if await self._find_pass(token) is None:
            return self._gone(request)
        nonce = write_form_token(self._desk.key, digest_token(token))
        return self._answers.join(request, token, nonce)

    async def _enrol(self, request: Request) -> Response:
        form = await read_form(request)
        token, nonce = form.get("token", ""), form.get("nonce", "")
        if comes_from_elsewhere(request.headers, self._desk.public_url):
            return self._answers.notice(request, HTTPStatus.FORBIDDEN)
        granted = await self._find_pass(token)
        if granted is None:
            return self._gone(request)
        if not is_form_token(self._desk.key, digest_token(token), nonce):
            return self._answers.notice(request, HTTPStatus.FORBIDDEN)
        return await self._enrol_as(request, *granted, nonce)

    async def _enrol_as(
        self, request: Request, person_id: str, allowed_at: datetime, nonce: str
    ) -> Response:
        device_id, device_token = derive_device(self._desk.key, person_id, nonce)
        new = NewDevice(
            device_id,
            person_id,
            digest_token(device_token),
            choose_language(request),
            allowed_at,
            await self._find_replaced(request, device_id),
        )
        became = await self._desk.ask(enrol_device, new, self._desk.clock.now())
        if became == "refused":
            return self._gone(request)
        enrolled = self._answers.redirect("/app")
        self._cookie.set(enrolled, device_token)
        return enrolled

    async def _find_pass(self, token: str) -> tuple[str, datetime] | None:
        """Return as whom a link may enrol, and since when; None for one that may not.

        Raises:
            LedgerError: The ledger does not answer.
        """
        now = self._desk.clock.now()
        if looks_like_token(token):
            return await self._desk.ask(find_membership, digest_token(token), now)
        granted = read_enrol_token(self._desk.key, token, now)
        return (granted.person_id, granted.issued_at) if granted else None

    async def _find_replaced(self, request: Request, device_id: str) -> str | None:
        """Return which device this browser was until now."""
        token = self._cookie.read(request)
        before = await self._desk.ask(find_device, token) if token else None
        return before.device_id if before and before.device_id != device_id else None

    def _guarded(self, handle: _Handle) -> _Handle:
        async def guarded(request: Request) -> Response:
            try:
                return await handle(request)
            except RefusedError as refused:
                return self._answers.notice(request, refused.status)
            except LedgerError as error:
                log.warning("app not served", extra={"reason": str(error)})
                return self._answers.unavailable(request)
            except ClientDisconnect:
                return answer(HTTPStatus.BAD_REQUEST)  # to nobody

        return guarded

    def _gone(self, request: Request) -> Response:
        """Answer to a link that enrols nobody, for whatever reason."""
        wait_s = self._guesses.note(find_client(request), self._desk.clock.now())
        if not wait_s:
            return self._answers.notice(request, HTTPStatus.GONE)
        limited = self._answers.notice(request, HTTPStatus.TOO_MANY_REQUESTS)
        limited.headers["Retry-After"] = str(math.ceil(wait_s))
        return limited
