"""What Twilio tells of a message after it was taken: callbacks, and messages that are looked up."""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl, urlsplit

from pydantic import JsonValue, SecretStr

from rollcall.domain.receipts import Receipt
from rollcall.routes.base import Submission
from rollcall.routes.callbacks import (
    REFERENCE,
    Callback,
    ForgedCallbackError,
    InboundText,
    MalformedCallbackError,
)
from rollcall.routes.sms.json_answers import pick, pick_text
from rollcall.routes.sms.twilio_codes import INBOUND_STATES, PERMANENT, STATES

MARGIN = timedelta(seconds=60)
"""How far Twilio's clock may be from ours, when the two are compared."""


def verify_signature(callback: Callback, token: SecretStr | None) -> None:
    """Compare `X-Twilio-Signature`: HMAC-SHA1 over the public address and the sorted form.

    Twilio sometimes signs the address with its port and sometimes without, as its SDKs know.

    Raises:
        ForgedCallbackError: The signature is missing or wrong, or there is no token.
    """
    given = callback.headers.get("x-twilio-signature")
    if token is None or not given:
        raise ForgedCallbackError("not signed by Twilio")
    key, form = token.get_secret_value().encode(), _list_fields(callback)
    signatures = [_sign(key, url, form) for url in _spell_address(callback.url)]
    matches = [hmac.compare_digest(signature, given.encode()) for signature in signatures]
    if True not in matches:
        raise ForgedCallbackError("the signature is not Twilio's")


def read_status_callback(callback: Callback) -> list[Receipt]:
    """Read the receipt of a status callback.

    Raises:
        MalformedCallbackError: It has no status, or none that Twilio documents.
    """
    form = callback.form()
    status = _read_status(form)
    if status in INBOUND_STATES:
        return []
    reference = callback.query().get(REFERENCE) or None
    provider_id = form.get("MessageSid") or form.get("SmsSid") or None
    if status not in STATES or (reference is None and provider_id is None):
        raise MalformedCallbackError("a status callback that Twilio does not document")
    code = form.get("ErrorCode")
    return [_make_receipt(status, code or None, reference, provider_id)]


def read_text_callback(callback: Callback) -> list[InboundText]:
    """Read the text that a recipient sent.

    Raises:
        MalformedCallbackError: It is neither a text nor a status callback.
    """
    form = callback.form()
    if _read_status(form) not in INBOUND_STATES:
        return []
    sender, receiver = form.get("From"), form.get("To")
    if not sender or not receiver:
        raise MalformedCallbackError("a text without its sender or receiver")
    provider_id = form.get("MessageSid") or form.get("SmsSid") or None
    return [InboundText(sender, receiver, form.get("Body", ""), provider_id)]


def read_message(message: JsonValue, reference: str) -> Receipt | None:
    """Read the receipt in a message of Twilio's API; None where it says nothing that we know."""
    status, provider_id = pick_text(message, "status"), pick_text(message, "sid")
    if status is None or status not in STATES or provider_id is None:
        return None
    code = pick_text(message, "error_code")
    updated_at = _read_moment(message, "date_updated")
    return _make_receipt(status, code, reference, provider_id, updated_at)


def find_message(
    page: JsonValue, submission: Submission, submitted_at: datetime, longest: timedelta
) -> Receipt | None:
    """Find an attempt among the messages to its number.

    Args:
        page: A page of the list.
        submission: What was submitted.
        submitted_at: When.
        longest: How long a try takes at most: Twilio may have taken it so much later.

    Returns:
        What the nearest message with the very text says; `missing` if none was made since shortly
        before; None where others were, or the page is not the whole list.
    """
    messages = pick(page, "messages")
    if not isinstance(messages, list):
        return None
    dated = [(_read_moment(message, "date_created"), message) for message in messages]
    recent = [(at, each) for at, each in dated if at is None or at >= submitted_at - MARGIN]
    ours = [
        (abs(at - submitted_at), position)
        for position, (at, message) in enumerate(recent)
        if at is not None
        and at <= submitted_at + longest + MARGIN
        and pick(message, "body") == submission.text
    ]
    if ours:
        return read_message(recent[min(ours)[1]][1], submission.attempt_id)
    is_whole = pick_text(page, "next_page_uri") is None
    return Receipt("missing", submission.attempt_id) if is_whole and not recent else None


def _make_receipt(
    status: str,
    code: str | None,
    reference: str | None,
    provider_id: str | None,
    occurred_at: datetime | None = None,
) -> Receipt:
    state = STATES[status]
    return Receipt(
        state,
        reference,
        provider_id,
        level="handset" if state == "delivered" else "carrier",
        is_permanent=state == "failed" and PERMANENT.get(code or "", False),
        code=code,
        occurred_at=occurred_at,
    )


def _read_status(form: Mapping[str, str]) -> str:
    status = form.get("MessageStatus") or form.get("SmsStatus")
    if not status:
        raise MalformedCallbackError("neither a status callback nor a text")
    return status


def _read_moment(message: JsonValue, name: str) -> datetime | None:
    """Read a date of Twilio's API (RFC 2822)."""
    try:
        moment = parsedate_to_datetime(pick_text(message, name) or "")
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC)


def _list_fields(callback: Callback) -> list[tuple[str, str]]:
    """List the fields of a form, every one once, in the order in which they are signed."""
    if callback.method != "POST":
        return []
    try:
        body = callback.body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ForgedCallbackError("the body is no form") from error
    return sorted(set(parse_qsl(body, keep_blank_values=True)))


def _sign(key: bytes, url: str, form: list[tuple[str, str]]) -> bytes:
    signed = url + "".join(name + field for name, field in form)
    return base64.b64encode(hmac.new(key, signed.encode(), hashlib.sha1).digest())


def _spell_address(url: str) -> Iterator[str]:
    """Yield an address as it is, and with its port left out or the usual one put in."""
    yield url
    parts = urlsplit(url)
    if parts.port is not None:
        yield parts._replace(netloc=parts.netloc.rpartition(":")[0]).geturl()
    else:
        port = 443 if parts.scheme == "https" else 80
        yield parts._replace(netloc=f"{parts.netloc}:{port}").geturl()
