"""Nonces: good for one member, never guessed, and the same entry when they come again."""

import pytest

from rollcall.portal.nonces import Nonces

NONCES = Nonces(bytes(32))
MEMBER, OTHER = "a" * 64, "b" * 64


def test_a_nonce_that_was_issued_is_known_again_also_by_another_process() -> None:
    nonce = NONCES.issue(MEMBER)
    assert NONCES.read_key(MEMBER, nonce, "") == NONCES.read_key(MEMBER, nonce, "")
    assert Nonces(bytes(32)).read_key(MEMBER, nonce, "") is not None


def test_each_page_has_one_of_its_own() -> None:
    assert len({NONCES.issue(MEMBER) for _ in range(1_000)}) == 1_000


def test_taps_on_one_page_are_told_apart() -> None:
    nonce = NONCES.issue(MEMBER)
    keys = {NONCES.read_key(MEMBER, nonce, tap) for tap in ("", "a", "b")}
    assert len(keys - {None}) == 3


@pytest.mark.parametrize("wrong", ["", "x", "A" * 28, "é" * 28, "A" * 29, "=" * 28])
def test_what_was_never_issued_is_none(wrong: str) -> None:
    assert NONCES.read_key(MEMBER, wrong, "") is None


def test_anothers_nonce_is_none() -> None:
    assert NONCES.read_key(OTHER, NONCES.issue(MEMBER), "") is None
    assert Nonces(bytes(31) + b"x").read_key(MEMBER, NONCES.issue(MEMBER), "") is None


@pytest.mark.parametrize("place", range(28))
def test_a_changed_nonce_is_none(place: int) -> None:
    nonce = NONCES.issue(MEMBER)
    changed = nonce[:place] + ("A" if nonce[place] != "A" else "B") + nonce[place + 1 :]
    assert NONCES.read_key(MEMBER, changed, "") is None


@pytest.mark.parametrize("tap", ["a" * 33, "a b", "\n", "é"])
def test_a_tap_that_no_script_of_ours_makes_is_none(tap: str) -> None:
    assert NONCES.read_key(MEMBER, NONCES.issue(MEMBER), tap) is None
