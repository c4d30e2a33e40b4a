"""`rollcall portal` and what `rollcall check` says of receipts: clear before anything is amiss."""

import pytest

from rollcall.sandbox.servers import Sandbox
from tests.integration.cli.conftest import CommandLine
from tests.people import phone_of
from tests.ports import find_free_port

SECRET = "portal-secret-0123456789"


TWILIO = f"""
[[route]]
id = "twilio"
kind = "twilio"
account_sid = "AC{"0" * 32}"
auth_token = "twilio-auth-token-0123456789"
sender = "{phone_of(999)}"
base_url = "http://127.0.0.1:{find_free_port()}"
receipt_secret = "{SECRET}"
"""


def add_to_every_route(rollcall: CommandLine, line: str) -> None:
    routes = rollcall.sandbox.routes_file.read_text().replace("[[route]]", f"[[route]]\n{line}")
    rollcall.set("ROUTES_FILE", rollcall.write("routes.toml", routes))


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


def test_a_secret_for_a_route_that_never_reports_is_refused(rollcall: CommandLine) -> None:
    routes = rollcall.sandbox.routes_file.read_text("utf-8")
    told = routes.replace('kind = "smtp"', f'kind = "smtp"\nreceipt_secret = "{SECRET}"')
    rollcall.set("ROUTES_FILE", rollcall.write("routes.toml", told))
    rollcall.set("PUBLIC_URL", "https://safe.example.org")
    assert "routes of its kind never report" in rollcall("portal").mistake
    checked = {one["part"]: one for one in rollcall("check", "--format", "json").json}
    assert not checked["route mail"]["is_good"]
    assert "routes of its kind never report" in checked["route mail"]["told"]
