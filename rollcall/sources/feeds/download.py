"""Documents from the web, by strangers: bounded in time and size, and never led astray.

Redirects and links keep the scheme of the address they came from, and leave its host only by https,
so that no feed makes us ask the unencrypted services of our own network.
"""

import asyncio
import zlib
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import httpx

from rollcall.errors import SourceError
from rollcall.sources.feeds.incident import Validators

MAX_REDIRECTS = 5
TIMEOUTS = httpx.Timeout(10.0, connect=5.0)

_GZIP_WINDOW = 31
"""zlib's way of saying: a gzip header and trailer, nothing else."""

_VALIDATOR_MAX_CHARS = 500


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a feed may cost us.

    Attributes:
        max_bytes: Of a document, before and after decompression. GDACS has 0.6 MB.
        download_max_s: For one document with its redirects, however slowly it trickles in.
        max_linked_alerts: Of one feed. Feeds with more embed their alerts or are split.
        links_max_s: For all linked alerts of a feed together.
    """

    max_bytes: int = 20_000_000
    download_max_s: float = 30.0
    max_linked_alerts: int = 200
    links_max_s: float = 90.0


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Download:
    """A document as it came.

    Attributes:
        content: Its bytes, decompressed.
        url: Where it came from at last; its relative links start there.
        validators: To ask for a later version only.
    """

    content: bytes
    url: str
    validators: Validators


class UnchangedError(Exception):
    """The server says that nothing has changed since the version that is known."""


class _DownloadError(Exception):
    """Why there is no document."""


def open_client() -> httpx.AsyncClient:
    """Open a client for feeds, to be closed by the caller; proxies as the environment says."""
    return httpx.AsyncClient(timeout=TIMEOUTS, headers={"User-Agent": "rollcall"})


def name_location(location: str) -> str:
    """Return a location without what may be secret in it: user, password and query."""
    try:
        parts = urlsplit(location)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address that is none"
    if parts.scheme not in {"http", "https"}:
        return location
    return urlunsplit((parts.scheme, f"{host}{port}", parts.path, "", ""))


def may_lead(origin: str, target: str) -> bool:
    """Tell whether a document at `origin` may make us ask for `target`."""
    try:
        here, there = urlsplit(origin), urlsplit(target)
        is_same_host = here.hostname == there.hostname
    except ValueError:
        return False
    return there.scheme == here.scheme and (is_same_host or there.scheme == "https")


async def download(
    client: httpx.AsyncClient,
    url: str,
    known: Validators | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Download:
    """Fetch a document.

    Args:
        client: From `open_client`.
        url: An http or https address.
        known: Of the version that is known already.
        limits: How much it may cost.

    Raises:
        UnchangedError: Nothing has changed since the known version.
        SourceError: It cannot be fetched, in time or at all; nothing secret is quoted.
    """
    try:
        async with asyncio.timeout(limits.download_max_s):
            return await _follow(client, url, known or Validators(), limits.max_bytes)
    except _DownloadError as exc:
        reason = str(exc)
    except (TimeoutError, httpx.TimeoutException):
        reason = "no answer in time"
    except httpx.ConnectError:
        reason = "no connection"
    except httpx.InvalidURL:
        reason = "the address is none"
    except httpx.HTTPError:
        reason = "the answer broke off, or is no HTTP"
    raise SourceError(f"{name_location(url)} cannot be fetched: {reason}")


async def _follow(
    client: httpx.AsyncClient, url: str, known: Validators, max_bytes: int
) -> Download:
    for _ in range(MAX_REDIRECTS + 1):
        async with client.stream(
            "GET", url, headers=_write_headers(known), follow_redirects=False
        ) as answer:
            if not answer.has_redirect_location:
                return await _take(answer, known, max_bytes)
            url = _find_target(answer)
    raise _DownloadError(f"more than {MAX_REDIRECTS} redirects")


def _write_headers(known: Validators) -> dict[str, str]:
    """Ask for gzip only: it is what can be decompressed up to a bound."""
    asked = {
        "Accept-Encoding": "gzip",
        "If-None-Match": known.etag,
        "If-Modified-Since": known.last_modified,
    }
    return {name: value for name, value in asked.items() if value}


def _find_target(answer: httpx.Response) -> str:
    origin = str(answer.url)
    target = str(answer.url.join(answer.headers["location"]))
    if not may_lead(origin, target):
        raise _DownloadError(f"it redirects to {name_location(target)}; use that address itself")
    return target


async def _take(answer: httpx.Response, known: Validators, max_bytes: int) -> Download:
    if answer.status_code == httpx.codes.NOT_MODIFIED and known != Validators():
        raise UnchangedError
    if answer.status_code != httpx.codes.OK:
        raise _DownloadError(f"it answered {answer.status_code}")
    sent = await _read_bounded(answer, max_bytes)
    content = _decompress(sent, answer.headers.get("content-encoding", ""), max_bytes)
    validators = Validators(_keep(answer, "etag"), _keep(answer, "last-modified"))
    return Download(content, str(answer.url), validators)


async def _read_bounded(answer: httpx.Response, max_bytes: int) -> bytes:
    content = bytearray()
    async for chunk in answer.aiter_raw():
        content += chunk
        if len(content) > max_bytes:
            raise _DownloadError(f"it is larger than {max_bytes:,} bytes")
    return bytes(content)


def _decompress(content: bytes, encoding: str, max_bytes: int) -> bytes:
    if encoding.casefold() in {"", "identity"}:
        return content
    if encoding.casefold() not in {"gzip", "x-gzip"}:
        raise _DownloadError("it is compressed in a way that was not asked for")
    decompressor = zlib.decompressobj(_GZIP_WINDOW)
    try:
        plain = decompressor.decompress(content, max_bytes + 1)
    except zlib.error as exc:
        raise _DownloadError("it is not the gzip it says it is") from exc
    if len(plain) > max_bytes:
        raise _DownloadError(f"it is larger than {max_bytes:,} bytes")
    if not decompressor.eof:
        raise _DownloadError("its gzip is cut off")
    return plain


def _keep(answer: httpx.Response, header: str) -> str | None:
    """Return a validator that can be sent back as it is."""
    value: str | None = answer.headers.get(header)
    is_plain = value and value.isascii() and len(value) <= _VALIDATOR_MAX_CHARS
    return value if is_plain else None
