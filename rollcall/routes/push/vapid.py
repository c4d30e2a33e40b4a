"""Who we are to push services: a signed word of ours on every request (VAPID, RFC 8292)."""

from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02

from rollcall.routes.push.encryption import decode_base64url, encode_base64url

KEY_BYTES: Final = 32

_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256 (FIPS 186-4 §D.1.2.3): keys are from 1 to one less."""

LASTS: Final = timedelta(hours=12)
"""How long a signed word is good: at most 24 h, and Apple is strict about it."""

RENEW_BEFORE: Final = timedelta(hours=6)

MOST_KEPT: Final = 64
"""Push services whose signed word is kept; there are a handful, but browsers name them."""


def make_private_key() -> str:
    """Return a new private key, as base64url: 32 bytes."""
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return encode_base64url(number.to_bytes(KEY_BYTES, "big"))


def read_private_key(text: str) -> ec.EllipticCurvePrivateKey:
    """Read a private key as `make_private_key` and the usual VAPID tools write it.

    Raises:
        ValueError: It is none; its text is not quoted.
    """
    try:
        told = decode_base64url(text)
    except ValueError:
        told = b""
    number = int.from_bytes(told, "big")
    if len(told) != KEY_BYTES or not 0 < number < _ORDER:
        raise ValueError("should be a VAPID private key: 32 bytes as base64url, 43 characters")
    return ec.derive_private_key(number, ec.SECP256R1())


def public_key_of(text: str) -> str:
    """Return the public key that browsers subscribe with (`applicationServerKey`), as base64url.

    Args:
        text: The private key.

    Raises:
        ValueError: It is none.
    """
    key = read_private_key(text).public_key()
    return encode_base64url(key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


class VapidSigner:
    """Signs requests to push services, one word for each service and half a day.

    Args:
        private_key: As base64url.
        subject: Whom push services can reach about us: `mailto:…` or `https://…`.

    Raises:
        ValueError: The key is none.
    """

    def __init__(self, private_key: str, subject: str) -> None:
        self._vapid = Vapid02(read_private_key(private_key))
        self._subject = subject
        self._kept: dict[str, tuple[datetime, str]] = {}

    def authorise(self, origin: str, now: datetime) -> str:
        """Return the `Authorization` header of a request.

        Args:
            origin: The push service: scheme, host and port of the endpoint.
            now: The present moment.
        """
        expires_at, header = self._kept.get(origin, (now, ""))
        if expires_at - now <= RENEW_BEFORE:
            expires_at = now + LASTS
            claims = {"aud": origin, "exp": int(expires_at.timestamp()), "sub": self._subject}
            header = self._vapid.sign(claims)["Authorization"]
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[origin] = (expires_at, header)
        return header
