"""`incidents`, and aiming a selection at one."""

import json
from pathlib import Path

import pytest

from tests.integration.cli.conftest import CommandLine

FEED = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "id": "quake",
            "properties": {
                "mag": 7.1,
                "place": "58 km E of Chiba, Japan",
                "time": 1795410720000,
                "title": "M 7.1 - 58 km E of Chiba, Japan",
                "type": "earthquake",
                "url": "https://quakes.example.org/quake",
            },
            "geometry": {"type": "Point", "coordinates": [140.7, 35.6, 30.0]},
        }
    ],
}


@pytest.fixture
def feed(rollcall: CommandLine) -> Path:
    return rollcall.write("quakes.geojson", FEED)


def test_what_a_feed_reports_is_listed_with_its_country(rollcall: CommandLine, feed: Path) -> None:
    read = rollcall("incidents", "refresh", feed, "--format", "json")
    assert (read.code, read.json["incident_count"]) == (0, 1)

    [incident] = rollcall("incidents", "list", "--format", "json").json

    assert incident["incident_id"] == "quake"
    assert (incident["severity"], incident["country"]) == ("severe", "JP")
    assert "58 km E of" in rollcall("incidents", "list").out


def test_a_malformed_feed_changes_nothing_and_says_how_old_what_is_used_is(
    rollcall: CommandLine, feed: Path
) -> None:
    rollcall("incidents", "refresh", feed)
    feed.write_text('{"type": "FeatureColl')

    read = rollcall("incidents", "refresh", feed)

    assert read.code == 1
    assert "ago is still in use" in read.out
    assert len(rollcall("incidents", "list", "--format", "json").json) == 1


def test_a_selection_is_aimed_at_an_incident(rollcall: CommandLine, feed: Path) -> None:
    rollcall("incidents", "refresh", feed)
    moment = "2026-11-23T06:00:00Z"
    at_quake = ["--data", str(rollcall.source), "--as-of", moment, "--format", "json"]

    near = rollcall("select", "--incident", "quake", "--radius-km", "150", *at_quake)
    narrowed = rollcall.write("it.json", {"filters": [{"groups": ["it"]}]})
    near_it = rollcall("select", narrowed, "--incident", "quake", "--radius-km", "150", *at_quake)

    assert {one["person_id"] for one in near.json["people"]} >= {"p1", "p2"}
    assert near.json["facilities"] == ["tokyo"]
    assert [one["person_id"] for one in near_it.json["people"]] == ["p2"]


def test_an_incident_of_the_source_is_found_too(rollcall: CommandLine) -> None:
    area = {
        "type": "Polygon",
        "coordinates": [[[139, 35], [141, 35], [141, 37], [139, 37], [139, 35]]],
    }
    header = "incident_id,title,severity,latitude,longitude,occurred_at,area\n"
    cell = '"' + json.dumps(area).replace('"', '""') + '"'
    row = f"flood,Flood,severe,35.7,139.7,2026-11-23T05:00:00Z,{cell}\n"
    (rollcall.source / "incidents.csv").write_text(header + row)

    found = rollcall("select", "--incident", "flood", "--data", rollcall.source, "--format", "json")

    assert found.json["facilities"] == ["tokyo"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--incident", "nothing"], "there is no incident 'nothing'"),
        (["--incident", "quake"], "has no area: give a radius"),
        (["--incident", "quake", "--radius-km", "-1"], "radius"),
        (["--radius-km", "5"], "--radius-km needs --incident"),
        ([], "name a selection, or an incident"),
    ],
)
def test_a_mistake_is_told(
    rollcall: CommandLine, feed: Path, arguments: list[str], told: str
) -> None:
    rollcall("incidents", "refresh", feed)
    assert told in rollcall("select", *arguments, "--data", rollcall.source).mistake
