"""The request by which a configured carrier takes a message; what is always the same is made once.

Building a request anew, headers and all, takes a fifth of the time that a message takes.
"""

import json
from collections.abc import Mapping
from urllib.parse import urlencode

import httpx
from pydantic import JsonValue

from rollcall.routes.sms.http_settings import HttpSmsSettings
from rollcall.routes.templates import compile_template

CONTENT_TYPES = {"json": "application/json", "form": "application/x-www-form-urlencoded"}

_Headers = list[tuple[bytes, bytes]]


class RequestBuilder:
    """Builds the requests of one route.

    Args:
        settings: How the carrier is addressed.
    """

    def __init__(self, settings: HttpSmsSettings) -> None:
        self._method = settings.method
        self._body_format = settings.body_format
        self._url = httpx.URL(str(settings.url))
        self._body = {name: compile_template(part) for name, part in settings.body.items()}
        headers = {name: template.get_secret_value() for name, template in settings.headers.items()}
        self._headers = [
            (name.encode("ascii"), compile_template(template)) for name, template in headers.items()
        ]
        self._fixed_headers: _Headers = [(b"Host", self._url.netloc)]
        is_typed = "content-type" in (name.lower() for name in headers)
        if settings.body_format in CONTENT_TYPES and not is_typed:
            content_type = CONTENT_TYPES[settings.body_format].encode("ascii")
            self._fixed_headers.append((b"Content-Type", content_type))

    def build(self, values: Mapping[str, str]) -> httpx.Request:
        """Build the request for one message.

        Args:
            values: What stands for each placeholder.
        """
        body = {name: fill(values) for name, fill in self._body.items()}
        url, content = self._url, b""
        match self._body_format:
            case "json":
                content = json.dumps(body).encode()
            case "form":
                content = urlencode(body).encode()
            case "query":
                query = b"&".join(filter(None, (url.query, urlencode(body).encode())))
                url = url.copy_with(query=query)
        headers = self._fill_headers(values)
        if content:
            headers.append((b"Content-Length", b"%d" % len(content)))
        # as a stream: httpx then takes the headers as they are
        return httpx.Request(self._method, url, headers=headers, stream=httpx.ByteStream(content))

    def build_check(self) -> httpx.Request:
        """Build a request for the headers of the carrier's address, which sends nothing."""
        headers = self._fill_headers({"reference": "check", "idempotency_key": "check"})
        return httpx.Request("HEAD", self._url, headers=headers)

    def _fill_headers(self, values: Mapping[str, str]) -> _Headers:
        filled = [(name, _encode(fill(values))) for name, fill in self._headers]
        return self._fixed_headers + filled


def _encode(field: JsonValue) -> bytes:
    return str(field).encode("ascii")
