"""Two strangers read what we write: http_ece's own reader, and the sandbox's, made of the RFC."""

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from rollcall.domain.push import MAX_PAYLOAD_BYTES, PushSubscription
from rollcall.routes.push.encryption import (
    MAX_ENCRYPTED_BYTES,
    decode_base64url,
    encode_base64url,
    encrypt_payload,
)
from rollcall.sandbox.push_service import decrypt_payload

AUTH = bytes(range(16))
ENDPOINT = "https://push.example.org/1"


def subscription_of(key: ec.EllipticCurvePrivateKey, auth: bytes = AUTH) -> PushSubscription:
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return PushSubscription("d", ENDPOINT, encode_base64url(point), encode_base64url(auth))


@pytest.fixture(scope="module")
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def test_the_example_of_the_rfc_is_read_by_both_readers() -> None:
    # RFC 8291 appendix A
    number = int.from_bytes(decode_base64url("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"), "big")
    device = ec.derive_private_key(number, ec.SECP256R1())
    auth = decode_base64url("BTBZMqHH6r4Tts7J_aSIgg")
    body = decode_base64url(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
        "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
        "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )
    assert decrypt_payload(body, device, auth) == b"When I grow up, I want to be a watermelon"
    assert http_ece.decrypt(body, private_key=device, auth_secret=auth) == decrypt_payload(
        body, device, auth
    )


@pytest.mark.parametrize("size", [1, 100, MAX_PAYLOAD_BYTES])
def test_what_we_encrypt_is_read_by_both_readers(
    key: ec.EllipticCurvePrivateKey, size: int
) -> None:
    payload = bytes(one % 251 for one in range(size))
    body = encrypt_payload(payload, subscription_of(key))
    assert decrypt_payload(body, key, AUTH) == payload
    assert http_ece.decrypt(body, private_key=key, auth_secret=AUTH) == payload
    assert len(body) < MAX_ENCRYPTED_BYTES


def test_nobody_else_reads_it(key: ec.EllipticCurvePrivateKey) -> None:
    body = encrypt_payload(b"told", subscription_of(key))
    with pytest.raises(ValueError, match="not for this device"):
        decrypt_payload(body, ec.generate_private_key(ec.SECP256R1()), AUTH)
    with pytest.raises(ValueError, match="not for this device"):
        decrypt_payload(body, key, bytes(16))


def test_the_same_text_never_looks_the_same(key: ec.EllipticCurvePrivateKey) -> None:
    bodies = {encrypt_payload(b"told", subscription_of(key)) for _ in range(10)}
    assert len(bodies) == 10


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [
        ("", encode_base64url(AUTH)),
        ("not base64!", encode_base64url(AUTH)),
        (encode_base64url(b"\x04" + bytes(64)), encode_base64url(AUTH)),
        (None, encode_base64url(AUTH[:15])),
        (None, "ü"),
    ],
    ids=["empty", "no base64", "no point of the curve", "short secret", "no ASCII"],
)
def test_keys_that_are_none_are_told(
    key: ec.EllipticCurvePrivateKey, p256dh: str | None, auth: str
) -> None:
    good = subscription_of(key)
    bad = PushSubscription("d", ENDPOINT, good.p256dh if p256dh is None else p256dh, auth)
    with pytest.raises(ValueError, match=r".+"):
        encrypt_payload(b"told", bad)


def test_what_no_push_service_would_take_is_not_made(key: ec.EllipticCurvePrivateKey) -> None:
    with pytest.raises(ValueError, match="too long"):
        encrypt_payload(bytes(4000), subscription_of(key))
