"""The doors for members: their page by personal link, and what they answer and write on it.

410  the link is unknown, has expired, or its chat is archived: the same answer, after the same work
429  too many such links, or too many entries of one member (with Retry-After)
403  the form was not issued for this page, or another site sent it
413  larger than 64 KB, not read on     408  handed over too slowly     415  no form
422  the text is empty, too long, or holds control characters; it is kept in the form
503  not committed: to be sent again; the page holds what was sent
303  committed (200 with the page, for a script)

A GET or HEAD changes nothing: scanners of mail and messengers follow links.
"""

import logging
import math
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from rollcall.clock import Clock
from rollcall.domain.personal_links import digest_token, looks_like_token
from rollcall.errors import LedgerError
from rollcall.ledger.entries import Entry, Recorded
from rollcall.ledger.member_pages import MemberPage, PageRequest
from rollcall.portal.catalogues import choose_page_language
from rollcall.portal.entry_forms import EntryForms, NotTakenError
from rollcall.portal.grouping import Grouped
from rollcall.portal.guesses import Guesses
from rollcall.portal.headers import PAGE_HEADERS
from rollcall.portal.nonces import Nonces
from rollcall.portal.page_requests import (
    BY_SCRIPT,
    comes_from_elsewhere,
    find_client,
    read_form,
    read_skip,
)
from rollcall.portal.page_writer import NOTHING_SENT, PageWriter, Sent
from rollcall.portal.reception import RETRY_AFTER_S, answer
from rollcall.portal.requests import RefusedError

log = logging.getLogger(__name__)

Reads = Grouped[PageRequest, MemberPage | None]
Writes = Grouped[Entry, Recorded]

_ReadForm = Callable[[MemberPage, Mapping[str, str], datetime], Entry]


@dataclass(frozen=True, slots=True)
class _Visit:
    """A request with a link that works."""

    request: Request
    token: str
    member: MemberPage

    @property
    def language(self) -> str:
        asked = self.request.headers.get("accept-language", "")
        return choose_page_language(self.member.language, asked, self.member.chat_language)


