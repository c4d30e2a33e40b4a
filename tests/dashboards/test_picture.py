"""The picture that everybody shares: what it counts, and when it is made anew."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from dashboards.map.people import MOST_NAMES, MOST_POINTS, Window, describe_people
from dashboards.overview.picture import MOST_INCIDENTS, Picture, choose_latest, place_people
from dashboards.overview.pictures import LONGEST_KEPT, Outlook
from rollcall.domain.selection import Filter, Selection
from rollcall.ledger.app_reports import end_emergency, open_emergency
from tests.dashboards.houses import Lived
from tests.dashboards.sources import AROUND_TOKYO, FIGURES, write_source
from tests.dashboards.test_areas import incident
from tests.unit.domain.conftest import build_world, person

WORLD = Window(-180, -90, 180, 90, 0)


def look(lived: Lived) -> Outlook:
    """Look as if the answer of before had been kept for long enough."""
    answers = lived.house.pictures.answers
    answers.forget("now")
    found = lived.house.pictures.get()
    assert found is not None
    return found


def picture_of(lived: Lived) -> Picture:
    picture = look(lived).picture
    assert picture is not None
    return picture


@pytest.fixture
def source(lived: Lived) -> Path:
    assert lived.house.settings.source is not None
    return write_source(lived.house.settings.source)


def made_of(people: Sequence[tuple[float | None, float | None]]) -> Picture:
    rows = [
        person(f"p{number:04}", latitude=latitude, longitude=longitude)
        for number, (latitude, longitude) in enumerate(people)
    ]
    world = build_world(rows)
    facilities = pl.DataFrame(schema={"facility_id": pl.String})
    return Picture("v1", world, place_people(world.people), facilities, (), ())


@pytest.mark.usefixtures("source")
def test_figures_are_what_their_selections_mean(lived: Lived) -> None:
    picture = picture_of(lived)
    assert {one.title: f"{one.people_count:,}" for one in picture.tiles} == FIGURES
    for tile in picture.tiles:
        assert tile.selection is not None
        assert picture.count(tile.selection).people_count == tile.people_count


@pytest.mark.usefixtures("source")
def test_an_area_counts_its_people_and_with_facilities_their_contacts(lived: Lived) -> None:
    picture = picture_of(lived)
    people = Selection(filters=(Filter(area=AROUND_TOKYO, recipient_type="people"),))
    everybody = Selection(filters=(Filter(area=AROUND_TOKYO),))
    assert (picture.count(people).people_count, picture.count(people).facility_count) == (2, 0)
    assert picture.count(everybody).people_count == 3
    assert picture.count(everybody) is picture.count(everybody)


@pytest.mark.usefixtures("source")
def test_a_picture_holds_nobodys_addresses(lived: Lived) -> None:
    people = picture_of(lived).world.people
    assert people["email"].null_count() == people["phone"].null_count() == people.height


@pytest.mark.usefixtures("source")
def test_a_picture_stays_while_nothing_is_reported_but_not_for_ever(lived: Lived) -> None:
    first = picture_of(lived)
    lived.clock.go_on(seconds=30)
    assert picture_of(lived) is first
    lived.clock.go_on(seconds=LONGEST_KEPT.total_seconds())
    assert picture_of(lived).as_of == lived.clock.now()


@pytest.mark.usefixtures("source")
def test_an_emergency_of_the_app_is_in_the_next_picture_and_its_end_too(lived: Lived) -> None:
    def count() -> int:
        tiles = {one.key: one.people_count for one in picture_of(lived).tiles}
        return tiles["emergency"]

    assert count() == 1
    lived.clock.go_on(seconds=1)
    opened = open_emergency(lived.ledger, "ana", "key", lived.clock.now())
    assert count() == 2
    lived.clock.go_on(seconds=1)
    end_emergency(lived.ledger, "ana", opened.emergency_id, lived.clock.now())
    assert count() == 1


def test_a_changed_source_is_in_the_next_picture(lived: Lived, source: Path) -> None:
    assert picture_of(lived).world.people.height == 6
    with (source / "people.csv").open("a") as file:
        file.write("gus,Gus New,gus@example.org,JP,tokyo\n")
    assert picture_of(lived).world.people.height == 7


def test_a_broken_source_leaves_the_last_good_version_and_says_so(
    lived: Lived, source: Path
) -> None:
    assert look(lived).faults == ()
    (source / "people.csv").write_text("nonsense\n")
    outlook = look(lived)
    assert outlook.picture is not None
    assert outlook.picture.world.people.height == 6
    assert "people" in outlook.faults[0]


def test_a_source_that_was_never_good_is_no_picture(lived: Lived) -> None:
    outlook = look(lived)
    assert outlook.picture is None
    assert len(outlook.faults) == 1


def test_the_latest_incidents_are_shown_and_the_sources_own_goes_before_feeds() -> None:
    own = [incident(0, title="Own")]
    fed = [incident(number) for number in range(MOST_INCIDENTS + 50)]
    latest = choose_latest(own, fed)
    assert len(latest) == MOST_INCIDENTS
    assert [one.title for one in latest if one.incident_id == "i0"] == ["Own"]


def test_few_are_points_with_names_and_who_is_at_one_place_is_one_point() -> None:
    picture = made_of([(1.0, 2.0), (1.0, 2.0), (5.0, 6.0), (None, None)])
    told = describe_people(picture, WORLD)
    assert told["people_count"] == 3
    assert sorted(told["points"]) == [[1.0, 2.0, 2, ["P0000", "P0001"]], [5.0, 6.0, 1, ["P0002"]]]


def test_of_many_at_one_place_only_some_are_named() -> None:
    told = describe_people(made_of([(1.0, 2.0)] * 20), WORLD)
    [[_, _, count, names]] = told["points"]
    assert (count, len(names)) == (20, MOST_NAMES)


def test_many_are_hexagons_without_anybodys_name() -> None:
    generator = np.random.default_rng(3)
    places = np.stack([generator.uniform(-60, 60, 900), generator.uniform(-180, 180, 900)], axis=1)
    told = describe_people(made_of([(a, b) for a, b in places.tolist()]), WORLD)
    assert told["people_count"] == sum(count for _, _, count in told["cells"]) == 900 > MOST_POINTS
    assert "points" not in told


def test_only_who_is_in_view_is_told() -> None:
    picture = made_of([(35.6, 139.7), (14.6, 121.0)])
    assert describe_people(picture, Window(139, 35, 140, 36, 9))["people_count"] == 1


@pytest.mark.parametrize(
    "window", [(1, 0, 0, 1, 3), (0, 1, 1, 0, 3), (0, 0, 1, 91, 3), (0, 0, 1, 1, 99)]
)
def test_what_is_no_window_is_refused(window: tuple[float, float, float, float, int]) -> None:
    with pytest.raises(ValueError, match="no part of the world"):
        Window(*window)
