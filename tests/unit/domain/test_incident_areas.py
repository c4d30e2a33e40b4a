import pytest

from rollcall.domain.incident_areas import aim_at_area
from rollcall.domain.selection import parse_selection
from rollcall.errors import SelectionError

AREA = {"type": "Polygon", "coordinates": [[[0, 0], [2, 0], [2, 2], [0, 0]]]}


def test_without_a_selection_everybody_in_the_area_is_meant() -> None:
    assert aim_at_area(None, AREA) == parse_selection({"filters": [{"area": AREA}]})


def test_every_filter_is_narrowed_and_the_rest_stays() -> None:
    asked = parse_selection(
        {
            "people": ["p1"],
            "filters": [{"countries": ["JP"]}, {"tags": ["vip"]}],
            "exclude": {"groups": ["it"]},
        }
    )
    narrowed = aim_at_area(asked, AREA)
    assert [one.area for one in narrowed.filters] == [AREA, AREA]
    assert narrowed.filters[0].countries == ("JP",)
    assert (narrowed.people, narrowed.exclude) == (asked.people, asked.exclude)


def test_an_area_of_its_own_is_not_overridden() -> None:
    asked = parse_selection({"filters": [{"tags": ["vip"]}, {"area": AREA}]})
    with pytest.raises(SelectionError, match=r"filters\[1\] has an area of its own"):
        aim_at_area(asked, AREA)


def test_a_selection_without_filters_cannot_be_narrowed() -> None:
    with pytest.raises(SelectionError, match="has none"):
        aim_at_area(parse_selection({"people": ["p1"]}), AREA)
