"""The same questions in PostgreSQL with PostGIS: a peer, where it is installed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg

from rollcall.domain.world import World
from tests.postgres import run_postgres

COLUMNS = (
    "person_id", "country", "home_country", "has_app", "last_app_contact_at", "tags",
    "longitude", "latitude",
)  # fmt: skip

CREATE = """
    create table people (
        person_id text, country text, home_country text, has_app boolean,
        last_app_contact_at timestamptz, tags text[], longitude float, latitude float
    )
"""
PLACE = """
    alter table people add column place geometry(Point, 4326);
    update people set place = st_setsrid(st_makepoint(longitude, latitude), 4326);
    create index on people using gist (place);
    create index on people using gin (tags);
    vacuum analyze people;
"""
IN_AREA = "st_intersects(place, st_setsrid(st_geomfromgeojson(%(area)s), 4326))"
FIVE = f"""
    {IN_AREA} and country <> home_country and has_app and last_app_contact_at >= %(since)s
    and tags && %(tags)s
"""


@contextmanager
def serve_people(world: World) -> Iterator["psycopg.Connection | None"]:
    """Load people into a PostgreSQL of our own, indexed; None where PostGIS is not installed."""
    with run_postgres() as server, server.connect(server.create_database()) as connection:
        connection.autocommit = True
        try:
            connection.execute("create extension postgis")
        except psycopg.errors.FeatureNotSupported:
            yield None
            return
        _load(connection, world)
        yield connection


def find_in_area(connection: psycopg.Connection, area: dict[str, Any]) -> list[str]:
    """Answer the question of the area criterion."""
    return _find(connection, IN_AREA, {"area": json.dumps(area)})


def find_five(
    connection: psycopg.Connection, area: dict[str, Any], since: datetime, tags: list[str]
) -> list[str]:
    """Answer the question of five criteria."""
    return _find(connection, FIVE, {"area": json.dumps(area), "since": since, "tags": tags})


def _find(connection: psycopg.Connection, condition: str, values: dict[str, Any]) -> list[str]:
    query = f"select person_id from people where {condition}"  # noqa: S608 - our own conditions
    return [row[0] for row in connection.execute(query.encode(), values)]


def _load(connection: psycopg.Connection, world: World) -> None:
    connection.execute(CREATE)
    with connection.cursor().copy(f"copy people ({', '.join(COLUMNS)}) from stdin") as copy:
        for row in world.people.select(COLUMNS).iter_rows():
            copy.write_row(row)
    for statement in PLACE.strip().rstrip(";").split(";"):
        connection.execute(statement.encode())
