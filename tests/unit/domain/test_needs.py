from rollcall.domain.needs import MemberState, find_need, measure_distances_km, sort_by_need

BASEL = (47.56, 7.59)


def ids(members: list[MemberState]) -> list[str]:
    return [one.person_id for one in members]


def test_who_has_answered_was_reached_whatever_routes_say() -> None:
    assert find_need("ok", is_reached=False) == "ok"
    assert find_need("needs_help", is_reached=False) == "needs_help"
    assert find_need("none", is_reached=False) == "not_reached"
    assert find_need("none", is_reached=True) == "silent"


def test_the_greatest_need_comes_first() -> None:
    told = [
        MemberState("a", "ok"),
        MemberState("b", "silent"),
        MemberState("d", "not_reached"),
        MemberState("c", "not_reached"),
        MemberState("e", "needs_help"),
    ]
    assert ids(sort_by_need(told)) == ["e", "c", "d", "b", "a"]


def test_of_the_same_need_the_nearest_comes_first_and_those_nobody_can_place_last() -> None:
    told = [
        MemberState("nowhere", "needs_help"),
        MemberState("zurich", "needs_help", 74.6),
        MemberState("tokyo", "needs_help", 9_500.0),
        MemberState("basel", "needs_help", 0.0),
        MemberState("at-home", "ok", 0.0),
    ]
    assert ids(sort_by_need(told)) == ["basel", "zurich", "tokyo", "nowhere", "at-home"]


def test_distances_are_in_the_order_of_places_and_unknown_where_nobody_knows() -> None:
    at_home, nowhere, zurich = measure_distances_km([BASEL, (None, None), (47.37, 8.54)], BASEL)
    assert (at_home, nowhere) == (0, None)
    assert zurich is not None
    assert 73 < zurich < 76


def test_a_place_across_the_antimeridian_is_near() -> None:
    far, near = measure_distances_km([(0.0, 170.0), (0.0, -179.5)], (0.0, 179.5))
    assert far is not None
    assert near is not None
    assert near < 120 < far


def test_of_nobody_there_is_nothing_to_sort_or_to_measure() -> None:
    assert sort_by_need([]) == []
    assert measure_distances_km([], BASEL) == []
