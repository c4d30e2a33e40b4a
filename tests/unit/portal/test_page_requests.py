"""Where a request comes from: another site, and by which address its guesses are counted."""

from typing import Any

import pytest
from starlette.requests import Request

from rollcall.portal.page_requests import comes_from_elsewhere, find_client, read_skip

PUBLIC_URL = "https://safe.example.org/rollcall"


def a_request(peer: str = "192.0.2.1", query: str = "", **headers: str) -> Request:
    named = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    scope: dict[str, Any] = {"type": "http", "headers": named, "query_string": query.encode()}
    return Request(scope | {"client": (peer, 4711)})


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, False), ({"origin": "null"}, False), ({"origin": "https://safe.example.org"}, False),
        ({"origin": "http://127.0.0.1:8710", "host": "127.0.0.1:8710"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "same-origin", "origin": "null"}, False),
        ({"sec-fetch-site": "cross-site"}, True), ({"sec-fetch-site": "same-site"}, True),
        ({"origin": "https://evil.example"}, True), ({"origin": "https://[evil"}, True),
        ({"origin": "https://safe.example.org.evil.example"}, True),
    ],
)  # fmt: skip
def test_what_another_site_made_a_browser_send_is_known(
    headers: dict[str, str], expected: bool
) -> None:
    assert comes_from_elsewhere(headers, PUBLIC_URL) is expected


@pytest.mark.parametrize(
    ("peer", "noted", "expected"),
    [
        ("192.0.2.1", "", "192.0.2.1"), ("203.0.113.9", "198.51.100.7", "203.0.113.9"),
        ("127.0.0.1", "192.0.2.9, 198.51.100.7", "198.51.100.7"), ("10.0.0.2", "odd", "10.0.0.2"),
        ("2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"), ("testclient", "", "testclient"),
        ("::1", "198.51.100.7", "198.51.100.7"),
    ],
)  # fmt: skip
def test_guesses_are_counted_by_address_and_behind_a_proxy_by_the_one_it_noted(
    peer: str, noted: str, expected: str
) -> None:
    request = a_request(peer, **({"x_forwarded_for": noted} if noted else {}))
    assert find_client(request) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [("skip=30", 30), ("", 0), ("skip=-1", 0), ("skip=x", 0), ("skip=9999999", 0), ("skip=٣", 0)],
)
def test_only_small_numbers_are_skipped(query: str, expected: int) -> None:
    assert read_skip(a_request(query=query)) == expected
