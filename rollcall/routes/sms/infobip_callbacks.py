"""What Infobip calls us back with: reports and inbound texts, and proof that it is Infobip.

Infobip signs no body in a way its public description tells. It proves itself in one of two ways:
by the credentials of its notification profile (HTTP Basic), or by calling the address that we gave
it with a message, which holds a token made for that one attempt.
"""

import base64
import binascii
import hmac
from typing import Any

from rollcall.domain.receipts import Receipt
from rollcall.routes.callbacks import (
    REFERENCE,
    Callback,
    ForgedCallbackError,
    InboundText,
    MalformedCallbackError,
    callback_url,
)
from rollcall.routes.sms.documents import (
    read_callback_object,
    read_moment,
    read_number,
    read_parts,
    read_text,
)
from rollcall.routes.sms.infobip_codes import read_report

TOKEN = "token"  # noqa: S105 - the parameter's name
"""The query parameter of a callback's address that proves that we made it."""


class InfobipCallbacks:
    """Reads what calls an account's address.

    Args:
        username: Of the notification profile; None lets nobody in by a header.
        password: Of the notification profile, and key of the tokens; None lets nobody in at all.
    """

    def __init__(self, username: str | None, password: str | None) -> None:
        self._password = password.encode() if password else None
        self._basic = f"{username}:{password}".encode() if username and password else None

    def address(self, base_url: str | None, attempt_id: str) -> str | None:
        """Return where Infobip is to report an attempt, None where it is not to."""
        url = callback_url(base_url, attempt_id)
        return f"{url}&{TOKEN}={self._token(attempt_id)}" if url else None

    def verify(self, callback: Callback) -> None:
        """Make sure that a callback comes from Infobip.

        Raises:
            ForgedCallbackError: It has neither the credentials nor an attempt's token, or wrong
                ones.
        """
        if self._password is None:
            raise ForgedCallbackError("no webhook_password is set, so nobody may call")
        if "authorization" in callback.headers:
            if not self._is_signed_in(callback.headers["authorization"]):
                raise ForgedCallbackError("wrong credentials")
        elif not self._holds_token(callback.query()):
            raise ForgedCallbackError("neither credentials nor a token")

    def _is_signed_in(self, header: str) -> bool:
        scheme, _, credentials = header.partition(" ")
        try:
            told = base64.b64decode(credentials.strip(), validate=True)
        except (ValueError, binascii.Error):
            return False
        is_known = self._basic is not None and hmac.compare_digest(told, self._basic)
        return is_known and scheme.lower() == "basic"

    def _holds_token(self, query: dict[str, str]) -> bool:
        token = self._token(query.get(REFERENCE, "")).encode()
        return hmac.compare_digest(token, query.get(TOKEN, "").encode())

    def _token(self, attempt_id: str) -> str:
        key = self._password or b""
        return hmac.digest(key, f"infobip receipt {attempt_id}".encode(), "sha256").hex()[:32]


def read_receipts(callback: Callback) -> list[Receipt]:
    """Return what a callback reports; an address made for one attempt speaks of that one only.

    Raises:
        MalformedCallbackError: It is no list of reports or texts.
    """
    spoken_of = callback.query().get(REFERENCE)
    reports = [
        read_report(result, read_text(result, "callbackData") or spoken_of)
        for result in _read_results(callback)
        if isinstance(result.get("status"), dict)
    ]
    return [each for each in reports if spoken_of in (None, each.reference)]


def read_inbound(callback: Callback) -> list[InboundText]:
    """Return the texts that a callback hands over.

    Raises:
        MalformedCallbackError: It is no list of reports or texts.
    """
    return [
        InboundText(
            sender=_read_sender(result),
            receiver=read_number(result, "to") or "",
            text=read_text(result, "text") or "",
            provider_id=read_text(result, "messageId"),
            sent_at=read_moment(result, "receivedAt"),
        )
        for result in _read_results(callback)
        if "receivedAt" in result
    ]


def _read_results(callback: Callback) -> list[dict[str, Any]]:
    document = read_callback_object(callback.body)
    if not isinstance(document.get("results"), list):
        raise MalformedCallbackError("the body has no results")
    results = read_parts(document, "results")
    if any("status" not in result and "receivedAt" not in result for result in results):
        raise MalformedCallbackError("a result is neither a report nor a text")
    return results


def _read_sender(document: dict[str, Any]) -> str:
    sender = read_number(document, "from")
    if sender is None:
        raise MalformedCallbackError("the text has no sender")
    return sender
