"""The request by which a configured carrier takes a message; what is always the same is made once.

Building a request anew, headers and all, takes a fifth of the time that a message takes.
"""

from collections.abc import Mapping

import httpx

from rollcall.routes.sms.http_body import BodyTemplate
from rollcall.routes.sms.http_settings import HttpSmsSettings
from rollcall.routes.templates import fill_text, find_placeholders
from rollcall.routes.whole import WholeRequest

CONTENT_TYPES = {"json": "application/json", "form": "application/x-www-form-urlencoded"}


class RequestBuilder:
    """Builds the requests of one route.

    Args:
        settings: How the carrier is addressed.
    """

    def __init__(self, settings: HttpSmsSettings) -> None:
        self._method = settings.method
        self._is_query = settings.body_format == "query"
        self._url = httpx.URL(str(settings.url))
        self._body = BodyTemplate(settings.body, settings.body_format)
        headers = {name: template.get_secret_value() for name, template in settings.headers.items()}
        self._own_headers = {
            name: template for name, template in headers.items() if find_placeholders(template)
        }
        self._headers = httpx.Headers(headers)
        if settings.body_format in CONTENT_TYPES:
            self._headers.setdefault("Content-Type", CONTENT_TYPES[settings.body_format])

    def build(self, values: Mapping[str, str]) -> httpx.Request:
        """Build the request for one message.

        Args:
            values: What stands for each placeholder.
        """
        url, body = self._url, self._body.fill(values)
        if self._is_query:
            url, body = url.copy_with(query=b"&".join(filter(None, (url.query, body)))), b""
        return self._address(WholeRequest(self._method, url, self._headers, body), values)

    def build_check(self) -> httpx.Request:
        """Build a request for the headers of the carrier's address, which sends nothing."""
        values = {"reference": "check", "idempotency_key": "check"}
        return self._address(WholeRequest("HEAD", self._url, self._headers), values)

    def _address(self, request: httpx.Request, values: Mapping[str, str]) -> httpx.Request:
        for name, template in self._own_headers.items():
            request.headers[name] = fill_text(template, values)
        return request
