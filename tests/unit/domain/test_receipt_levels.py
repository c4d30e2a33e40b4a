import pytest

from rollcall.domain.receipt_levels import limit_level, read_carrier_only_countries

ROWS = [{"country": "US", "level": "carrier"}, {"country": "TW", "level": "carrier"}]


def test_listed_countries_are_limited_to_the_carrier() -> None:
    assert read_carrier_only_countries(ROWS) == {"US", "TW"}


def test_a_level_that_limits_nothing_is_refused_by_its_country() -> None:
    with pytest.raises(ValueError, match="SE"):
        read_carrier_only_countries([*ROWS, {"country": "SE", "level": "handset"}])


def test_a_handset_s_receipt_from_there_is_the_carrier_s_word() -> None:
    assert limit_level("handset", "US", {"US"}) == "carrier"


@pytest.mark.parametrize("country", ["SE", None])
def test_elsewhere_a_receipt_says_what_it_says(country: str | None) -> None:
    assert limit_level("handset", country, {"US"}) == "handset"
    assert limit_level("carrier", country, {"US"}) == "carrier"
