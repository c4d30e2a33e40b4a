from rollcall.domain.preview.preview import ExplainedPerson
from rollcall.domain.world import World
from tests.unit.domain.conftest import build_world, facility, person
from tests.unit.domain.preview.previews import preview, reported

EMAIL = {"email": "one@example.org"}
PHONE = {"phone": "+12025550100"}


def test_people_are_counted_by_place_and_by_what_it_is_known_from() -> None:
    world = build_world(
        [
            person("p1", country="JP", **reported(1)),
            person("p2", country="JP", position_source="workplace"),
            person("p3", country="FR", **reported(1)),
            person("p4", latitude=0.0, longitude=0.0, **reported(1)),
            person("p5"),
        ]
    )
    summary = preview(world, everyone=True).summary
    assert next(iter(summary.reach.by_country.items())) == ("JP", 2)
    assert summary.reach.by_country == {"JP": 2, "FR": 1, "unknown": 2}
    assert summary.by_position_source == {"report": 3, "workplace": 1, "none": 1}
    assert summary.unknown_whereabouts_ids == ("p5",)


def test_people_are_counted_by_every_way_and_named_by_their_only_one() -> None:
    world = build_world(
        [
            person("all", **EMAIL, **PHONE, has_app=True),
            person("email", **EMAIL),
            person("sms", **PHONE, email="not an address"),
            person("app", has_app=True),
            person("none"),
        ]
    )
    shown = preview(world, everyone=True)
    summary = shown.summary
    assert summary.reach.by_way == {"email": 2, "sms": 2, "app": 2}
    assert summary.only_way_ids == {"email": ("email",), "sms": ("sms",), "app": ("app",)}
    assert summary.no_way_ids == ("none",)
    assert {one.person_id: one.ways for one in shown.people}["all"] == ("email", "sms", "app")


def test_facilities_that_stand_for_nobody_are_named() -> None:
    world = build_world([person("ana")], [facility("tokyo", "JP"), facility("paris", "FR")])
    summary = preview(world, people=["ana"], facilities=["tokyo"]).summary
    assert (summary.facility_ids, summary.silent_facility_ids) == (("tokyo",), ("tokyo",))


def test_accuracy_and_age_stand_beside_each_person() -> None:
    placed = build_world([person("ana", accuracy_m=50.0, **reported(0.8)), person("bo")])
    ana, bo = preview(placed, everyone=True).people
    assert ana == ExplainedPerson("ana", 50.0, 0.8, (), [{"by": "everyone"}])
    assert (bo.accuracy_m, bo.age_h) == (None, None)


def test_nobody_is_a_preview_too(world: World) -> None:
    shown = preview(world, filters=[{"countries": ["AQ"]}])
    assert shown.people == ()
    assert shown.to_json()["summary"]["reachable"] == {"email": 0, "sms": 0, "app": 0, "none": 0}