class MemberDoor:
    """Serves members, as an async context manager.

    Args:
        reads: What finds a member's page.
        writes: What commits entries.
        writer: What writes pages.
        nonces: What issues the nonces of forms.
        public_url: Where recipients reach the portal.
        clock: What tells the time.
    """

    def __init__(
        self,
        *,
        reads: Reads,
        writes: Writes,
        writer: PageWriter,
        nonces: Nonces,
        public_url: str,
        clock: Clock,
    ) -> None:
        self._reads = reads
        self._writes = writes
        self._writer = writer
        self._nonces = nonces
        self._public_url = public_url
        self._clock = clock
        self._forms = EntryForms(nonces)
        self._guesses = Guesses()
        self._open = AsyncExitStack()

    async def __aenter__(self) -> "MemberDoor":
        await self._open.enter_async_context(self._reads)
        await self._open.enter_async_context(self._writes)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    def routes(self) -> list[Route]:
        """Return the addresses that are served."""
        return [
            Route("/c/{token}", self.show, methods=["GET"]),
            Route("/c/{token}/state", self.tell_state, methods=["GET"]),
            Route("/c/{token}/answer", self.take_answer, methods=["POST"]),
            Route("/c/{token}/reply", self.take_reply, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Answer with a member's page."""
        try:
            visit = await self._admit(request, with_posts=True)
        except LedgerError as error:
            return self._unavailable(request, error)
        return self._show(visit) if visit else self._gone(request)

    async def tell_state(self, request: Request) -> Response:
        """Answer with a short text that changes when the page does."""
        try:
            visit = await self._admit(request)
        except LedgerError as error:
            return self._unavailable(request, error)
        if visit is None:
            return self._gone(request)
        return Response(visit.member.version, headers=PAGE_HEADERS, media_type="text/plain")

    async def take_answer(self, request: Request) -> Response:
        """Take an answer to "Are you OK?"."""
        return await self._take(request, self._forms.read_answer)

    async def take_reply(self, request: Request) -> Response:
        """Take a reply."""
        return await self._take(request, self._forms.read_post)

    async def _take(self, request: Request, read: _ReadForm) -> Response:
        try:
            form = await read_form(request)
        except RefusedError as refused:
            return self._notice(request, refused.status)
        except ClientDisconnect:
            return answer(HTTPStatus.BAD_REQUEST)  # to nobody
        try:
            visit = await self._admit(request)
            if visit is None:
                return self._gone(request)
            return await self._commit(visit, form, read)
        except LedgerError as error:
            return self._unavailable(request, error, form)

    async def _commit(self, visit: _Visit, form: Mapping[str, str], read: _ReadForm) -> Response:
        try:
            self._require_own_page(visit)
            entry = read(visit.member, form, self._clock.now())
        except NotTakenError as refused:
            return await self._show_again(visit.request, refused)
        if await self._writes.ask(entry) == "closed":
            return self._notice(visit.request, HTTPStatus.GONE)
        if BY_SCRIPT in visit.request.headers:
            return await self.show(visit.request)
        location = {"Location": self._writer.url_of(visit.token)}
        return Response(status_code=HTTPStatus.SEE_OTHER, headers=PAGE_HEADERS | location)

    def _require_own_page(self, visit: _Visit) -> None:
        if comes_from_elsewhere(visit.request.headers, self._public_url):
            raise NotTakenError(HTTPStatus.FORBIDDEN, Sent("stale"))

    async def _admit(self, request: Request, *, with_posts: bool = False) -> _Visit | None:
        """Find whose link a request comes with; whatever it looks like, it is looked for.

        Raises:
            LedgerError: The ledger does not answer.
        """
        token = request.path_params["token"]
        skip = read_skip(request)
        found = await self._reads.ask(PageRequest(digest_token(token), skip, with_posts))
        return _Visit(request, token, found) if found else None

    def _show(
        self, visit: _Visit, status: HTTPStatus = HTTPStatus.OK, sent: Sent = NOTHING_SENT
    ) -> Response:
        html = self._writer.write_page(
            visit.member,
            visit.token,
            self._nonces.issue(visit.member.token_digest),
            visit.language,
            read_skip(visit.request),
            sent,
        )
        return _respond(html, status)

    async def _show_again(self, request: Request, refused: NotTakenError) -> Response:
        """Answer with the page, what was written on it, and why it was not taken."""
        visit = await self._admit(request, with_posts=True)
        if visit is None:
            return self._gone(request)
        shown = self._show(visit, refused.status, refused.sent)
        if refused.retry_after_s:
            shown.headers["Retry-After"] = str(math.ceil(refused.retry_after_s))
        return shown

    def _gone(self, request: Request) -> Response:
        """Answer to a link that leads nowhere, for whatever reason."""
        wait_s = self._guesses.note(find_client(request), self._clock.now())
        if not wait_s:
            return self._notice(request, HTTPStatus.GONE)
        limited = self._notice(request, HTTPStatus.TOO_MANY_REQUESTS)
        limited.headers["Retry-After"] = str(math.ceil(wait_s))
        return limited

    def _unavailable(
        self, request: Request, error: LedgerError, form: Mapping[str, str] | None = None
    ) -> Response:
        """Say that nothing was saved, and hand back what was sent."""
        log.warning("member not served", extra={"reason": str(error)})
        is_token = looks_like_token(request.path_params["token"])
        url = self._writer.root + request.url.path if form and is_token else ""
        html = self._writer.write_notice(
            _ask_language(request), HTTPStatus.SERVICE_UNAVAILABLE, url, (form or {}).items()
        )
        shown = _respond(html, HTTPStatus.SERVICE_UNAVAILABLE)
        shown.headers["Retry-After"] = str(RETRY_AFTER_S)
        return shown

    def _notice(self, request: Request, status: HTTPStatus) -> Response:
        shown = _respond(self._writer.write_notice(_ask_language(request), status), status)
        if status in (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.REQUEST_TIMEOUT):
            shown.headers["Connection"] = "close"
        return shown


def _ask_language(request: Request) -> str:
    return choose_page_language(None, request.headers.get("accept-language", ""))


def _respond(html: str, status: HTTPStatus) -> Response:
    return Response(html, status, PAGE_HEADERS, "text/html")
