"""What the product selects is what the contract says, on random worlds."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from rollcall.clock import SystemClock
from rollcall.domain.audience import Audience, Position
from rollcall.domain.selection import parse_selection
from rollcall.errors import SelectionError
from rollcall.sending.preparing import read_world, select_recipients
from rollcall.sources.kept import KeptSources
from rollcall.sources.snapshot import Snapshot, build_snapshot
from tests.integration.contract.oracle import Meant, Oracle, Place, UnknownNameError
from tests.integration.contract.worlds import (
    AIRPORTS,
    World,
    make_selection,
    make_world,
    write_world,
)

SELECTIONS_PER_WORLD = 8
AIRPORT_TOLERANCE = 0.02
"""Degrees between two maps' opinions of where an airport is."""


@pytest.mark.parametrize("seed", range(150))
def test_random_world_gives_what_the_contract_says(seed: int, tmp_path: Path) -> None:
    draw = Random(seed)  # noqa: S311 - worlds are to be repeatable, not secret
    world = make_world(draw)
    write_world(draw, world.tables, tmp_path / "source")
    version = KeptSources(tmp_path / "kept", SystemClock()).open(tmp_path / "source")
    assert not version.rejected
    oracle = Oracle(world.tables, AIRPORTS, world.as_of)
    with build_snapshot(version, world.as_of) as snapshot:
        _compare_positions(oracle, snapshot)
        for _ in range(SELECTIONS_PER_WORLD):
            selection = make_selection(draw, world.tables)
            _compare_selection(
                world, oracle, selection, snapshot, managers_only=draw.random() < 0.5
            )


def _compare_positions(oracle: Oracle, snapshot: Snapshot) -> None:
    rows = {row["person_id"]: row for row in read_world(snapshot, oracle.as_of).people.to_dicts()}
    assert len(rows) == len(oracle.tables["people"])
    for person in oracle.tables["people"]:
        row, place = rows[person["person_id"]], oracle.locate(person)
        assert (row["position_source"], row["country"]) == (place.source, place.country), person
        assert row["position_at"] == place.at, person
        assert (row["latitude"], row["longitude"]) == _approximately(place), person


def _approximately(place: Place) -> tuple[Any, Any]:
    if place.source != "booking" or place.latitude is None:
        return place.latitude, place.longitude
    return (
        pytest.approx(place.latitude, abs=AIRPORT_TOLERANCE),
        pytest.approx(place.longitude, abs=AIRPORT_TOLERANCE),
    )


def _compare_selection(
    world: World,
    oracle: Oracle,
    selection: dict[str, Any],
    snapshot: Snapshot,
    *,
    managers_only: bool,
) -> None:
    asked = parse_selection(json.dumps(selection))
    try:
        meant = oracle.select(selection, managers_only=managers_only)
    except UnknownNameError as unknown:
        with pytest.raises(SelectionError, match=unknown.args[0]):
            select_recipients(asked, snapshot, world.as_of, managers_only=managers_only)
        return
    audience = select_recipients(asked, snapshot, world.as_of, managers_only=managers_only)
    _compare_audience(world, meant, audience)


def _compare_audience(world: World, meant: Meant, audience: Audience) -> None:
    people = {person["person_id"]: person for person in world.tables["people"]}
    got = {
        one.person_id: [json.dumps(reason, sort_keys=True) for reason in one.via]
        for one in audience.recipients
    }
    assert {person_id: set(reasons) for person_id, reasons in got.items()} == meant.via
    assert all(len(reasons) == len(set(reasons)) for reasons in got.values())
    assert list(got) == sorted(meant.via)
    assert list(audience.facility_ids) == sorted(meant.facility_ids)
    reached = [one for one in sorted(meant.via) if people[one]["email"] or people[one]["phone"]]
    assert [one.person_id for one in audience.reachable] == reached
    assert {one.person_id for one in audience.unreachable} == meant.via.keys() - set(reached)
    for one in audience.recipients:
        person = people[one.person_id]
        assert (one.name, one.email, one.phone) == (
            person["name"],
            person["email"],
            person["phone"],
        )
        assert one.home_country == person["home_country"]


def test_position_of_a_recipient_is_that_of_the_world(tmp_path: Path) -> None:
    draw = Random(1)  # noqa: S311 - as above
    world = make_world(draw)
    write_world(draw, world.tables, tmp_path / "source")
    version = KeptSources(tmp_path / "kept", SystemClock()).open(tmp_path / "source")
    oracle = Oracle(world.tables, AIRPORTS, world.as_of)
    everyone = parse_selection({"everyone": True})
    with build_snapshot(version, world.as_of) as snapshot:
        audience = select_recipients(everyone, snapshot, world.as_of, managers_only=False)
    people = {person["person_id"]: person for person in world.tables["people"]}
    for one in audience.recipients:
        place = oracle.locate(people[one.person_id])
        latitude, longitude = _approximately(place)
        assert one.position == Position(
            place.source,  # type: ignore[arg-type]  # the oracle's words are the contract's
            place.country,
            latitude,
            longitude,
            place.at,
        )
