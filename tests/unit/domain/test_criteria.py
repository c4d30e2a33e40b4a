from typing import Any

import pytest

from rollcall.domain.criteria import match_filter
from rollcall.domain.selection import Filter
from rollcall.domain.world import World
from rollcall.errors import SelectionError
from tests.unit.domain.conftest import build_world, person
from tests.unit.domain.test_selection import EVERY_CRITERION

BUILT = {"countries", "groups", "tags", "recipient_type"}


def match(world: World, **criteria: Any) -> tuple[set[str], set[str]]:
    people, facilities = match_filter(Filter.model_validate(criteria), world, "filters[0]")
    assert len(people) == len(set(people))
    assert len(facilities) == len(set(facilities))
    return set(people), set(facilities)


@pytest.mark.parametrize(
    ("criteria", "people", "facilities"),
    [
        ({"countries": ["JP"]}, {"ana"}, {"tokyo"}),
        ({"countries": ["JP", "FR"]}, {"ana", "bo"}, {"tokyo", "paris"}),
        ({"countries": ["AQ"]}, set(), set()),
        ({"groups": ["board"]}, {"ana", "bo"}, set()),
        ({"groups": ["it", "board"]}, {"ana", "bo"}, set()),
        ({"tags": ["vip"]}, {"ana", "bo"}, {"paris"}),
        ({"tags": ["vip", "pilot"]}, {"ana", "bo"}, {"paris"}),
        ({"tags": ["vip", "pilot"], "tags_match": "all"}, {"bo"}, set()),
        ({"tags": ["vip", "vip"], "tags_match": "all"}, {"ana", "bo"}, {"paris"}),
        ({"tags": ["hub", "vip"], "tags_match": "all"}, set(), {"paris"}),
        ({"recipient_type": "people"}, {"ana", "bo", "cy"}, set()),
        ({"recipient_type": "facilities"}, set(), {"tokyo", "paris"}),
        ({"countries": ["FR"], "tags": ["vip"]}, {"bo"}, {"paris"}),
        ({"countries": ["FR"], "recipient_type": "people"}, {"bo"}, set()),
        ({"countries": ["JP"], "groups": ["it"]}, set(), set()),
    ],
)
def test_all_criteria_must_hold_and_any_member_of_a_list(
    world: World, criteria: dict[str, Any], people: set[str], facilities: set[str]
) -> None:
    assert match(world, **criteria) == (people, facilities)


def test_whoever_is_nowhere_known_is_in_no_country() -> None:
    assert match(build_world([person("ana")]), countries=["JP"]) == (set(), set())


@pytest.mark.parametrize(
    ("criteria", "told"),
    [
        ({"countries": ["JP", "UK"]}, "selection: filters[0].countries: unknown country 'UK'"),
        ({"groups": ["bord"]}, "selection: filters[0].groups: unknown group 'bord'"),
        ({"tags": ["vip", "VIP"]}, "selection: filters[0].tags: unknown tag 'VIP'"),
    ],
)
def test_unknown_name_is_refused_rather_than_matching_nobody(
    world: World, criteria: dict[str, Any], told: str
) -> None:
    with pytest.raises(SelectionError) as refusal:
        match(world, **criteria)
    assert str(refusal.value) == told


@pytest.mark.parametrize("tag", ["hub", "vip"])
def test_tag_that_only_a_facility_or_only_a_person_carries_is_known(tag: str) -> None:
    facilities = [{"facility_id": "f", "country": "JP", "tags": ["hub"]}]
    people, matched = match(build_world([person("ana", tags=["vip"])], facilities), tags=[tag])
    assert len(people) + len(matched) == 1


def test_empty_world_knows_no_name() -> None:
    with pytest.raises(SelectionError, match="unknown tag 'vip'"):
        match(build_world([]), tags=["vip"])


@pytest.mark.parametrize("name", sorted(set(EVERY_CRITERION) - BUILT))
def test_criterion_that_is_not_built_yet_is_refused_by_name(world: World, name: str) -> None:
    with pytest.raises(
        SelectionError, match=f"filters\\[0\\]: criterion '{name}' is not built yet"
    ):
        match(world, **{name: EVERY_CRITERION[name]})
