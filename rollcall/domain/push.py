"""Push notifications: where one goes, and what it says.

What a notification says is read by the app's service worker: a JSON object with `title`, `body`,
`url` (the personal link; empty where the message has none) and `id`, the same on every copy, by
which a device shows one where several arrive.
"""

import json
from dataclasses import dataclass, field
from typing import Final

MAX_TITLE_CHARS: Final = 120
MAX_BODY_CHARS: Final = 600
"""Telephones show a line of the title and some ten of the text; the rest is on the page."""

MAX_PAYLOAD_BYTES: Final = 3_000
"""Well below the 3,993 that make 4,096 encrypted, the most that every push service takes (RFC 8030
§7.2, RFC 8291 §4)."""


@dataclass(frozen=True, slots=True)
class PushSubscription:
    """Where the notifications of one device go; never logged, since who has it can send there.

    Attributes:
        device_id: The device's id in the ledger.
        endpoint: The address that its browser's push service gave it.
        p256dh: The browser's public key, as base64url.
        auth: The secret that it shares with us, as base64url.
    """

    device_id: str
    endpoint: str = field(repr=False)
    p256dh: str = field(repr=False)
    auth: str = field(repr=False)


def write_payload(title: str, text: str, link: str | None, notice_id: str) -> bytes:
    """Return what a notification says, before it is encrypted: UTF-8 JSON.

    Args:
        title: The subject, shortened where it must be.
        text: The text, shortened where it must be.
        link: Where a tap on it leads; None: to the app.
        notice_id: The same on every copy.
    """
    told = {
        "title": shorten(title, MAX_TITLE_CHARS),
        "body": "",
        "url": link or "",
        "id": notice_id,
    }
    most_chars = MAX_BODY_CHARS
    while True:
        told["body"] = shorten(text, most_chars)
        payload = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode(
            errors="replace"
        )
        if len(payload) <= MAX_PAYLOAD_BYTES or not told["body"]:
            return payload
        most_chars = most_chars * 3 // 4


def shorten(text: str, most_chars: int) -> str:
    """Return a text of so many characters at most, cut between words where there are some."""
    if len(text) <= most_chars:
        return text
    if most_chars < 2:  # noqa: PLR2004 - no place for anything beside the ellipsis
        return ""
    cut = text[: most_chars - 1]
    words, _, _ = cut.rpartition(" ")
    kept = words if len(words) > most_chars // 2 else cut
    return kept.rstrip() + "…"
