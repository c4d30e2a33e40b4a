"""Texts of recipients as each provider hands them over: signed, in its own form."""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator  # type: ignore[import-untyped] # no hints

from rollcall.clock import SystemClock
from rollcall.routes.callbacks import CallbackReader
from rollcall.routes.registry import build_route, read_route_settings
from tests.integration.portal.scripted import PUBLIC_URL, SECRET
from tests.people import phone_of
from tests.unit.routes import test_sinch_callbacks as sinch
from tests.unit.routes import test_telnyx_callbacks as telnyx
from tests.unit.routes import test_vonage_callbacks as vonage
from tests.unit.routes.test_infobip_callbacks import TEXT as INFOBIP_TEXT
from tests.unit.routes.test_infobip_callbacks import basic

OURS = phone_of(999)
KEY = "signing-key-for-tests"


@dataclass(frozen=True)
class Handover:
    """One request of a provider."""

    method: str = "POST"
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


HandOver = Callable[[str, str, str, str, datetime], Handover]
"""From `(sender, text, provider_id, url, at)`; `at`: when the provider had the text."""


def _form(fields: dict[str, str], **headers: str) -> Handover:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    kind = {"content-type": "application/x-www-form-urlencoded"}
    return Handover(headers=kind | named, body=urlencode(fields).encode())


def _json(document: Any, **headers: str) -> Handover:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Handover(headers=named, body=json.dumps(document).encode())


def _now_s() -> int:
    return int(SystemClock().now().timestamp())


def _twilio(sender: str, text: str, provider_id: str, url: str, at: datetime) -> Handover:
    del at  # it does not tell
    form = {"MessageSid": provider_id, "From": sender, "To": OURS, "Body": text}
    form |= {"SmsStatus": "received", "NumMedia": "0"}
    signature = RequestValidator(KEY).compute_signature(url, form)
    return _form(form, x_twilio_signature=signature)


def _vonage(sender: str, text: str, provider_id: str, url: str, at: datetime) -> Handover:
    del url
    told = vonage.TEXT | {"msisdn": sender.lstrip("+"), "text": text, "messageId": provider_id}
    told |= {"message-timestamp": f"{at:%Y-%m-%d %H:%M:%S}"}
    return _json(vonage.sign(told, _now_s()))


def _infobip(sender: str, text: str, provider_id: str, url: str, at: datetime) -> Handover:
    del url
    told = {"messageId": provider_id, "from": sender.lstrip("+"), "text": text}
    told |= {"receivedAt": f"{at:%Y-%m-%dT%H:%M:%S.000+0000}"}
    return _json({"results": [INFOBIP_TEXT | told]}, **basic(f"infobip:{KEY}"))


def _sinch(sender: str, text: str, provider_id: str, url: str, at: datetime) -> Handover:
    del url
    told = {"type": "mo_text", "from": sender.lstrip("+"), "to": "13013", "id": provider_id}
    told |= {"received_at": at.isoformat(), "sent_at": "1999-01-01T00:00:00Z"}
    body = json.dumps(told | {"body": text}).encode()
    return Handover(headers=sinch.sign(body, SystemClock().now()), body=body)


def _telnyx(sender: str, text: str, provider_id: str, url: str, at: datetime) -> Handover:
    del url
    told = {"from": {"phone_number": sender}, "text": text, "id": provider_id}
    told |= {"received_at": at.isoformat()}
    body = telnyx.make_event("message.received", telnyx.TEXT | told)
    return Handover(headers=telnyx.sign(body, datetime.fromtimestamp(_now_s(), UTC)), body=body)


def _kannel(sender: str, text: str, provider_id: str, url: str, at: datetime) -> Handover:
    del url
    told = {"token": KEY, "from": sender, "to": "13013", "text": text, "id": provider_id}
    return Handover("GET", urlencode(told | {"coding": "0", "at": str(int(at.timestamp()))}))


def _http_sms(sender: str, text: str, provider_id: str, url: str, at: datetime) -> Handover:
    del url
    told = {"from": sender, "to": "13013", "body": text, "msg": {"id": provider_id}}
    told |= {"at": at.isoformat()}
    body = json.dumps(told).encode()
    signature = hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest()
    return Handover(headers={"x-signature": signature}, body=body)


_TWILIO: dict[str, Any] = {"account_sid": "AC" + "0f" * 16, "auth_token": KEY, "sender": OURS}
_VONAGE: dict[str, Any] = {
    "api_key": "abcd1234", "api_secret": "abcdef0123456789", "sender": "ACME",
    "signature_secret": vonage.SECRET, "signature_method": "sha256",
}  # fmt: skip
_INFOBIP: dict[str, Any] = {
    "base_url": "https://x.api.infobip.example", "api_key": "k", "sender": "13013",
    "webhook_username": "infobip", "webhook_password": KEY,
}  # fmt: skip
_SINCH: dict[str, Any] = {
    "service_plan_id": "plan", "api_token": "t", "sender": "13013", "webhook_secret": sinch.SECRET,
}  # fmt: skip
_TELNYX: dict[str, Any] = {"api_key": "KEY0123", "sender": OURS, "public_key": telnyx.PUBLIC_KEY}
_KANNEL: dict[str, Any] = {
    "url": "http://127.0.0.1:13013/cgi-bin/sendsms", "username": "rollcall", "password": "pa55",
    "sender": "13013", "receipts": "carrier", "inbound_token": KEY,
}  # fmt: skip
_HTTP_SMS: dict[str, Any] = {
    "url": "https://carrier.example/sms", "body": {"to": "{to}", "text": "{text}"},
    "callback_signature": {"header": "X-Signature", "secret": KEY},
    "inbound_fields": {
        "sender": "from", "receiver": "to", "text": "body", "provider_id": "msg.id",
        "sent_at": "at",
    },
}  # fmt: skip

PROVIDERS: dict[str, tuple[dict[str, Any], HandOver]] = {
    "twilio": (_TWILIO, _twilio),
    "vonage": (_VONAGE, _vonage),
    "infobip": (_INFOBIP, _infobip),
    "sinch": (_SINCH, _sinch),
    "telnyx": (_TELNYX, _telnyx),
    "kannel": (_KANNEL, _kannel),
    "http_sms": (_HTTP_SMS, _http_sms),
}
"""Every provider of SMS, by its kind: how its route is configured, and how it calls."""


def make_reader(kind: str) -> CallbackReader:
    """Return the route of a provider; its id is its kind."""
    told = {"id": kind, "kind": kind, "receipt_secret": SECRET} | PROVIDERS[kind][0]
    route = build_route(read_route_settings(told), SystemClock(), PUBLIC_URL)
    assert isinstance(route, CallbackReader)
    return route
