"""Who may come in, and that the portal tells strangers nothing."""

from collections.abc import AsyncIterator

import httpx
import pytest

from rollcall.clock import SystemClock
from rollcall.ledger.engine import Ledger
from rollcall.portal.requests import MOST_BYTES
from tests.integration.portal.conftest import Provider, count_receipts, read_references
from tests.integration.portal.scripted import PUBLIC_URL, SECRET, report_body, sign

OTHER_SECRET = SECRET[:-1] + "x"


async def test_strangers_cannot_tell_a_route_from_none(provider: Provider, ledger: Ledger) -> None:
    paths = [
        f"/{door}/{route}/{secret}"
        for door in ("receipts", "inbound")
        for route, secret in (
            ("alpha", OTHER_SECRET), ("alpha", SECRET.upper()), ("nobody", SECRET), ("alpha", "x"),
            ("ALPHA", SECRET), ("alpha", f"{SECRET}%00"), ("alpha", f"{SECRET}%20"),
        )
    ]  # fmt: skip
    paths += ["/", "/receipts", f"/receipts/alpha/{SECRET}/", "/receipts/alpha", "/docs", "/x"]
    answers = [
        await provider.report("a-1", path=path, method=method)
        for path in paths
        for method in ("GET", "POST", "HEAD", "OPTIONS")
    ]
    assert {(one.status_code, one.content, str(one.headers)) for one in answers} == {
        (404, b"", str(httpx.Headers({"cache-control": "no-store", "content-length": "0"})))
    }
    assert count_receipts(ledger) == 0


async def test_what_is_signed_is_the_public_address_whatever_the_caller_says_it_called(
    provider: Provider, ledger: Ledger
) -> None:
    path = f"/receipts/alpha/{SECRET}?ref=a%2Fb+c&x=%7e~&empty=&ref=d%C3%A9"
    lies = {"host": "evil.example", "x_forwarded_host": "evil.example"}
    answered = await provider.report("", path=path, **lies, x_forwarded_proto="http")
    assert answered.status_code == 200
    assert read_references(ledger) == {"dé"}


async def test_a_get_is_a_callback_too(provider: Provider, ledger: Ledger) -> None:
    assert (await provider.report("a-1", method="GET")).status_code == 200
    assert read_references(ledger) == {"a-1"}


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
async def test_head_and_options_only_say_that_the_address_is_right(
    provider: Provider, ledger: Ledger, method: str
) -> None:
    answered = await provider.report("a-1", method=method)
    assert (answered.status_code, answered.content) == (200, b"")
    assert count_receipts(ledger) == 0


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
async def test_other_methods_are_405(provider: Provider, ledger: Ledger, method: str) -> None:
    answered = await provider.report("a-1", method=method)
    assert (answered.status_code, answered.content) == (405, b"")
    assert answered.headers["cache-control"] == "no-store"
    assert count_receipts(ledger) == 0


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json; charset=utf-8", 200), ("application/cloudevents+json", 200),
        ("APPLICATION/JSON", 200), ("text/plain", 200), ("", 200),
        ("application/x-www-form-urlencoded", 200), ("multipart/form-data; boundary=x", 415),
        ("text/html", 415), ("application/octet-stream", 415), ("application/xml", 415),
    ],
)  # fmt: skip
async def test_only_what_providers_send_is_read(
    provider: Provider, ledger: Ledger, content_type: str, status: int
) -> None:
    answered = await provider.report("a-1", content_type=content_type)
    assert (answered.status_code, answered.content) == (status, b"")
    assert count_receipts(ledger) == (status == 200)


async def test_64_kb_are_taken_and_not_one_byte_more(provider: Provider, ledger: Ledger) -> None:
    largest = report_body(["a-1"]).ljust(MOST_BYTES)
    assert (await provider.call(largest)).status_code == 200
    refused = await provider.call(report_body(["a-2"]).ljust(MOST_BYTES + 1))
    assert (refused.status_code, refused.content) == (413, b"")
    assert refused.headers["connection"] == "close"
    assert read_references(ledger) == {"a-1"}


async def test_a_body_without_a_length_is_not_read_to_its_end(provider: Provider) -> None:
    handed_over_count = 0

    async def for_ever() -> AsyncIterator[bytes]:
        nonlocal handed_over_count
        while handed_over_count < 1_000:
            handed_over_count += 1
            yield b" " * 16_384

    path = f"/receipts/alpha/{SECRET}"
    answered = await provider.http.post(path, content=for_ever())
    assert answered.status_code == 413
    assert handed_over_count <= 6


async def test_a_strangers_body_is_not_read_at_all(provider: Provider) -> None:
    async def refuse() -> AsyncIterator[bytes]:
        pytest.fail("the body was read")
        yield b""

    answered = await provider.http.post(f"/receipts/alpha/{OTHER_SECRET}", content=refuse())
    assert answered.status_code == 404


async def test_health_is_public_and_says_nothing(provider: Provider) -> None:
    answered = await provider.http.get("/healthz")
    assert (answered.status_code, answered.content) == (200, b"")


async def test_a_repeated_header_reaches_the_route_whole(provider: Provider) -> None:
    """Two signatures are no signature: neither of them may be picked by us."""
    path, body = f"/receipts/alpha/{SECRET}", report_body(["a-1"])
    signed = list(sign(PUBLIC_URL + path, body, SystemClock().now()).items())
    answered = await provider.http.post(path, content=body, headers=[*signed, signed[1]])
    assert answered.status_code == 403
