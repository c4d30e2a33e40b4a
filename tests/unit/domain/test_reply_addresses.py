"""Addresses that answers go to: only our own, in whatever case, hold a token."""

from hypothesis import given
from hypothesis import strategies as st

from rollcall.domain.personal_links import derive_token
from rollcall.domain.reply_addresses import find_reply_tokens, write_reply_address

TEMPLATE = "reply+{token}@example.org"


@given(st.binary(min_size=32, max_size=32), st.text(max_size=9), st.sampled_from([str, str.upper]))
def test_token_is_read_from_its_address_in_any_case(key: bytes, person: str, change: type) -> None:
    token = derive_token(key, "c-1", person, "reply")
    address = write_reply_address(TEMPLATE, token)
    assert len(address.split("@")[0]) <= 64
    for header in (address, f"Team <{address}>", f"a@example.org, <{address}>;"):
        assert find_reply_tokens(TEMPLATE, change(header)) == {token}


def test_other_addresses_hold_no_token() -> None:
    token = derive_token(bytes(32), "c-1", "p-1", "reply")
    address = write_reply_address(TEMPLATE, token)
    others = [
        "reply@example.org", f"x{address}", address.replace("@", "a@"), f"{address}.evil.example",
        address.replace("org", "com"), f"reply+{'a' * 25}9@example.org",
        f"reply+{'a' * 25}b@example.org",
    ]  # fmt: skip
    for other in others:
        assert find_reply_tokens(TEMPLATE, other) == set()
