"""Random selections on a world, with dynamic filters that name each other."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.integration.contract.files import spell_moment
from tests.integration.contract.oracle_criteria import Row, Tables
from tests.integration.contract.places import AIRPORT_COUNTRIES, CITY_CODES
from tests.integration.contract.shapes import make_area
from tests.integration.contract.worlds import COUNTRIES, NOON

SAVED_NAMES = ("Japan now", "travellers", "all of Asia", "élan")
NOWHERE = "nowhere-to-be-found"

MakeCriterion = Callable[[Random, Tables], Any]


def make_saved_filters(draw: Random, tables: Tables) -> dict[str, Row]:
    """Make up dynamic filters; most name earlier ones only, a few lead in a circle."""
    names = draw.sample(SAVED_NAMES, draw.randrange(len(SAVED_NAMES) + 1))
    saved: dict[str, Row] = {}
    for name in names:
        usable = names if draw.random() < 0.05 else list(saved)
        saved[name] = make_selection(draw, tables, usable)
    return saved


def make_selection(draw: Random, tables: Tables, saved_names: list[str]) -> Row:
    """Make up a selection that names something; now and then what does not exist."""
    selection = _make_naming(draw, tables, saved_names)
    while not any(selection.values()):
        selection = _make_naming(draw, tables, saved_names)
    if draw.random() < 0.6:
        selection["exclude"] = _make_naming(draw, tables, saved_names)
    return selection


def make_filter(draw: Random, tables: Tables, most: int = 3) -> Row:
    """Make up a filter of one to `most` criteria."""
    names = draw.sample(list(CRITERIA), draw.randint(1, most))
    criteria = {name: CRITERIA[name](draw, tables) for name in names}
    # a list without members is a mistake, as is a filter without criteria
    criteria = {name: value for name, value in criteria.items() if value not in ([], None)}
    if not criteria:
        return make_filter(draw, tables, most)
    if draw.random() < 0.3:
        criteria["tags_match"] = draw.choice(("any", "all"))
    if draw.random() < 0.1:
        criteria["area_match"] = "inside"
    return criteria


def _make_naming(draw: Random, tables: Tables, saved_names: list[str]) -> Row:
    person_ids = [person["person_id"] for person in tables["people"]]
    facility_ids = [facility["facility_id"] for facility in tables["facilities"]]
    parts: Row = {
        "everyone": draw.random() < 0.15,
        "people": _draw_names(draw, person_ids, most=3),
        "facilities": _draw_names(draw, facility_ids, most=2),
        "groups": _draw_names(draw, _used(tables, "groups"), most=2),
        "saved_filters": _draw_names(draw, saved_names, most=2),
        "filters": [make_filter(draw, tables) for _ in range(draw.randrange(4))],
    }
    return {key: value for key, value in parts.items() if draw.random() < 0.6}


def _make_travel_to_iata(draw: Random, _tables: Tables) -> Row:
    known = [*AIRPORT_COUNTRIES, *CITY_CODES]
    codes = [_spell_code(draw, code) for code in draw.sample(known, draw.randint(1, 4))]
    if draw.random() < 0.02:
        codes.append("QQQ")
    return {"codes": codes, **_make_period(draw)}


def _make_travel_to_country(draw: Random, _tables: Tables) -> Row:
    return {"countries": _make_countries(draw, _tables), **_make_period(draw)}


def _make_countries(draw: Random, _tables: Tables) -> list[str]:
    codes = draw.sample((*COUNTRIES, "SG", "XK", "VN"), draw.randint(1, 4))
    return [*codes, "UK"] if draw.random() < 0.02 else codes


def _make_period(draw: Random) -> Row:
    first, last = sorted(_draw_hour(draw) for _ in range(2))
    period = {"from_at": spell_moment(draw, first), "until_at": spell_moment(draw, last)}
    return {key: value for key, value in period.items() if draw.random() < 0.5}


def _draw_hour(draw: Random) -> datetime:
    return NOON + timedelta(hours=draw.randint(-5, 5))


def _spell_code(draw: Random, code: str) -> str:
    return code.lower() if draw.random() < 0.1 else code


def _used(tables: Tables, column: str) -> list[str]:
    rows = [*tables["people"], *tables["facilities"]]
    return sorted({name for row in rows for name in row.get(column, [])})


def _draw_names(draw: Random, names: list[str], most: int) -> list[str]:
    if draw.random() < 0.01:
        return [*names[:1], NOWHERE]
    return draw.choices(names, k=draw.randint(0, most)) if names else []


CRITERIA: dict[str, MakeCriterion] = {
    "countries": _make_countries,
    "emergency": lambda draw, _: draw.random() < 0.5,
    "groups": lambda draw, tables: _draw_names(draw, _used(tables, "groups"), most=3),
    "home": lambda draw, _: draw.choice(("at_home", "away")),
    "last_app_contact_within_hours": lambda draw, _: draw.choice((0.5, 1, 2, 3.0, 4, 6, 100)),
    "area": lambda draw, _: make_area(draw),
    "tags": lambda draw, tables: _draw_names(draw, _used(tables, "tags"), most=3),
    "recipient_type": lambda draw, _: draw.choice(("people", "facilities")),
    "travelling_now": lambda draw, _: draw.random() < 0.5,
    "upcoming_travel_to_iata": _make_travel_to_iata,
    "upcoming_travel_to_country": _make_travel_to_country,
    "past_travel_to_iata": _make_travel_to_iata,
    "past_travel_to_country": _make_travel_to_country,
}
