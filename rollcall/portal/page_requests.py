"""Requests of members' browsers: where they come from, and what their forms hold."""

import ipaddress
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

from rollcall.portal.requests import RefusedError, read_body

BY_SCRIPT: Final = "x-fetch"
"""The header by which a page's own script says that it wants its answer at once, not a redirect."""

_FORM: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS: Final = 10
_IPV6_PREFIX: Final = 64
"""What one subscriber has at least: addresses within it are one guesser's."""


_OURS: Final = tuple(
    map(
        ipaddress.ip_network,
        ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"),
    )
)
"""Where a proxy of ours may be: this machine, and private networks (RFC 1918, RFC 4193)."""


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a form; what is no UTF-8 in them becomes U+FFFD.

    Raises:
        RefusedError: It is no form, too large, or too slow.
        ClientDisconnect: The browser went away.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != _FORM:
        raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    body = (await read_body(request)).decode("utf-8", "replace")
    try:
        return dict(parse_qsl(body, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise RefusedError(HTTPStatus.BAD_REQUEST) from None


def comes_from_elsewhere(headers: Mapping[str, str], public_url: str) -> bool:
    """Tell whether another site made a browser send this.

    The token in the address is what a stranger lacks; this is a second wall. Without a referrer
    browsers write `null` as the origin of a form, so that says nothing (Fetch §3.2.5).
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin", "null")
    if origin == "null":
        return False
    try:
        host = urlsplit(origin).netloc
    except ValueError:
        return True
    return host not in (headers.get("host"), urlsplit(public_url).netloc)


def read_skip(request: Request) -> int:
    """Return how many of the newest posts to leave out; 0 for what is no small number."""
    told = request.query_params.get("skip", "")
    return int(told) if told.isascii() and told.isdecimal() and len(told) <= 6 else 0  # noqa: PLR2004


def find_client(request: Request) -> str:
    """Return by whom it is counted how often they guess: an address, of IPv6 its network.

    Behind a proxy it is the last one that the proxy has noted. A proxy that notes nothing lets its
    clients write what they want there; all that they win is the bound for one address.
    """
    peer = request.client.host if request.client else ""
    noted = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    told = noted if noted and _is_ours(peer) else peer
    try:
        address = ipaddress.ip_address(told)
    except ValueError:
        return peer
    if address.version == 6:  # noqa: PLR2004 - IPv6
        return str(ipaddress.ip_network((address, _IPV6_PREFIX), strict=False))
    return str(address)


def _is_ours(peer: str) -> bool:
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    return any(address in network for network in _OURS)
