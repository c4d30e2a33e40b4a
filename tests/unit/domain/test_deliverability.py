"""What tries came to, summed up: nothing is lost, and nothing is more certain than it was."""

import json
from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.domain.deliverability import (
    REASONS_KEPT,
    FailureReason,
    Line,
    TryFacts,
    TryGroup,
    TrySums,
    Way,
    busiest_first,
    find_ways,
    limit_reasons,
    sum_lines,
    sums_from_json,
    sums_to_json,
)

SMS = TryGroup("sms", "alpha", "JP")
MAIL = TryGroup("email", "mail", None)
WITH = Way(awaits_receipts=True, price=Decimal("0.05"))
WITHOUT = Way(awaits_receipts=False, price=None)

counts = st.integers(0, 10**9)
texts = st.none() | st.text(max_size=9)
sums = st.builds(
    TrySums,
    *[counts] * 9,
    times=st.dictionaries(st.integers(0, 10**6), st.integers(1, 99), max_size=9).map(Counter),
    reasons=st.dictionaries(
        st.builds(FailureReason, st.sampled_from(["refused", "rejected"]), texts),
        st.integers(1, 99),
        max_size=REASONS_KEPT,
    ).map(Counter),
)
groups = st.builds(TryGroup, st.sampled_from(["sms", "email"]), st.text(max_size=9), texts)


@given(st.dictionaries(groups, sums, max_size=5))
def test_what_is_kept_of_a_day_is_what_was_counted(day: dict[TryGroup, TrySums]) -> None:
    assert sums_from_json(json.loads(json.dumps(sums_to_json(day)))) == day


@given(st.lists(sums, min_size=1, max_size=5))
def test_sums_of_sums_count_everything_once(several: list[TrySums]) -> None:
    total = TrySums()
    for one in several:
        total.add(one)
    assert total.try_count == sum(one.try_count for one in several)
    assert total.times.total() == sum(one.times.total() for one in several)
    assert total.reasons.total() == sum(one.reasons.total() for one in several)


@pytest.mark.parametrize(("share_pct", "time_s"), [(50, 0.5), (90, 2.0), (100, 60.0), (1, 0.3)])
def test_times_are_ones_that_were_measured(share_pct: int, time_s: float) -> None:
    times = Counter({600: 1, 3: 4, 20: 4, 5: 1})
    assert TrySums(times=times).find_time_s(share_pct) == time_s


def test_without_receipts_there_is_no_time() -> None:
    assert TrySums(try_count=3).find_time_s(50) is None


def test_clocks_that_differ_make_no_time_before_the_start() -> None:
    assert TrySums(times=Counter({-4: 1})).find_time_s(50) == 0


def test_rare_reasons_are_told_as_one() -> None:
    many = Counter({FailureReason("refused", str(code)): code for code in range(1, 31)})
    kept = limit_reasons(many)
    assert kept.total() == many.total()
    assert len(kept) == REASONS_KEPT + 1
    assert kept[FailureReason("other", None)] == sum(range(1, 11))
    assert limit_reasons(kept).total() == many.total()


def test_a_receipt_is_missing_only_where_one_was_due() -> None:
    open_sums = TrySums(try_count=9, taken_count=9, open_count=5, awaited_count=2)
    line = Line()
    line.add(open_sums, WITH)
    line.add(open_sums, WITHOUT)
    assert (line.never_came_count, line.silent_count) == (3, 3)
    assert line.told_count == 18 - 3 - 4


def test_a_cost_counts_what_has_a_price_and_says_what_has_none() -> None:
    line = Line()
    line.add(TrySums(segment_count=3), WITH)
    line.add(TrySums(segment_count=4), WITHOUT)
    assert (line.cost, line.unpriced_count) == (Decimal("0.15"), 4)


def test_mail_costs_nothing_that_is_known() -> None:
    line = Line()
    line.add(TrySums(try_count=5), WITH)
    assert line.cost is None


def test_lines_are_by_whatever_they_are_asked_for() -> None:
    day = {SMS: TrySums(try_count=1), MAIL: TrySums(try_count=2)}
    ways = {"alpha": WITH, "mail": WITHOUT}
    told = ((group.channel, group, one) for group, one in day.items())
    lines = sum_lines(told, ways)
    assert {channel: line.sums.try_count for channel, line in lines.items()} == {
        "sms": 1,
        "email": 2,
    }
    assert [key for key, _ in busiest_first(lines, str)] == ["email", "sms"]


def test_a_route_that_is_gone_has_receipts_if_any_ever_came() -> None:
    silent = TryGroup("sms", "beta", None)
    days = [{SMS: TrySums(handset_count=1)}, {silent: TrySums(try_count=1)}]
    ways = find_ways({}, days)
    assert ways == {"alpha": Way(True, None), "beta": Way(False, None)}
    assert find_ways({"beta": WITH, "never used": WITH}, days)["beta"] == WITH


OUTCOMES = ("accepted", "unavailable", "throttled", "rejected", "temporary", "refused", "uncertain")
facts = st.builds(
    TryFacts,
    st.sampled_from(OUTCOMES),
    st.sampled_from([None, "accepted", "delivered", "failed", "missing"]),
    st.sampled_from([None, "carrier", "handset"]),
    st.sampled_from([None, False, True]),
    texts,
    st.integers(0, 9),
    st.booleans(),
)


@given(st.lists(st.tuples(facts, st.integers(1, 9))))
def test_every_try_came_to_one_thing(told: list[tuple[TryFacts, int]]) -> None:
    counted = TrySums()
    for one, count in told:
        counted.count(one, count)
    came_to = counted.arrived_count + counted.failed_count + counted.unknown_count
    assert came_to + counted.open_count == counted.try_count == sum(count for _, count in told)
    assert counted.reasons.total() == counted.failed_count
    assert counted.awaited_count <= counted.open_count <= counted.taken_count


@given(facts)
def test_nothing_arrived_without_a_receipt(one: TryFacts) -> None:
    counted = TrySums()
    counted.count(one._replace(receipt_state=None), 1)
    assert counted.arrived_count == 0


@given(facts)
def test_only_a_telephones_receipt_proves_that_it_reached_one(one: TryFacts) -> None:
    counted = TrySums()
    counted.count(one, 1)
    is_proof = (one.receipt_state, one.receipt_level) == ("delivered", "handset")
    assert counted.handset_count == is_proof
