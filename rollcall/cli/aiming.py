"""`--incident`: aim a selection at where an incident is."""

from pathlib import Path
from typing import Annotated

import typer

from rollcall.cli.output import read_text
from rollcall.clock import SystemClock
from rollcall.domain.incident_areas import aim_at_area
from rollcall.domain.selection import Selection, parse_selection
from rollcall.errors import InputError
from rollcall.settings import load_settings
from rollcall.sources.incidents import area_of, find_incident
from rollcall.sources.snapshot import Snapshot
from rollcall.wiring import build_incident_store

IncidentOption = Annotated[
    str | None,
    typer.Option(
        "--incident", help="Only who is in the area of this incident, of the data or of a feed."
    ),
]
RadiusOption = Annotated[
    float | None,
    typer.Option("--radius-km", help="Take a circle around the incident instead of its area."),
]


def read_asked(
    path: Path | None,
    templated: Selection | None,
    incident_id: str | None,
    radius_km: float | None,
) -> Selection | None:
    """Read the selection a user gave; None where an incident alone says who is meant.

    Raises:
        InputError: None was given, or two, or a radius without an incident.
        SelectionError: The selection is wrong.
    """
    if radius_km is not None and incident_id is None:
        raise InputError("--radius-km needs --incident")
    if path is None:
        if templated is None and incident_id is None:
            raise InputError("name a selection, or an incident with --incident")
        return templated
    if templated is not None:
        raise InputError("--template has a selection of its own: leave the other out")
    return parse_selection(read_text(path, "selection"))


def aim(
    asked: Selection | None, incident_id: str | None, radius_km: float | None, snapshot: Snapshot
) -> Selection:
    """Return what was asked for, narrowed to an incident if one was named.

    Raises:
        InputError: There is no such incident, or it has no area.
        SelectionError: The selection cannot be narrowed.
    """
    if incident_id is None:
        assert asked is not None  # noqa: S101 - `read_asked` has seen to it
        return asked
    store = build_incident_store(load_settings(), SystemClock())
    incident = find_incident(incident_id, snapshot, store)
    return aim_at_area(asked, area_of(incident, radius_km))
