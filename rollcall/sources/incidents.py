"""All incidents that are known: those of the source's table, and those that feeds reported."""

import json
from dataclasses import replace
from typing import Any

import numpy as np

from rollcall.errors import InputError
from rollcall.sources.feeds.collecting import EntryError
from rollcall.sources.feeds.incident import Incident
from rollcall.sources.feeds.shapes import make_circle, place_outlines
from rollcall.sources.feeds.store import IncidentStore
from rollcall.sources.reference import load_country_index
from rollcall.sources.snapshot import Snapshot


def find_incident(incident_id: str, snapshot: Snapshot | None, store: IncidentStore) -> Incident:
    """Return one incident; the source's table knows it better than a feed.

    Raises:
        InputError: Nobody knows it.
        SourceError: What feeds reported cannot be read.
    """
    known = {one.incident_id: one for one in store.incidents()}
    if snapshot is not None:
        known |= {one.incident_id: one for one in read_incidents(snapshot)}
    if incident_id not in known:
        raise InputError(f"there is no incident {incident_id!r}")
    return known[incident_id]


def read_incidents(snapshot: Snapshot) -> list[Incident]:
    """Return the incidents of a source's own table."""
    rows = snapshot.frame("incidents").drop("line").iter_rows(named=True)
    return [_read_row(row) for row in rows]


def list_fed_incidents(store: IncidentStore) -> list[Incident]:
    """Return what feeds reported, newest first, each with its country where it has one.

    Raises:
        SourceError: What is kept cannot be read.
    """
    return [_settle_country(one) for one in store.incidents()]


def area_of(incident: Incident, radius_km: float | None) -> dict[str, Any]:
    """Return the area to look for people in: the incident's own, or a circle around it.

    Args:
        incident: The incident.
        radius_km: Take a circle of this radius instead.

    Raises:
        InputError: It has no area, and no radius was given.
    """
    if radius_km is not None:
        return circle_around(incident.latitude, incident.longitude, radius_km)
    if incident.area is None:
        raise InputError(f"incident {incident.incident_id!r} has no area: give a radius")
    return incident.area


def circle_around(latitude: float, longitude: float, radius_km: float) -> dict[str, Any]:
    """Return the GeoJSON Polygon that stands for a circle around a place.

    Raises:
        InputError: The radius is not greater than 0, or too large.
    """
    try:
        circle = make_circle(latitude, longitude, radius_km)
    except EntryError as error:
        raise InputError(f"radius: {error}") from error
    place = place_outlines([circle])
    if place is None or place.area is None:
        raise InputError("radius: must be greater than 0")
    return place.area


def _read_row(row: dict[str, Any]) -> Incident:
    area = row.pop("area")
    return Incident(**row, area=json.loads(area) if area else None)


def _settle_country(incident: Incident) -> Incident:
    """Fill in the country of the point: CAP and USGS carry none."""
    if incident.country is not None:
        return incident
    latitudes, longitudes = np.array([incident.latitude]), np.array([incident.longitude])
    return replace(incident, country=load_country_index().countries_at(latitudes, longitudes)[0])
