import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollcall.domain.phones import normalise_phone


@pytest.mark.parametrize(
    ("text", "home_country", "expected"),
    [
        ("0701740605", "SE", "+46701740605"),
        ("070-174 06 05", "SE", "+46701740605"),
        ("+46 (0)70 174 06 05", None, "+46701740605"),
        ("+46701740605", "JP", "+46701740605"),
        ("0046701740605", "SE", "+46701740605"),
        ("07400 123456", "GB", "+447400123456"),
        ("090-1234-5678", "JP", "+819012345678"),
        ("044 123 456", "XK", "+38344123456"),
    ],
)
def test_number_as_written_becomes_e164(text: str, home_country: str | None, expected: str) -> None:
    assert normalise_phone(text, home_country) == expected


@pytest.mark.parametrize(
    ("text", "home_country"),
    [
        ("0701740605", None),  # national, and nobody says of where
        ("12", "SE"),
        ("ask the desk", "SE"),
        ("", "SE"),
        ("+999123456789", None),
        ("0701740605" * 40, "SE"),
        ("0701740605", "ZZ"),
    ],
)
def test_what_cannot_be_a_number_is_none(text: str, home_country: str | None) -> None:
    assert normalise_phone(text, home_country) is None


@settings(deadline=None)  # a busy machine is no failure
@given(st.text(max_size=40), st.sampled_from(["SE", "JP", "GB", None]))
def test_any_text_gives_none_or_a_number_that_stays_itself(
    text: str, home_country: str | None
) -> None:
    number = normalise_phone(text, home_country)
    assert number is None or normalise_phone(number, None) == number
