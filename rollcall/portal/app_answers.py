"""The app's answers: pages in the language that is wanted, redirects, words for its script."""

import json
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from rollcall.ledger.app_devices import Device
from rollcall.portal.app_writer import AppWriter, Own
from rollcall.portal.catalogues import choose_page_language
from rollcall.portal.headers import secure
from rollcall.portal.reception import RETRY_AFTER_S

_NOT_READ_ON = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.REQUEST_TIMEOUT)


class AppAnswers:
    """Makes answers.

    Args:
        writer: What writes pages.
    """

    def __init__(self, writer: AppWriter) -> None:
        self._writer = writer

    def home(self, request: Request, own: Own) -> Response:
        """Answer with the app's first page."""
        language = choose_language(request, own.device)
        return _page(self._writer.write_home(own, language))

    def emergency(self, request: Request, own: Own) -> Response:
        """Answer with the page of emergencies."""
        language = choose_language(request, own.device)
        return _page(self._writer.write_emergency(own, language))

    def join(self, request: Request, token: str, nonce: str) -> Response:
        """Answer with the page that asks whether to enrol."""
        return _page(self._writer.write_join(token, nonce, choose_language(request)))

    def stranger(self, request: Request) -> Response:
        """Answer a device that is not known: never enrolled, or revoked."""
        html = self._writer.write_stranger(choose_language(request))
        return _page(html, HTTPStatus.FORBIDDEN)

    def offline(self, request: Request) -> Response:
        """Answer with what is shown without a connection; kept by the service worker."""
        return _page(self._writer.write_offline(choose_language(request)))

    def notice(
        self, request: Request, status: HTTPStatus, device: Device | None = None
    ) -> Response:
        """Answer that something cannot be done."""
        html = self._writer.write_notice(choose_language(request, device), status)
        shown = _page(html, status)
        if status in _NOT_READ_ON:
            shown.headers["Connection"] = "close"
        return shown

    def unavailable(self, request: Request) -> Response:
        """Answer that nothing is saved, and when to come again."""
        shown = self.notice(request, HTTPStatus.SERVICE_UNAVAILABLE)
        shown.headers["Retry-After"] = str(RETRY_AFTER_S)
        return shown

    def redirect(self, path: str) -> Response:
        """Lead to another page of the portal."""
        location = {"Location": self._writer.root + path}
        return secure(Response(status_code=HTTPStatus.SEE_OTHER, headers=location))

    def tell(self, told: dict[str, Any]) -> Response:
        """Answer the app's script."""
        return secure(Response(json.dumps(told), media_type="application/json"))


def choose_language(request: Request, device: Device | None = None) -> str:
    """Return the language of a page: the browser's, else that which the device was enrolled in."""
    asked = request.headers.get("accept-language", "")
    return choose_page_language(None, asked, device.language if device else None)


def _page(html: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return secure(Response(html, status, media_type="text/html"))
