"""Personal links: a member's way into a conversation, and nobody else's.

A token is derived from a key that the ledger does not hold, and only its digest is stored: who
reads the ledger, or a copy of it, can open no link. In texts that wait to be sent a placeholder of
the same length stands for it, so that all recipients share a text and SMS are counted as they are
sent; the token is filled in as a try leaves.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final, Literal

TOKEN_BYTES: Final = 16
"""128 bits: beyond guessing."""

PLACEHOLDER: Final = "-personal-link-token--"
"""As long as a token and of the same characters, and never one itself: its last character would
stand for bits that a token does not have."""

_TOKEN_CHARS: Final = 22

_IN_LINK = re.compile(r"(/c/|%2Fc%2F)[\w-]{22}(?![\w-])", re.ASCII | re.IGNORECASE)
_IN_ADDRESS = re.compile(r"\+[a-z2-7]{26}@", re.IGNORECASE)

TokenUse = Literal["page", "reply", "enrol", "device", "form"]
"""What a token is for: the page, the address that answers to emails go to; enrolling a device with
the app, that device, or what its forms carry (`rollcall.domain.app_tokens`)."""


def derive_token(key: bytes, chat_id: str, person_id: str, use: TokenUse = "page") -> str:
    """Return the token of a member: 22 characters of A-Z, a-z, 0-9, `-` and `_`.

    Args:
        key: At least 32 random bytes, kept outside of the ledger.
        chat_id: Which conversation.
        person_id: Which member.
        use: What it is for.
    """
    told = "\n".join((use, chat_id, person_id)).encode()
    code = hmac.new(key, told, hashlib.sha256).digest()[:TOKEN_BYTES]
    return base64.urlsafe_b64encode(code).decode().rstrip("=")


def digest_token(token: str) -> str:
    """Return what is stored of a token: a SHA-256, as hexadecimal digits."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def looks_like_token(text: str) -> bool:
    """Tell whether a text could be a token at all."""
    return (
        len(text) == _TOKEN_CHARS
        and text.isascii()
        and text.replace("-", "a").replace("_", "a").isalnum()
    )


def hide_tokens(text: str) -> str:
    """Return a text that may quote our mails without the tokens of links and addresses in it.

    A token opens somebody's page: it is never stored, nor shown to others.
    """
    return _IN_ADDRESS.sub("+…@", _IN_LINK.sub(r"\1…", text))


@dataclass(frozen=True, slots=True)
class PersonalLinks:
    """Writes the personal links of one conversation.

    Attributes:
        key: As for `derive_token`.
        base_url: Where recipients reach the portal, without a slash at the end.
        chat_id: Which conversation.
    """

    key: bytes
    base_url: str
    chat_id: str

    def fill(self, text: str, person_id: str) -> str:
        """Return a text with the member's token in place of the placeholder."""
        if PLACEHOLDER not in text:
            return text
        return text.replace(PLACEHOLDER, derive_token(self.key, self.chat_id, person_id))

    def reply_token_of(self, person_id: str) -> str:
        """Return the token of the address that a member's answers to emails go to."""
        return derive_token(self.key, self.chat_id, person_id, "reply")

    def link_of(self, person_id: str) -> str:
        """Return a member's personal link."""
        return f"{self.base_url}/c/{derive_token(self.key, self.chat_id, person_id)}"


def placeholder_link(base_url: str) -> str:
    """Return what stands for a personal link in a rendered text."""
    return f"{base_url}/c/{PLACEHOLDER}"
