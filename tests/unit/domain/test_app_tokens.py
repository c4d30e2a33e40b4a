from datetime import UTC, datetime, timedelta

import pytest

from rollcall.domain.app_tokens import (
    derive_device,
    grant_enrolment,
    is_form_token,
    read_enrol_token,
    write_enrol_token,
    write_form_token,
)
from rollcall.domain.personal_links import looks_like_token

KEY, OTHER_KEY = bytes(range(32)), bytes(range(1, 33))
NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)


@pytest.mark.parametrize("person_id", ["p1", "Åsa", "a.b/c\n", "x" * 200])
def test_link_to_enrol_says_whose_it_is_until_it_expires(person_id: str) -> None:
    given = grant_enrolment(person_id, NOW, timedelta(hours=2))
    token = write_enrol_token(KEY, given)
    assert read_enrol_token(KEY, token, NOW) == given
    assert read_enrol_token(KEY, token, NOW + timedelta(hours=2)) is None
    assert read_enrol_token(OTHER_KEY, token, NOW) is None
    assert not looks_like_token(token)


def test_changed_link_enrols_nobody() -> None:
    mine = write_enrol_token(KEY, grant_enrolment("p1", NOW)).split(".")
    theirs = write_enrol_token(KEY, grant_enrolment("p2", NOW, timedelta(days=9))).split(".")
    for part in range(len(mine)):
        mixed = [*mine[:part], theirs[part], *mine[part + 1 :]]
        if mixed != mine:
            assert read_enrol_token(KEY, ".".join(mixed), NOW) is None
    spaced = ".".join([mine[0], f" {mine[1]}", *mine[2:]])
    assert read_enrol_token(KEY, spaced, NOW) is None


@pytest.mark.parametrize("token", ["", ".", "...", "a.b.c.d", "é", "\ud800", "a." * 2000, "-" * 22])
def test_what_is_no_link_is_no_fault_of_ours(token: str) -> None:
    assert read_enrol_token(KEY, token, NOW) is None
    assert not is_form_token(KEY, "device", token)


def test_same_request_is_the_same_device_with_the_same_token() -> None:
    device_id, token = derive_device(KEY, "p1", "nonce")
    assert (device_id, token) == derive_device(KEY, "p1", "nonce")
    assert looks_like_token(token)
    others = [
        derive_device(KEY, "p2", "nonce"),
        derive_device(KEY, "p1", "other"),
        derive_device(OTHER_KEY, "p1", "nonce"),
    ]
    assert token not in {other for _, other in others}


def test_form_is_of_use_to_its_holder_only() -> None:
    token = write_form_token(KEY, "device one")
    assert is_form_token(KEY, "device one", token)
    assert not is_form_token(KEY, "device two", token)
    assert token != write_form_token(KEY, "device one")
