"""The country of a number: as phonenumbers tells it, only faster."""

import time

import phonenumbers
import pytest

from rollcall.domain.phones import find_phone_country
from tests.people import phone_of

EXAMPLES = sorted(
    {
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        for region in phonenumbers.SUPPORTED_REGIONS
        for kind in phonenumbers.PhoneNumberType.values()
        if (number := phonenumbers.example_number_for_type(region, kind))
    }
)


@pytest.mark.parametrize("order", [1, -1], ids=["in order", "in the other order"])
def test_every_countrys_numbers_are_told_as_the_library_tells_them(order: int) -> None:
    assert len(EXAMPLES) > 900
    told = {number: find_phone_country(number) for number in EXAMPLES[::order]}
    expected = {
        number: phonenumbers.region_code_for_number(phonenumbers.parse(number))
        for number in EXAMPLES
    }
    assert {number: told[number] for number in EXAMPLES if told[number] != expected[number]} == {}


@pytest.mark.parametrize(
    ("number", "country"),
    [
        (phone_of(1), "US"),
        ("+16135550142", "CA"),
        ("+61491570006", "AU"),
        ("+447700900123", "GB"),
        ("+80012345678", None),
        ("+882123456789", None),
        ("+999123", None),
        ("+", None),
        ("", None),
        ("no number", None),
    ],
)
def test_country_of_a_number(number: str, country: str | None) -> None:
    assert find_phone_country(number) == country


def test_finding_a_country_is_cheap_beside_reading_the_number() -> None:
    numbers = [f"+1202555{number:04}" for number in range(5_000)]

    began = time.process_time()
    for number in numbers:
        find_phone_country(number)
    found = time.process_time()
    for number in numbers:
        phonenumbers.parse(number)

    assert found - began < time.process_time() - found
