"""Whom a message reaches is found for all at once as recording finds it for each one."""

from typing import Any

import polars as pl
from hypothesis import given

from rollcall.domain.addresses import OPTED_OUT, address_of, tell_missing
from rollcall.domain.audience import Audience, Recipient
from rollcall.domain.message import CHANNELS, Channel
from rollcall.domain.preview.reach import (
    BY_ADDRESS,
    ReachTerms,
    count_reach,
    count_values,
    find_reach,
    list_ways,
)
from rollcall.domain.selecting import select_audience
from rollcall.domain.selection import parse_selection
from rollcall.domain.world import World
from tests.unit.domain.conftest import build_world, person
from tests.unit.domain.preview.reached import NUMBERS, PERSONS, TERMS


def everybody(world: World, *, as_rows: bool) -> Audience:
    return select_audience(parse_selection({"everyone": True}), world, as_rows=as_rows)


def tell_one(one: Recipient, channel: Channel, terms: ReachTerms) -> str | None:
    """Say why a channel does not reach somebody, as recording does, one after the other."""
    address = address_of(one, channel, has_push=one.person_id in terms.notified_ids)
    if missing := tell_missing(address, channel):
        return missing
    is_spared = channel == "sms" and address in terms.opted_out and not terms.life_safety
    return OPTED_OUT if is_spared else None


@given(PERSONS, TERMS)
def test_each_one_lacks_what_recording_would_say(
    known: list[dict[str, Any]], terms: ReachTerms
) -> None:
    world = build_world([person(f"p{number}", **one) for number, one in enumerate(known)])
    audience = everybody(world, as_rows=True)
    rows = find_reach(audience, world, terms)
    for one, found in zip(audience.recipients, rows.iter_rows(named=True), strict=True):
        told = {channel: tell_one(one, channel, terms) for channel in terms.channels}
        assert {channel: found[f"no_{channel}"] for channel in terms.channels} == told
        lacks = [missing for missing in told.values() if missing]
        assert found["unreached"] == (", ".join(lacks) if len(lacks) == len(told) else None)
        assert found["has_opted_out"] == (one.phone in terms.opted_out)


@given(PERSONS)
def test_who_has_no_address_is_who_is_told_to_be_unreachable(known: list[dict[str, Any]]) -> None:
    world = build_world([person(f"p{number}", **one) for number, one in enumerate(known)])
    audience = everybody(world, as_rows=False)
    rows = find_reach(audience, world, BY_ADDRESS)
    assert count_reach(rows, BY_ADDRESS).unreached_count == len(audience.unreachable)
    ways = dict(zip(rows["person_id"], list_ways(rows), strict=True))
    assert {one.person_id for one in audience.reachable} == {
        person_id for person_id, has in ways.items() if {"email", "sms"} & set(has)
    }


@given(PERSONS, TERMS)
def test_recipients_and_rows_of_them_are_found_alike(
    known: list[dict[str, Any]], terms: ReachTerms
) -> None:
    world = build_world([person(f"p{number}", **one) for number, one in enumerate(known)])
    of_rows = find_reach(everybody(world, as_rows=True), world, terms)
    of_objects = find_reach(everybody(world, as_rows=False), world, terms)
    assert of_rows.equals(of_objects.select(of_rows.columns))


def test_each_channel_counts_whom_it_reaches() -> None:
    world = build_world([
        person("ana", email="ana@example.org", phone=NUMBERS[0], country="JP"),
        person("bo", phone=NUMBERS[1], country="FR", has_app=True),
        person("cy", email="broken", country="FR"),
    ])  # fmt: skip
    terms = ReachTerms(CHANNELS, frozenset({NUMBERS[0]}), frozenset({"bo", "gone"}))
    reach = count_reach(find_reach(everybody(world, as_rows=True), world, terms), terms)
    assert reach.by_channel == {"email": 1, "sms": 1, "push": 1}
    assert reach.by_way == {"email": 1, "sms": 2, "app": 1}
    assert list(reach.by_country.items()) == [("FR", 2), ("JP", 1)]
    assert (reach.people_count, reach.opted_out_count, reach.unreached_count) == (3, 1, 1)
    assert reach.unreached_reasons == {
        "the email address is not valid, no phone number, no app that takes notifications": 1
    }


def test_without_a_channel_nobody_is_reached() -> None:
    world, terms = build_world([person("ana", email="ana@example.org")]), ReachTerms(())
    reach = count_reach(find_reach(everybody(world, as_rows=True), world, terms), terms)
    assert reach.unreached_reasons == {"no channel is chosen": 1}


def test_equal_counts_stay_in_the_order_in_which_they_come() -> None:
    counted = count_values(pl.Series(["TH", "FR", "JP", "JP"]))
    assert list(counted.items()) == [("JP", 2), ("TH", 1), ("FR", 1)]
