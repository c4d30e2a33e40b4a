"""The doors of the portal: who may come in, in which order it is looked at, what is answered.

404  unknown route, or wrong secret: the same answer, after the same work
405  a method that no provider uses      413  larger than 64 KB, not read on
408  handed over too slowly              415  of a kind that no provider sends
403  not signed by the provider: nothing of it is stored
400  signed, but none that the provider documents
503  not committed: call again (with Retry-After)
200  committed
"""

import hashlib
import hmac
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Final

from pydantic import SecretStr
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from rollcall.clock import Clock
from rollcall.errors import LedgerError
from rollcall.ledger.arrivals import Arrival
from rollcall.portal.intake import Intake
from rollcall.portal.reading import read_receipts, read_texts
from rollcall.portal.repeats import RecentTexts
from rollcall.portal.requests import (
    RefusedError,
    make_callback,
    read_body,
    require_content_type,
)
from rollcall.routes.callbacks import (
    Callback,
    CallbackReader,
    ForgedCallbackError,
    MalformedCallbackError,
)

RETRY_AFTER_S: Final = 10
"""What we ask for when the ledger does not answer."""

log = logging.getLogger(__name__)

_Read = Callable[[CallbackReader, Callback, datetime], Arrival]

_UNREAD: Final = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.REQUEST_TIMEOUT)
"""After these the connection ends: the rest of the body is not wanted."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A route whose provider may call us.

    Attributes:
        reader: What verifies and reads its callbacks.
        secret: What stands in the address that was given to the provider.
    """

    reader: CallbackReader
    secret: SecretStr


class Reception:
    """Takes callbacks.

    Args:
        callers: Who may call, by route.
        intake: Where it goes.
        public_url: How providers reach us, without a slash at the end.
        clock: What tells whether a signature is too old.
    """

    def __init__(
        self, callers: Mapping[str, Caller], intake: Intake, public_url: str, clock: Clock
    ) -> None:
        self._readers = {route_id: caller.reader for route_id, caller in callers.items()}
        self._digests = {
            route_id: _digest(caller.secret.get_secret_value())
            for route_id, caller in callers.items()
        }
        self._nobody = secrets.token_bytes(32)
        self._intake = intake
        self._recent = RecentTexts()
        self._public_url = public_url
        self._clock = clock

    async def take_receipts(self, request: Request) -> Response:
        """Answer what a provider reports about attempts."""
        return await self._take(request, read_receipts)

    async def take_texts(self, request: Request) -> Response:
        """Answer a text of a recipient: STOP and START are applied, others are read for answers."""
        return await self._take(request, read_texts)

    async def _take(self, request: Request, read: _Read) -> Response:
        try:
            reader = self._admit(request)
            if request.method in ("GET", "POST"):
                await self._take_from(reader, request, read)
        except RefusedError as refused:
            return answer(refused.status)
        except ClientDisconnect:
            return answer(HTTPStatus.BAD_REQUEST)  # to nobody
        return answer(HTTPStatus.OK)

    def _admit(self, request: Request) -> CallbackReader:
        """Return who calls; an unknown route costs as much time as a wrong secret."""
        route_id = request.path_params["route_id"]
        expected = self._digests.get(route_id, self._nobody)
        is_right = hmac.compare_digest(_digest(request.path_params["secret"]), expected)
        reader = self._readers.get(route_id)
        if reader is None or not is_right:
            raise RefusedError(HTTPStatus.NOT_FOUND)
        return reader

    async def _take_from(self, reader: CallbackReader, request: Request, read: _Read) -> None:
        if request.method == "POST":
            require_content_type(request.headers)
        body = await read_body(request)
        arrival = self._read(reader, make_callback(request, self._public_url, body), read)
        new = self._recent.leave_out(arrival)
        try:
            await self._intake.take(new)
        except LedgerError as error:
            extra = {"route_id": reader.route_id, "reason": str(error)}
            log.warning("callback not committed", extra=extra)
            raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE) from None
        self._recent.note(new)

    def _read(self, reader: CallbackReader, callback: Callback, read: _Read) -> Arrival:
        try:
            return read(reader, callback, self._clock.now())
        except ForgedCallbackError:
            log.warning("callback is forged", extra={"route_id": reader.route_id})
            raise RefusedError(HTTPStatus.FORBIDDEN) from None
        except MalformedCallbackError:
            log.warning("callback is malformed", extra={"route_id": reader.route_id})
            raise RefusedError(HTTPStatus.BAD_REQUEST) from None
        except Exception as error:  # noqa: BLE001 - one route's mistake must not lose a callback
            extra = {"route_id": reader.route_id, "fault": type(error).__name__}
            # no traceback: it may quote what was called back with
            log.error("callback cannot be read", extra=extra)  # noqa: TRY400
            raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE) from None


def answer(status: HTTPStatus) -> Response:
    """Return an answer without a word in it, which nobody keeps."""
    response = Response(status_code=status, headers={"Cache-Control": "no-store"})
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    if status in _UNREAD:
        response.headers["Connection"] = "close"
    return response


def _digest(secret: str) -> bytes:
    """Make secrets of one length, so that comparing them tells nothing about theirs."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
