"""The doors of the app: a person's device enrols by a personal link and is known by its cookie.

403  the device is not known (with a page that takes a link), the form was not issued for it, or
     another site sent it
404  no such chat of theirs; notifications are not set up
410  a link that enrols nobody, for whatever reason: the same answer
413  larger than 64 KB, not read on     408  handed over too slowly     415  no form
422  what a form holds is no place, no subscription
429  too many such links, or too many reports of one device (with Retry-After)
503  not committed: to be sent again
303  committed (200 and JSON, for a script)

A GET changes nothing but when the device was last heard of. An emergency is never refused for its
number: it is the same one however often it is opened.
"""

import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from rollcall.domain.app_tokens import is_form_token, write_form_token
from rollcall.domain.personal_links import derive_token, digest_token
from rollcall.errors import LedgerError
from rollcall.ledger.app_chats import find_membership, list_own_chats
from rollcall.ledger.app_devices import (
    Device,
    find_device,
    forget_subscription,
    note_contact,
    revoke_device,
    set_consent,
    set_subscription,
)
from rollcall.ledger.app_reports import (
    end_emergency,
    find_emergency,
    open_emergency,
    record_location,
)
from rollcall.portal.allowances import Allowance
from rollcall.portal.app_answers import AppAnswers
from rollcall.portal.app_requests import (
    DeviceCookie,
    read_consent,
    read_fix,
    read_report_key,
    read_subscription,
)
from rollcall.portal.app_writer import Own
from rollcall.portal.desk import Desk
from rollcall.portal.page_requests import BY_SCRIPT, comes_from_elsewhere, read_form
from rollcall.portal.reception import answer
from rollcall.portal.requests import RefusedError

DEVICE_BURST: Final = 30
DEVICE_PER_S: Final = 0.5
"""Reports and changes of one device: more is no person's doing."""

log = logging.getLogger(__name__)

_Act = Callable[[Request, Device, Mapping[str, str]], Awaitable[Response]]


