"""`rollcall portal` as an operator starts it, called as Twilio calls: its own SDK signs."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from sqlalchemy import select
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped] # no hints

from rollcall.ledger.opt_outs import list_opt_outs
from rollcall.ledger.tables import Receipt
from tests.e2e.conftest import ROLLCALL, Rollcall
from tests.people import phone_of

SECRET = "portal-secret-0123456789"
TOKEN = "twilio-auth-token-0123456789"
PUBLIC_URL = "https://safe.example.org"
ROUTES = f"""
[[route]]
id = "twilio-one"
kind = "twilio"
account_sid = "AC{"0" * 32}"
auth_token = "env:ROLLCALL_SECRET_TWILIO"
sender = "{phone_of(999)}"
receipts = "handset"
receipt_secret = "env:ROLLCALL_SECRET_RECEIPTS"
"""


@contextmanager
def running_portal(rollcall: Rollcall) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Start the command on a free port; yield the process and where it listens."""
    process = subprocess.Popen(
        [*ROLLCALL, "portal", "--port", "0", "--format", "json"],
        env=rollcall.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    try:
        answer = "".join(iter(process.stdout.readline, "}\n")) + "}"
        yield process, f"http://127.0.0.1:{json.loads(answer)['port']}"
    finally:
        process.kill()
        process.communicate(timeout=10)


def call(base_url: str, path: str, fields: dict[str, str]) -> httpx.Response:
    """Call as Twilio does: a form, signed over the address that it was given."""
    signature = RequestValidator(TOKEN).compute_signature(PUBLIC_URL + path, fields)
    return httpx.post(
        base_url + path, data=fields, headers={"X-Twilio-Signature": signature}, trust_env=False
    )


def test_receipts_and_stop_come_in_and_sigterm_ends_it_well(rollcall: Rollcall) -> None:
    routes_file = rollcall.folder / "sandbox" / "routes.toml"
    routes_file.write_text(ROUTES)
    rollcall.env.update(
        ROLLCALL_PUBLIC_URL=PUBLIC_URL,
        ROLLCALL_SECRET_TWILIO=TOKEN,
        ROLLCALL_SECRET_RECEIPTS=SECRET,
    )
    status = {"MessageSid": f"SM{'1' * 32}", "MessageStatus": "delivered"}
    stop = {"MessageSid": f"SM{'2' * 32}", "SmsStatus": "received", "Body": "STOP"}
    stop |= {"From": phone_of(1), "To": phone_of(999)}
    receipts, inbound = f"/receipts/twilio-one/{SECRET}?ref=a-1", f"/inbound/twilio-one/{SECRET}"
    with running_portal(rollcall) as (process, base_url):
        assert call(base_url, receipts, status).status_code == 200
        assert call(base_url, inbound, stop).status_code == 200
        assert call(base_url, inbound.replace(SECRET, "x" * 24), stop).status_code == 404
        forged = httpx.post(base_url + receipts, data=status, trust_env=False)
        assert forged.status_code == 403
        process.send_signal(signal.SIGTERM)
        printed, complaints = process.communicate(timeout=30)
    assert (process.returncode, printed) == (0, "")
    [line] = complaints.splitlines()
    assert line.endswith("WARNING callback is forged route_id=twilio-one")

    with rollcall.open_ledger() as ledger:
        with ledger.read() as connection:
            told = connection.execute(select(Receipt.route_id, Receipt.reference, Receipt.state))
            assert [tuple(row) for row in told] == [("twilio-one", "a-1", "delivered")]
        assert [one.address for one in list_opt_outs(ledger)] == [phone_of(1)]
