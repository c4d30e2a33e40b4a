"""`rollcall portal` and what `rollcall check` says of receipts: clear before anything is amiss."""

import pytest

from rollcall.sandbox.servers import Sandbox
from tests.integration.cli.conftest import CommandLine

SECRET = "portal-secret-0123456789"


def add_secret(rollcall: CommandLine, *more: str) -> None:
    """Give every route that sends SMS a secret."""
    lines = "\n".join(["[[route]]", f'receipt_secret = "{SECRET}"', *more])
    first, *others = rollcall.sandbox.routes_file.read_text().split("[[route]]")
    routes = [lines + one if "http_sms" in one else f"[[route]]{one}" for one in others]
    rollcall.set("ROUTES_FILE", rollcall.write("routes.toml", first + "".join(routes)))


def test_without_a_public_address_it_does_not_start(rollcall: CommandLine) -> None:
    assert rollcall("portal").mistake.startswith("ROLLCALL_PUBLIC_URL is not set")


@pytest.mark.parametrize(
    "url",
    [
        "safe.example.org", "ftp://safe.example.org", "https://", "https:///x", "https://[::1",
        "https://safe.example.org?x=1", "https://safe.example.org/#x", "https://u:p@example.org",
        "//safe.example.org",
    ],
)  # fmt: skip
def test_an_address_that_nobody_could_call_is_refused(rollcall: CommandLine, url: str) -> None:
    rollcall.set("PUBLIC_URL", url)
    assert rollcall("portal").mistake == (
        "ROLLCALL_PUBLIC_URL should look like https://safe.example.org"
    )


def test_without_a_route_that_reports_it_does_not_start(rollcall: CommandLine) -> None:
    rollcall.set("PUBLIC_URL", "https://safe.example.org")
    assert rollcall("portal").mistake == (
        "no route has a receipt_secret: there is nothing to receive"
    )


def test_check_says_of_each_route_that_no_receipts_are_awaited(
    rollcall: CommandLine, carriers: Sandbox
) -> None:
    told = [
        one["told"]
        for one in rollcall("check", "--format", "json").json
        if one["part"].startswith("route ")
    ]
    assert len(told) == len(carriers.ports)
    assert all(one.endswith("; no receipts awaited") for one in told)
