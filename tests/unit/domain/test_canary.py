from itertools import pairwise
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from rollcall.domain.canary import canary_quota, is_canary


@given(st.integers(1, 5_000))
def test_two_per_cent_rounded_up_are_canaries(count: int) -> None:
    assert canary_quota(count) == ceil(count / 50)
    assert sum(is_canary(index, count) for index in range(count)) == canary_quota(count)


def test_the_only_sms_to_a_country_is_its_canary() -> None:
    assert is_canary(0, 1)


@given(st.integers(100, 5_000))
def test_canaries_are_spread_evenly(count: int) -> None:
    places = [index for index in range(count) if is_canary(index, count)]
    gaps = {later - earlier for earlier, later in pairwise(places)}
    assert max(gaps) - min(gaps) <= 1
    assert places[0] == 0
