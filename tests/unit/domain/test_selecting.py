from typing import Any

import pytest

from rollcall.domain.audience import Audience
from rollcall.domain.recipient_rows import list_person_ids
from rollcall.domain.selecting import select_audience
from rollcall.domain.selection import Selection, parse_selection
from rollcall.domain.world import World
from rollcall.errors import SelectionError
from tests.unit.domain.conftest import build_world, facility, person


def select(world: World, *, managers_only: bool = False, **selection: Any) -> Audience:
    return select_audience(parse_selection(selection), world, managers_only=managers_only)


def ids(audience: Audience) -> list[str]:
    return [one.person_id for one in audience.recipients]


def test_every_way_somebody_was_selected_is_kept_once(world: World) -> None:
    audience = select(
        world,
        everyone=True,
        people=["bo", "bo"],
        groups=["it", "it"],
        filters=[{"tags": ["pilot"]}, {"countries": ["FR"]}],
        facilities=["tokyo"],
    )
    bo = audience.recipients[1]
    assert bo.via == (
        {"by": "everyone"},
        {"by": "person"},
        {"by": "group", "group": "it"},
        {"by": "filter", "index": 0},
        {"by": "filter", "index": 1},
        {"by": "facility", "facility_id": "tokyo"},
    )


def test_recipients_and_facilities_come_in_the_order_of_their_ids() -> None:
    world = build_world(
        [person("p2"), person("p10"), person("P1")],
        [facility(name, "JP") for name in ("f2", "f10")],
    )
    audience = select(world, everyone=True, facilities=["f2", "f10"])
    assert ids(audience) == ["P1", "p10", "p2"]
    assert audience.facility_ids == ("f10", "f2")


def test_everyone_means_people_and_no_facility(world: World) -> None:
    audience = select(world, everyone=True)
    assert (ids(audience), audience.facility_ids) == (["ana", "bo", "cy"], ())


def test_facility_stands_for_its_contacts(world: World) -> None:
    assert ids(select(world, facilities=["tokyo"])) == ["bo", "cy"]


def test_managers_only_leaves_out_other_contacts(world: World) -> None:
    assert ids(select(world, managers_only=True, facilities=["tokyo"])) == ["bo"]


def test_managers_only_leaves_alone_who_was_selected_in_their_own_right(world: World) -> None:
    audience = select(world, managers_only=True, facilities=["tokyo"], people=["cy"])
    assert {one.person_id: one.via for one in audience.recipients}["cy"] == ({"by": "person"},)


def test_facility_that_stands_for_nobody_is_told(world: World) -> None:
    audience = select(world, managers_only=True, facilities=["tokyo", "paris"])
    assert audience.facility_ids == ("paris", "tokyo")
    assert audience.silent_facility_ids == ("paris",)


def test_excluded_person_drops_out_however_they_were_selected(world: World) -> None:
    audience = select(
        world, everyone=True, facilities=["paris", "tokyo"], exclude={"people": ["cy"]}
    )
    assert ids(audience) == ["ana", "bo"]


def test_excluded_facility_drops_out_with_its_contacts(world: World) -> None:
    audience = select(world, facilities=["tokyo", "paris"], exclude={"facilities": ["tokyo"]})
    assert (ids(audience), audience.facility_ids) == (["cy"], ("paris",))


def test_contact_of_an_excluded_facility_stays_if_selected_in_another_way(world: World) -> None:
    audience = select(world, facilities=["tokyo"], groups=["it"], exclude={"facilities": ["tokyo"]})
    assert [(one.person_id, one.via) for one in audience.recipients] == [
        ("bo", ({"by": "group", "group": "it"},))
    ]


def test_excluding_filter_takes_people_and_facilities(world: World) -> None:
    audience = select(
        world,
        everyone=True,
        facilities=["paris", "tokyo"],
        exclude={"filters": [{"countries": ["FR"]}]},
    )
    assert (ids(audience), audience.facility_ids) == (["ana", "cy"], ("tokyo",))


