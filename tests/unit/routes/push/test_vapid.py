from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from rollcall.routes.push.encryption import decode_base64url
from rollcall.routes.push.vapid import (
    MOST_KEPT,
    VapidSigner,
    make_private_key,
    public_key_of,
    read_private_key,
)

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
ORIGIN = "https://push.example.org"
SUBJECT = "mailto:crisis@example.org"


def read_word(header: str, audience: str = ORIGIN) -> tuple[dict[str, object], str]:
    """Verify a signed word with another library than the one that wrote it."""
    scheme, _, told = header.partition(" ")
    assert scheme == "vapid"
    parts = dict(one.split("=", 1) for one in told.split(","))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decode_base64url(parts["k"]))
    claims = jwt.decode(
        parts["t"], key, algorithms=["ES256"], audience=audience, options={"verify_exp": False}
    )
    return claims, parts["k"]


def test_a_signed_word_is_verified_by_another_library() -> None:
    private = make_private_key()
    claims, key = read_word(VapidSigner(private, SUBJECT).authorise(ORIGIN, NOW))
    assert key == public_key_of(private)
    assert claims == {
        "aud": ORIGIN,
        "exp": int((NOW + timedelta(hours=12)).timestamp()),
        "sub": SUBJECT,
    }


def test_a_signed_word_is_kept_for_half_its_life_and_for_one_push_service() -> None:
    signer = VapidSigner(make_private_key(), SUBJECT)
    first = signer.authorise(ORIGIN, NOW)
    assert signer.authorise(ORIGIN, NOW + timedelta(hours=5)) == first
    later = NOW + timedelta(hours=6)
    claims, _ = read_word(signer.authorise(ORIGIN, later))
    assert claims["exp"] == int((later + timedelta(hours=12)).timestamp())
    other, _ = read_word(
        signer.authorise("https://other.example.org", NOW), "https://other.example.org"
    )
    assert other["aud"] == "https://other.example.org"


def test_browsers_that_name_ever_new_services_do_not_fill_the_memory() -> None:
    signer = VapidSigner(make_private_key(), SUBJECT)
    for number in range(3 * MOST_KEPT):
        origin = f"https://p{number}.example.org"
        claims, _ = read_word(signer.authorise(origin, NOW), origin)
        assert claims["aud"] == origin
    assert len(signer._kept) <= MOST_KEPT


@pytest.mark.parametrize(
    "text", ["", "short", "A" * 43, "_" * 43, "ü" * 43, "A" * 42 + "!", "A" * 44]
)
def test_a_key_that_is_none_is_told_and_not_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="should be a VAPID private key") as told:
        read_private_key(text)
    assert not text or text not in str(told.value)


def test_keys_are_of_the_length_that_every_tool_writes() -> None:
    for _ in range(20):
        private = make_private_key()
        assert len(private) == 43
        assert len(public_key_of(private)) == 87
