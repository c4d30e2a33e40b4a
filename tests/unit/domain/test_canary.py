from itertools import pairwise
from math import ceil

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from rollcall.domain.canary import CANARY_MIN, find_canaries
from rollcall.domain.phones import find_phone_country
from tests.people import phone_of

COUNTS = st.integers(CANARY_MIN, 3_000)


def find_places(numbers: list[str | None]) -> list[int]:
    chosen = find_canaries(pl.Series(numbers, dtype=pl.String)).to_list()
    return [place for place, is_chosen in enumerate(chosen) if is_chosen]


@given(COUNTS)
def test_two_per_cent_rounded_up_are_canaries_spread_evenly(count: int) -> None:
    places = find_places(["+46700000001"] * count)
    assert len(places) == ceil(count / 50)
    assert places[0] == 0
    gaps = {later - earlier for earlier, later in pairwise(places)}
    assert max(gaps) - min(gaps) <= 1


@given(st.integers(0, CANARY_MIN - 1))
def test_few_have_none(count: int) -> None:
    assert find_places(["+46700000001"] * count) == []
    assert find_places([*["+46700000001"] * count, *[None] * CANARY_MIN]) == []


def test_every_country_has_its_own_whatever_calling_code_it_shares() -> None:
    """Jersey and Great Britain share +44, the Virgin Islands and the United States +1."""
    numbers = [phone_of(number) for number in range(CANARY_MIN)]
    numbers += ["+441534500123", "+442079460123", "+13405551234", "+61491570006"]
    places = find_places([None, *numbers])
    countries = [find_phone_country(numbers[place - 1]) for place in places]
    assert sorted(set(map(str, countries))) == ["AU", "GB", "JE", "US", "VI"]
    assert countries.count("US") == ceil(CANARY_MIN / 50)


def test_a_number_of_nowhere_is_nobodys_country_and_hinders_nobody() -> None:
    assert find_places([*["+46700000001"] * CANARY_MIN, "+999123456", "+870773111632"])[-2:] == [
        CANARY_MIN - 50, CANARY_MIN,
    ]  # fmt: skip
