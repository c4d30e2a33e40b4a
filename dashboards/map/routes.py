"""What the map asks for while it is moved: answered here, without running the page again."""

from collections.abc import Callable

import orjson
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dashboards.door.guard import HEADER
from dashboards.house import current_house
from dashboards.map.backdrop import pack_airports, pack_cities, pack_land
from dashboards.map.people import Window, describe_people
from dashboards.overview.picture import Picture
from rollcall.clock import format_instant
from rollcall.errors import NotAllowedError, RollcallError
from rollcall.sources.feeds.incident import Incident

_COORDINATE_DIGITS = 5
_KEPT_S = 86_400
"""By browsers: it changes with our version only."""

_SIDES = ("west", "south", "east", "north")


def send_people(request: Request) -> Response:
    """Send who is in view."""
    try:
        picture = _find_picture(request)
        asked = request.query_params
        west, south, east, north = (float(asked[side]) for side in _SIDES)
        window = Window(west, south, east, north, int(asked["zoom"]))
    except RollcallError as error:
        return _refuse(error)
    except (KeyError, ValueError):
        return PlainTextResponse("west, south, east, north and zoom are wanted\n", 400)
    return _tell(describe_people(picture, window)) if picture else _not_yet()


def send_places(request: Request) -> Response:
    """Send facilities and incidents."""
    try:
        picture = _find_picture(request)
    except RollcallError as error:
        return _refuse(error)
    if picture is None:
        return _not_yet()
    facilities = picture.facilities.select("name", "latitude", "longitude").rows()
    return _tell(
        {
            "facilities": [[name, *map(_round, place)] for name, *place in facilities],
            "incidents": [_describe(one) for one in picture.incidents],
        }
    )


def send_land(request: Request) -> Response:
    """Send the outlines of countries."""
    return _send_packed(request, pack_land)


def send_airports(request: Request) -> Response:
    """Send airports with the cities that they serve."""
    return _send_packed(request, pack_airports)


def send_cities(request: Request) -> Response:
    """Send cities, the largest first."""
    return _send_packed(request, pack_cities)


def list_routes() -> list[Route]:
    """Return the map's addresses; each asks who calls."""
    answers = {
        "/map/people": send_people,
        "/map/places": send_places,
        "/map/land": send_land,
        "/map/cities": send_cities,
        "/map/airports": send_airports,
    }
    return [Route(path, answer, methods=["GET"]) for path, answer in answers.items()]


def _require_signed_in(request: Request) -> None:
    """Let nobody look who may not look at pages.

    Raises:
        NotAllowedError: Their session does not count any more.
    """
    reception = current_house().reception
    if reception.find_by_id(request.headers.get(HEADER) or "") is None:
        raise NotAllowedError("sign in first")


def _find_picture(request: Request) -> Picture | None:
    _require_signed_in(request)
    outlook = current_house().pictures.get()
    return outlook.picture if outlook else None


def _send_packed(request: Request, pack: Callable[[], bytes]) -> Response:
    try:
        _require_signed_in(request)
    except RollcallError as error:
        return _refuse(error)
    headers = {"Content-Encoding": "gzip", "Cache-Control": f"private, max-age={_KEPT_S}"}
    return Response(pack(), media_type="application/json", headers=headers)


def _describe(one: Incident) -> list[object]:
    place = (_round(one.latitude), _round(one.longitude))
    return [one.title, one.severity, format_instant(one.occurred_at), *place, one.area]


def _round(degrees: float) -> float:
    return round(degrees, _COORDINATE_DIGITS)


def _tell(told: object) -> Response:
    return Response(orjson.dumps(told), media_type="application/json")


def _refuse(error: RollcallError) -> Response:
    return PlainTextResponse(f"{error}\n", 403 if isinstance(error, NotAllowedError) else 503)


def _not_yet() -> Response:
    return PlainTextResponse("the travellers' data are being loaded\n", 503)
