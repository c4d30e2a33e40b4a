"""What the map asks for: only of whom the door let in, and as it draws it."""

from collections.abc import AsyncIterator

import httpx
import pytest

from dashboards.door.cookies import COOKIE
from rollcall.domain.acts import Role
from rollcall.ledger.desk_sessions import end_session
from tests.dashboards.doors import knocking
from tests.dashboards.houses import Lived
from tests.dashboards.sources import write_source

WORLD = "/map/people?west=-180&south=-90&east=180&north=90&zoom=1"
OTHERS = ("/map/places", "/map/land", "/map/cities", "/map/airports")


@pytest.fixture
async def viewer(lived: Lived) -> AsyncIterator[httpx.AsyncClient]:
    """A browser whose owner may look."""
    assert lived.house.settings.source is not None
    write_source(lived.house.settings.source)
    async with knocking() as http:
        sign_in(lived, http, "viewer")
        yield http


def sign_in(lived: Lived, http: httpx.AsyncClient, role: Role) -> str:
    session_id = lived.sign_in(role, "somebody")
    http.headers["cookie"] = f"{COOKIE}={lived.tokens['somebody']}"
    return session_id


@pytest.mark.parametrize("path", [WORLD, *OTHERS])
async def test_strangers_and_ended_sessions_get_nothing(lived: Lived, path: str) -> None:
    async with knocking() as http:
        assert (await http.get(path)).status_code == 401
        session_id = sign_in(lived, http, "admin")
        end_session(lived.ledger, session_id, lived.clock.now())
        assert (await http.get(path)).status_code == 401


async def test_people_are_told_with_their_names_as_they_are(viewer: httpx.AsyncClient) -> None:
    told = (await viewer.get(WORLD)).json()
    assert told["people_count"] == 4
    assert ["Ana <b>Ito</b>"] in [names for *_, names in told["points"]]


async def test_facilities_and_incidents_are_told(viewer: httpx.AsyncClient) -> None:
    told = (await viewer.get("/map/places")).json()
    assert told["facilities"] == [["Tokyo office", 35.681, 139.767]]
    first = told["incidents"][0]
    assert first == ["Earthquake off Chiba", "minor", "2026-11-23T05:12:00Z", 35.42, 142.61, None]


@pytest.mark.parametrize(
    "asked", ["", "west=a&south=0&east=1&north=1&zoom=3", "west=0&south=0&east=1&north=1&zoom=99"]
)
async def test_what_is_no_window_is_one_sentence(viewer: httpx.AsyncClient, asked: str) -> None:
    answered = await viewer.get(f"/map/people?{asked}")
    assert answered.status_code == 400
    assert answered.text.count("\n") == 1


async def test_without_a_source_there_is_nothing_to_show_yet(lived: Lived) -> None:
    async with knocking() as http:
        sign_in(lived, http, "viewer")
        assert (await http.get(WORLD)).status_code == 503


async def test_land_cities_and_airports_come_packed_from_here(viewer: httpx.AsyncClient) -> None:
    land = await viewer.get("/map/land")
    countries = {one["properties"]["country"] for one in land.json()["features"]}
    assert {"JP", "MT", "SG", "XK"} <= countries
    assert int(land.headers["content-length"]) < 500_000
    assert land.headers["cache-control"] == "private, max-age=86400"
    airports = (await viewer.get("/map/airports")).json()
    assert "Tokyo · HND" in [name for name, *_ in airports]
    cities = (await viewer.get("/map/cities")).json()
    assert {"Tokyo", "Lagos"} <= {one[0] for one in cities[:60]}