def test_excluding_everyone_leaves_nobody(world: World) -> None:
    assert ids(select(world, everyone=True, exclude={"everyone": True})) == []


@pytest.mark.parametrize(
    ("selection", "told"),
    [
        ({"people": ["ana", "nobody"]}, "people: unknown person 'nobody'"),
        ({"facilities": ["nowhere"]}, "facilities: unknown facility 'nowhere'"),
        ({"groups": ["Board"]}, "groups: unknown group 'Board'"),
        ({"filters": [{"countries": ["JP"]}, {"tags": ["x"]}]}, "filters[1].tags: unknown tag 'x'"),
        ({"saved_filters": ["Japan"]}, "saved_filters: there is no dynamic filter 'Japan'"),
        ({"everyone": True, "exclude": {"people": ["x"]}}, "exclude.people: unknown person 'x'"),
        (
            {"everyone": True, "exclude": {"filters": [{"countries": ["XX"]}]}},
            "exclude.filters[0].countries: unknown country 'XX'",
        ),
        (
            {"everyone": True, "exclude": {"saved_filters": ["x"]}},
            "exclude.saved_filters: there is no dynamic filter 'x'",
        ),
    ],
)
def test_unknown_name_is_refused_by_its_place(
    world: World, selection: dict[str, Any], told: str
) -> None:
    with pytest.raises(SelectionError) as refusal:
        select(world, **selection)
    assert str(refusal.value) == f"selection: {told}"


def test_selection_that_matches_nobody_is_an_empty_audience(world: World) -> None:
    audience = select(world, filters=[{"countries": ["AQ"]}])
    assert (audience.recipients, audience.facility_ids) == ((), ())


def test_recipients_left_as_rows_are_those_made_at_once(world: World) -> None:
    selection = parse_selection({"everyone": True, "groups": ["it"], "facilities": ["tokyo"]})
    made = select_audience(selection, world)
    rows = select_audience(selection, world, as_rows=True).recipients
    assert len(made.recipients) > 1
    assert len(rows) == len(made.recipients)
    assert tuple(rows) == tuple(rows) == made.recipients
    assert (rows[0], rows[-1]) == (made.recipients[0], made.recipients[-1])
    assert tuple(rows[1:]) == made.recipients[1:]
    assert list_person_ids(rows) == list_person_ids(made.recipients) == ids(made)


def test_nobody_left_as_rows_is_nobody(world: World) -> None:
    selection = parse_selection({"filters": [{"countries": ["AQ"]}]})
    assert not select_audience(selection, world, as_rows=True).recipients


def test_people_with_the_same_reasons_share_them(world: World) -> None:
    recipients = select(world, everyone=True, filters=[{"recipient_type": "people"}]).recipients
    assert len({id(one.via) for one in recipients}) == 1
    assert recipients[0].via == ({"by": "everyone"}, {"by": "filter", "index": 0})


def test_recipient_carries_what_the_world_knows_of_them() -> None:
    ana = person(
        "ana",
        name="Ana",
        email="ana@example.org",
        phone="+12025550100",
        language="pt",
        home_country="BR",
        country="JP",
        latitude=35.5,
        longitude=139.7,
        position_source="report",
    )
    (one,) = select(build_world([ana]), people=["ana"]).recipients
    assert (one.name, one.email, one.phone) == ("Ana", "ana@example.org", "+12025550100")
    assert (one.language, one.home_country) == ("pt", "BR")
    assert (one.position.country, one.position.source) == ("JP", "report")
    assert (one.position.latitude, one.position.longitude) == (35.5, 139.7)


def test_a_dynamic_filter_that_was_probably_meant_is_told(world: World) -> None:
    known = {"Japan now": Selection(everyone=True)}
    with pytest.raises(SelectionError, match=r"filter 'japan' \(did you mean 'Japan now'\?\)"):
        select_audience(Selection(saved_filters=("japan",)), world, saved_filters=known)
