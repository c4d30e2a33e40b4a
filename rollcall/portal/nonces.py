"""Nonces of forms: issued with a page, and good for that page's member only.

A nonce is random and signed, so that nothing has to be remembered of those that were issued. It
does not expire by itself: what was written offline may come hours later. What was sent under it
once is the same entry when it comes again.
"""

import base64
import hashlib
import hmac
import re
import secrets
from typing import Final

_RANDOM_BYTES: Final = 9
_MARK_BYTES: Final = 12
_NONCE: Final = re.compile(r"[A-Za-z0-9_-]{28}")
_TAP: Final = re.compile(r"[A-Za-z0-9_-]{0,32}")


class Nonces:
    """Issues nonces and knows them again.

    Args:
        key: As for `derive_token`.
    """

    def __init__(self, key: bytes) -> None:
        self._key = hmac.new(key, b"nonces of forms", hashlib.sha256).digest()

    def issue(self, token_digest: str) -> str:
        """Return a new nonce for a member."""
        return self._write(token_digest, secrets.token_bytes(_RANDOM_BYTES))

    def read_key(self, token_digest: str, nonce: str, tap: str) -> str | None:
        """Return what makes a repeat the same entry; None for a nonce that was not issued.

        Args:
            token_digest: Whose.
            nonce: As it came.
            tap: What a script adds to tell one tap from the next on the same page; may be empty.
        """
        if not _NONCE.fullmatch(nonce) or not _TAP.fullmatch(tap):
            return None
        random = base64.urlsafe_b64decode(nonce)[:_RANDOM_BYTES]
        if not hmac.compare_digest(self._write(token_digest, random), nonce):
            return None
        return f"{nonce}.{tap}"

    def _write(self, token_digest: str, random: bytes) -> str:
        signed = hmac.new(self._key, token_digest.encode() + random, hashlib.sha256).digest()
        return base64.urlsafe_b64encode(random + signed[:_MARK_BYTES]).decode()
