"""Encrypts what a notification says, so that only the device can read it (RFC 8291, aes128gcm)."""

import base64
from typing import Final

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec

from rollcall.domain.push import PushSubscription

PUBLIC_KEY_BYTES: Final = 65
"""A point of P-256, uncompressed (RFC 8291 §3.1)."""

AUTH_BYTES: Final = 16

MAX_ENCRYPTED_BYTES: Final = 4096
"""The most that every push service takes (RFC 8030 §7.2)."""


def encrypt_payload(payload: bytes, subscription: PushSubscription) -> bytes:
    """Return a payload as only one device can read it.

    Raises:
        ValueError: The keys of the subscription are none, or the payload is too long.
    """
    receiver = decode_base64url(subscription.p256dh)
    auth = decode_base64url(subscription.auth)
    if len(receiver) != PUBLIC_KEY_BYTES or len(auth) != AUTH_BYTES:
        raise ValueError("the keys of a subscription have another length")
    encrypted: bytes = http_ece.encrypt(
        payload,
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=receiver,
        auth_secret=auth,
        version="aes128gcm",
    )
    if len(encrypted) > MAX_ENCRYPTED_BYTES:
        raise ValueError("too long for a push service")
    return encrypted


def decode_base64url(text: str) -> bytes:
    """Read base64url, with or without padding.

    Raises:
        ValueError: It is none.
    """
    bare = text.strip().rstrip("=")
    return base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)


def encode_base64url(told: bytes) -> str:
    """Write base64url without padding."""
    return base64.urlsafe_b64encode(told).rstrip(b"=").decode()
