"""Which endpoints are called: browsers name them, and so could an attacker name our own network.

Checked twice: as it is written, and once more by the addresses that its name stands for at the
moment of the connection, which a name's owner may change in between.
"""

import ipaddress
import socket
from collections.abc import Sequence
from typing import Final

import httpx
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

MAX_ENDPOINT_CHARS: Final = 2048

_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 addresses as networks without IPv4 write them (RFC 6052)."""

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class EndpointError(ValueError):
    """An endpoint is not called; says why, without quoting it."""


def read_endpoint(endpoint: str, hosts: Sequence[str], *, allows_loopback: bool) -> httpx.URL:
    """Return the address of an endpoint that may be called.

    Args:
        endpoint: As the browser named it.
        hosts: Push services that may be called, and what ends in `.` and one of them; empty: all
            that are public.
        allows_loopback: Whether this machine may be called, also without TLS; for tests and demos.

    Raises:
        EndpointError: It may not be called.
    """
    url = _parse(endpoint)
    if allows_loopback and _is_loopback(url.host):
        return url
    if url.scheme != "https":
        raise EndpointError("the endpoint is not https")
    if address := _read_address(url.host):
        if not is_public(address):
            raise EndpointError("the endpoint is not a public address")
    elif "." not in url.host.rstrip("."):
        raise EndpointError("the endpoint is not a public name")
    if hosts and not any(_is_within(url.host, host) for host in hosts):
        raise EndpointError("the endpoint is of no push service that may be called")
    return url


def is_public(address: _Address) -> bool:
    """Tell whether an address is one of the internet, and none of our own networks."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
        if address.sixtofour is not None or address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast


class PublicResolver(AbstractResolver):
    """Looks names up, and knows only those addresses of theirs that may be called.

    Args:
        allows_loopback: As in `read_endpoint`.
    """

    def __init__(self, *, allows_loopback: bool) -> None:
        self._inner = ThreadedResolver()
        self._allows_loopback = allows_loopback

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a name that may be called.

        Raises:
            OSError: There are none.
        """
        found = await self._inner.resolve(host, port, family)
        public = [one for one in found if self._may_be_called(one["host"])]
        if not public:
            raise OSError("no public address")
        return public

    async def close(self) -> None:
        """Do nothing: nothing is open."""

    def _may_be_called(self, text: str) -> bool:
        address = _read_address(text)
        if address is None:
            return False
        return is_public(address) or (self._allows_loopback and address.is_loopback)


def _parse(endpoint: str) -> httpx.URL:
    if len(endpoint) > MAX_ENDPOINT_CHARS:
        raise EndpointError("the endpoint is too long")
    try:
        url = httpx.URL(endpoint)
    except (httpx.InvalidURL, TypeError) as exc:
        raise EndpointError("the endpoint is no address") from exc
    if url.scheme not in ("http", "https") or not url.host or url.userinfo:
        raise EndpointError("the endpoint is no address of a push service")
    return url


def _read_address(host: str) -> _Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    address = _read_address(host)
    return host == "localhost" if address is None else address.is_loopback


def _is_within(host: str, allowed: str) -> bool:
    return host == allowed or host.endswith(f".{allowed}")