class AppDoor:
    """Serves enrolled devices; a part of the portal.

    Args:
        desk: What it works with.
        answers: What writes its answers.
    """

    def __init__(self, desk: Desk, answers: AppAnswers) -> None:
        self._desk = desk
        self._answers = answers
        self._cookie = DeviceCookie(desk.public_url)
        self._allowance = Allowance(DEVICE_BURST, DEVICE_PER_S)

    async def __aenter__(self) -> "AppDoor":
        return self

    async def __aexit__(self, *_: object) -> None: ...

    def routes(self) -> list[Route]:
        """Return the addresses that are served."""
        return [
            Route("/app", self.show_home, methods=["GET"]),
            Route("/app/chats/{chat_id}", self.open_chat, methods=["GET"]),
            Route("/app/emergency", self.at_emergency, methods=["GET", "POST"]),
            Route("/app/safe", self._taking(self._end_emergency), methods=["POST"]),
            Route("/app/consent", self._taking(self._set_consent), methods=["POST"]),
            Route("/app/location", self._taking(self._take_location), methods=["POST"]),
            Route("/app/vapid", self.show_push_key, methods=["GET"]),
            Route("/app/subscription", self._taking(self._subscribe), methods=["POST"]),
            Route("/app/subscription/forget", self._taking(self._unsubscribe), methods=["POST"]),
            Route("/app/leave", self._taking(self._leave), methods=["POST"]),
        ]

    async def show_home(self, request: Request) -> Response:
        """Answer with a person's chats, and what else the app does for them."""
        return await self._show(request, self._home)

    async def at_emergency(self, request: Request) -> Response:
        """Answer with the page that opens an emergency, or ends it; by POST, open one."""
        if request.method == "POST":
            return await self._taking(self._open_emergency)(request)
        return await self._show(request, self._emergency)

    async def open_chat(self, request: Request) -> Response:
        """Lead to a person's page of one of their chats: its link is derived, never stored."""
        return await self._show(request, self._lead_to_chat)

    async def show_push_key(self, request: Request) -> Response:
        """Answer with what browsers subscribe to notifications with."""
        return await self._show(request, self._tell_push_key)

    async def _show(
        self, request: Request, show: Callable[[Request, Device], Awaitable[Response]]
    ) -> Response:
        try:
            device = await self._admit(request)
            return await show(request, device) if device else self._answers.stranger(request)
        except LedgerError as error:
            return self._unavailable(request, error)

    async def _home(self, request: Request, device: Device) -> Response:
        chats = await self._desk.ask(list_own_chats, device.person_id, self._desk.clock.now())
        active = await self._desk.ask(find_emergency, device.person_id)
        own = Own(device, self._issue(device), active, chats, self._desk.push_key)
        shown = self._answers.home(request, own)
        self._cookie.set(shown, self._cookie.read(request) or "")
        return shown

    async def _emergency(self, request: Request, device: Device) -> Response:
        active = await self._desk.ask(find_emergency, device.person_id)
        return self._answers.emergency(request, Own(device, self._issue(device), active))

    async def _lead_to_chat(self, request: Request, device: Device) -> Response:
        chat_id = request.path_params["chat_id"]
        token = derive_token(self._desk.key, chat_id, device.person_id)
        now = self._desk.clock.now()
        found = await self._desk.ask(find_membership, digest_token(token), now)
        if found is None:
            return self._answers.notice(request, HTTPStatus.NOT_FOUND, device)
        return self._answers.redirect(f"/c/{token}")

    async def _tell_push_key(self, request: Request, device: Device) -> Response:
        if self._desk.push_key is None:
            return self._answers.notice(request, HTTPStatus.NOT_FOUND, device)
        return self._answers.tell({"public_key": self._desk.push_key})

    async def _open_emergency(
        self, _: Request, device: Device, form: Mapping[str, str]
    ) -> Response:
        key, now = read_report_key(form), self._desk.clock.now()
        await self._desk.ask(open_emergency, device.person_id, key, now)
        return self._answers.redirect("/app/emergency")

    async def _end_emergency(self, _: Request, device: Device, form: Mapping[str, str]) -> Response:
        emergency_id, now = form.get("emergency_id", ""), self._desk.clock.now()
        await self._desk.ask(end_emergency, device.person_id, emergency_id, now)
        return self._answers.redirect("/app")

    async def _set_consent(
        self, request: Request, device: Device, form: Mapping[str, str]
    ) -> Response:
        consent = read_consent(form)
        if consent is None:
            return self._answers.notice(request, HTTPStatus.UNPROCESSABLE_ENTITY, device)
        await self._desk.ask(set_consent, device.device_id, consent)
        return self._done(request, {"consent": consent})

    async def _take_location(
        self, request: Request, device: Device, form: Mapping[str, str]
    ) -> Response:
        fix = read_fix(form)
        if fix is None:
            return self._answers.notice(request, HTTPStatus.UNPROCESSABLE_ENTITY, device)
        key, now = read_report_key(form), self._desk.clock.now()
        stored = await self._desk.ask(record_location, device.device_id, fix, key, now)
        return self._done(request, {"stored": stored})

    async def _subscribe(
        self, request: Request, device: Device, form: Mapping[str, str]
    ) -> Response:
        told = read_subscription(form)
        if self._desk.push_key is None:
            return self._answers.notice(request, HTTPStatus.NOT_FOUND, device)
        if told is None:
            return self._answers.notice(request, HTTPStatus.UNPROCESSABLE_ENTITY, device)
        await self._desk.ask(set_subscription, device.device_id, told)
        return self._done(request, {"notified": True})

    async def _unsubscribe(
        self, request: Request, device: Device, _: Mapping[str, str]
    ) -> Response:
        await self._desk.ask(forget_subscription, device.device_id)
        return self._done(request, {"notified": False})

    async def _leave(self, _: Request, device: Device, __: Mapping[str, str]) -> Response:
        await self._desk.ask(revoke_device, device.device_id, self._desk.clock.now())
        left = self._answers.redirect("/app")
        self._cookie.clear(left)
        return left

    def _taking(self, act: _Act) -> Callable[[Request], Awaitable[Response]]:
        """Return the door behind which a form is acted upon."""

        async def take(request: Request) -> Response:
            try:
                return await self._take(request, act)
            except RefusedError as refused:
                return self._answers.notice(request, refused.status)
            except LedgerError as error:
                return self._unavailable(request, error)
            except ClientDisconnect:
                return answer(HTTPStatus.BAD_REQUEST)  # to nobody

        return take

    async def _take(self, request: Request, act: _Act) -> Response:
        form = await read_form(request)
        if comes_from_elsewhere(request.headers, self._desk.public_url):
            return self._answers.notice(request, HTTPStatus.FORBIDDEN)
        device = await self._admit(request)
        if device is None:
            return self._answers.stranger(request)
        if not is_form_token(self._desk.key, device.device_id, form.get("nonce", "")):
            return self._answers.notice(request, HTTPStatus.FORBIDDEN, device)
        wait_s = self._count(request, device)
        if wait_s:
            limited = self._answers.notice(request, HTTPStatus.TOO_MANY_REQUESTS, device)
            limited.headers["Retry-After"] = str(math.ceil(wait_s))
            return limited
        return await act(request, device, form)

    async def _admit(self, request: Request) -> Device | None:
        """Return whose device asks, and note that it was heard of.

        Raises:
            LedgerError: The ledger does not answer.
        """
        token = self._cookie.read(request)
        device = await self._desk.ask(find_device, token) if token else None
        if device is not None:
            await self._desk.ask(note_contact, device, self._desk.clock.now())
        return device

    def _count(self, request: Request, device: Device) -> float:
        if request.url.path in ("/app/emergency", "/app/safe"):
            return 0.0
        return self._allowance.take(device.device_id, self._desk.clock.now())

    def _issue(self, device: Device) -> str:
        return write_form_token(self._desk.key, device.device_id)

    def _done(self, request: Request, told: dict[str, Any]) -> Response:
        is_script = BY_SCRIPT in request.headers
        return self._answers.tell(told) if is_script else self._answers.redirect("/app")

    def _unavailable(self, request: Request, error: LedgerError) -> Response:
        log.warning("app not served", extra={"reason": str(error)})
        return self._answers.unavailable(request)
