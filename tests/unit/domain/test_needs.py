from rollcall.domain.needs import MemberState, find_need, sort_by_need

BASEL = (47.56, 7.59)


def ids(members: list[tuple[MemberState, float | None]]) -> list[str]:
    return [one.person_id for one, _ in members]


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
        MemberState("zurich", "needs_help", 47.37, 8.54),
        MemberState("tokyo", "needs_help", 35.68, 139.77),
        MemberState("basel", "needs_help", *BASEL),
        MemberState("at-home", "ok", *BASEL),
    ]
    sorted_by_need = sort_by_need(told, BASEL)
    assert ids(sorted_by_need) == ["basel", "zurich", "tokyo", "nowhere", "at-home"]
    distances = dict(zip(ids(sorted_by_need), (one for _, one in sorted_by_need), strict=True))
    assert distances["basel"] == 0
    assert distances["nowhere"] is None
    zurich = distances["zurich"]
    assert zurich is not None
    assert 73 < zurich < 76


def test_a_place_across_the_antimeridian_is_near() -> None:
    told = [MemberState("far", "silent", 0.0, 170.0), MemberState("near", "silent", 0.0, -179.5)]
    assert ids(sort_by_need(told, (0.0, 179.5))) == ["near", "far"]


def test_nobody_is_sorted_too() -> None:
    assert sort_by_need([], BASEL) == []
