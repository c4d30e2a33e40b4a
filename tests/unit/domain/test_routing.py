from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.domain.routing import Candidate, Coverage, rank, rotate

CANDIDATES = st.lists(
    st.builds(
        Candidate,
        st.sampled_from("abcdef"),
        st.integers(0, 5),
        st.floats(0, 1),
        st.integers(0, 3),
        st.none() | st.decimals(0, 1, places=3),
        st.floats(0.1, 10),
    ),
    unique_by=lambda one: one.route_id,
)
DRAWS = st.floats(0, 1, exclude_max=True)


@given(CANDIDATES, DRAWS)
def test_every_route_is_ranked_once(candidates: list[Candidate], draw: float) -> None:
    assert sorted(rank(candidates, draw)) == sorted(one.route_id for one in candidates)


@given(CANDIDATES, DRAWS)
def test_a_route_in_much_better_health_always_comes_first(
    candidates: list[Candidate], draw: float
) -> None:
    order = rank(candidates, draw)
    health = {one.route_id: one.health for one in candidates}
    best = max(health.values(), default=0)
    poor = [place for place, name in enumerate(order) if health[name] < 0.5 * best]
    good = [place for place, name in enumerate(order) if health[name] >= 0.8 * best]
    assert max(good, default=-1) < min(poor, default=len(order))


def test_equal_routes_share_by_weight() -> None:
    candidates = [Candidate("a", weight=3.0), Candidate("b", weight=1.0)]
    first = Counter(rank(candidates, number / 1000)[0] for number in range(1000))
    assert first["a"] == pytest.approx(750, abs=2)


def test_a_cheaper_route_comes_first_and_an_unknown_price_last() -> None:
    candidates = [
        Candidate("unknown"),
        Candidate("dear", price=Decimal("0.09")),
        Candidate("cheap", price=Decimal("0.01")),
    ]
    assert rank(candidates, 0.5) == ["cheap", "dear", "unknown"]


@pytest.mark.parametrize(
    ("coverage", "match"),
    [
        (Coverage(), 0),
        (Coverage(frozenset({"JP"})), 1),
        (Coverage(frozenset({"FR"})), None),
        (Coverage(prefixes=("+81", "+8150")), 5),
        (Coverage(frozenset({"JP"}), ("+8150",)), 5),
        (Coverage(prefixes=("+8151",)), None),
    ],
)
def test_the_longest_prefix_tells_how_closely_a_route_is_meant(
    coverage: Coverage, match: int | None
) -> None:
    assert coverage.match("+815012345678", "JP") == match


def test_a_route_that_serves_everybody_serves_what_has_no_number() -> None:
    assert Coverage().match(None, None) == 0


@pytest.mark.parametrize(("number", "first"), [(0, "a"), (1, "b"), (5, "c")])
def test_canaries_take_turns(number: int, first: str) -> None:
    assert rotate(["a", "b", "c"], number)[0] == first


def test_nothing_rotates_to_nothing() -> None:
    assert rotate([], 7) == []
