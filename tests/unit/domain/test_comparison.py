from hypothesis import given
from hypothesis import strategies as st

from rollcall.domain.audience import Position, Recipient
from rollcall.domain.comparison import compare_audiences

WORLDS = st.dictionaries(
    st.sampled_from(["p1", "p2", "p3", "p4"]), st.sampled_from(["JP", "FR", "DE", None])
)


def people(world: dict[str, str | None]) -> list[Recipient]:
    return [
        Recipient(person_id, "Ana", None, None, None, None, Position("report", country), ())
        for person_id, country in world.items()
    ]


def test_who_joined_and_left_and_where_is_told() -> None:
    before = people({"p1": "JP", "p2": "FR"})
    now = people({"p1": "JP", "p3": "DE", "p4": None})
    change = compare_audiences(before, now)
    assert (change.joined_ids, change.left_ids) == (("p3", "p4"), ("p2",))
    assert (change.new_countries, change.gone_countries) == (("DE",), ("FR",))
    assert change.tell() == "+2 −1 people; new countries: DE; no more in: FR"  # noqa: RUF001 - a minus


def test_somebody_who_moved_is_a_new_country_and_no_new_person() -> None:
    change = compare_audiences(people({"p1": "JP"}), people({"p1": "FR"}))
    assert (change.joined_ids, change.left_ids) == ((), ())
    assert (change.new_countries, change.gone_countries) == (("FR",), ("JP",))
    assert not change.is_none


def test_nothing_changed_is_said_so() -> None:
    change = compare_audiences(people({"p1": "JP"}), people({"p1": "JP"}))
    assert change.is_none
    assert change.tell() == "the same people in the same countries"


def test_the_line_names_no_person() -> None:
    told = compare_audiences(people({"p1": "JP"}), people({"p2": "JP"})).tell()
    assert "p1" not in told
    assert "p2" not in told


@given(WORLDS, WORLDS)
def test_the_way_back_is_the_mirror_of_the_way_there(
    before: dict[str, str | None], now: dict[str, str | None]
) -> None:
    there = compare_audiences(people(before), people(now))
    back = compare_audiences(people(now), people(before))
    assert (there.joined_ids, there.left_ids) == (back.left_ids, back.joined_ids)
    assert (there.new_countries, there.gone_countries) == (back.gone_countries, back.new_countries)
    assert (before.keys() | set(there.joined_ids)) - set(there.left_ids) == now.keys()
