"""What the product selects is what the contract says, on random worlds."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis.strategies import randoms, sampled_from

from rollcall.clock import SystemClock
from rollcall.domain.audience import Audience
from rollcall.domain.selecting import select_audience
from rollcall.domain.selection import Filter, Selection, parse_selection
from rollcall.domain.world import World as Evidence
from rollcall.errors import SelectionError
from rollcall.sources.kept import KeptSources
from rollcall.sources.snapshot import build_snapshot
from rollcall.sources.world import read_world
from tests.integration.contract.files import WRITERS
from tests.integration.contract.oracle import Meant, Oracle
from tests.integration.contract.oracle_criteria import Reference, Row, person_meets
from tests.integration.contract.places import load_reference
from tests.integration.contract.selections import CRITERIA, make_saved_filters, make_selection
from tests.integration.contract.worlds import World, make_world

FORMATS = list(WRITERS)
SELECTIONS_PER_WORLD = 10
VIA_ORDER = ("everyone", "person", "group", "saved_filter", "filter", "facility")


@cache
def reference() -> Reference:
    return load_reference()


@contextmanager
def load(draw: Random, world: World, file_format: str, folder: Path) -> Iterator[Evidence]:
    """Write a world in a format, and yield what the product makes of it."""
    WRITERS[file_format](draw, world.tables, folder / file_format)
    version = KeptSources(folder / "kept", SystemClock()).open(folder / file_format)
    assert not version.rejected
    with build_snapshot(version, world.as_of) as snapshot:
        yield read_world(snapshot, world.as_of)


@pytest.mark.parametrize("seed", range(160))
def test_random_world_gives_what_the_contract_says(seed: int, tmp_path: Path) -> None:
    draw = Random(seed)  # noqa: S311 - worlds are to be repeatable, not secret
    _compare_world(draw, FORMATS[seed % len(FORMATS)], tmp_path)


@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(draw=randoms(use_true_random=False), file_format=sampled_from(FORMATS))
def test_no_world_that_hypothesis_looks_for_contradicts_the_contract(
    draw: Random, file_format: str
) -> None:
    """As above, but a world that does is made as small as it can be."""
    with TemporaryDirectory() as folder:
        _compare_world(draw, file_format, Path(folder))


@pytest.mark.parametrize("seed", range(20))
def test_the_same_world_gives_the_same_answer_in_every_file_format(
    seed: int, tmp_path: Path
) -> None:
    draw = Random(-1 - seed)  # noqa: S311 - as above
    world = make_world(draw)
    selections = [make_selection(draw, world.tables, []) for _ in range(10)]
    answers = []
    for file_format in FORMATS:
        with load(draw, world, file_format, tmp_path) as evidence:
            answers.append([_answer(selection, evidence) for selection in selections])
    assert answers[0] == answers[1] == answers[2]


def test_every_criterion_of_the_contract_is_made_up() -> None:
    assert {*CRITERIA, "area_match", "tags_match"} == set(Filter.model_fields)


@pytest.mark.parametrize("name", CRITERIA)
def test_made_up_criterion_is_met_by_some_and_not_by_others(name: str) -> None:
    """Or the comparison would compare nothing."""
    met = set()
    for seed in range(60):
        draw = Random(seed)  # noqa: S311 - as above
        world = make_world(draw)
        oracle = Oracle(world.tables, reference(), world.as_of, {})
        criteria = {name: CRITERIA[name](draw, world.tables)}
        met |= {person_meets(criteria, one, oracle.facts) for one in world.tables["people"]}
    assert met == {True, False}


def _compare_world(draw: Random, file_format: str, folder: Path) -> None:
    world = make_world(draw)
    saved = make_saved_filters(draw, world.tables)
    oracle = Oracle(world.tables, reference(), world.as_of, saved)
    with load(draw, world, file_format, folder) as evidence:
        _compare_positions(oracle, evidence)
        for _ in range(SELECTIONS_PER_WORLD):
            selection = make_selection(draw, world.tables, list(saved))
            _compare_selection(oracle, selection, evidence, managers_only=draw.random() < 0.5)


def _compare_positions(oracle: Oracle, evidence: Evidence) -> None:
    rows = {row["person_id"]: row for row in evidence.people.to_dicts()}
    assert rows.keys() == oracle.places.keys()
    for person_id, place in oracle.places.items():
        row = rows[person_id]
        assert (row["position_source"], row["country"]) == (place.source, place.country), person_id
        assert row["position_at"] == place.at, person_id
        assert (row["latitude"], row["longitude"]) == (place.latitude, place.longitude), person_id


def _compare_selection(
    oracle: Oracle, selection: Row, evidence: Evidence, *, managers_only: bool
) -> None:
    mistakes = oracle.find_mistakes(selection)
    if mistakes:
        with pytest.raises(SelectionError) as refusal:
            _select(selection, evidence, oracle.saved_filters, managers_only=managers_only)
        assert any(mistake in str(refusal.value) for mistake in mistakes)
        return
    meant = oracle.select(selection, managers_only=managers_only)
    audience = _select(selection, evidence, oracle.saved_filters, managers_only=managers_only)
    _compare_audience(oracle, meant, audience)


def _select(
    selection: Row, evidence: Evidence, saved: dict[str, Row], *, managers_only: bool
) -> Audience:
    return select_audience(
        _parse(selection),
        evidence,
        managers_only=managers_only,
        saved_filters={name: _parse(one) for name, one in saved.items()},
    )


def _parse(selection: Row) -> Selection:
    return parse_selection(json.dumps(selection))


def _compare_audience(oracle: Oracle, meant: Meant, audience: Audience) -> None:
    got = {one.person_id: one.via for one in audience.recipients}
    assert {person_id: _spell(via) for person_id, via in got.items()} == meant.via
    assert list(got) == sorted(meant.via)
    assert list(audience.facility_ids) == sorted(meant.facility_ids)
    for via in got.values():
        assert len(via) == len(_spell(via))
        ranks = [VIA_ORDER.index(str(reason["by"])) for reason in via]
        assert ranks == sorted(ranks)
    _compare_recipients(oracle, audience)


def _spell(via: tuple[Any, ...]) -> set[str]:
    return {json.dumps(reason, sort_keys=True) for reason in via}


def _compare_recipients(oracle: Oracle, audience: Audience) -> None:
    people = {person["person_id"]: person for person in oracle.tables["people"]}
    reachable = {one.person_id for one in audience.reachable}
    for one in audience.recipients:
        person, place = people[one.person_id], oracle.places[one.person_id]
        assert (one.person_id in reachable) == bool(person["email"] or person["phone"])
        assert (one.name, one.email) == (person["name"], person["email"])
        assert (one.phone, one.home_country) == (person["phone"], person["home_country"])
        assert (one.position.source, one.position.country) == (place.source, place.country)
        assert (one.position.latitude, one.position.longitude, one.position.at) == (
            place.latitude,
            place.longitude,
            place.at,
        )


def _answer(selection: Row, evidence: Evidence) -> Audience | str:
    try:
        return _select(selection, evidence, {}, managers_only=False)
    except SelectionError as error:
        return str(error)
