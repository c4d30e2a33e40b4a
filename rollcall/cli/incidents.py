"""`rollcall incidents`: read feeds of incidents, and list what is known from them."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

import typer

from rollcall.cli.output import (
    Format,
    FormatOption,
    console,
    make_cell,
    new_table,
    print_json,
)
from rollcall.clock import SystemClock, format_instant
from rollcall.settings import load_settings
from rollcall.sources.feeds.incident import Incident
from rollcall.sources.feeds.store import FeedReport, RefreshReport
from rollcall.sources.incidents import list_fed_incidents
from rollcall.wiring import build_incident_store

SHOWN_REJECTED = 10
EXIT_NOT_ALL_READ = 1

incidents_app = typer.Typer(
    help="Read feeds of incidents (CAP, Atom, USGS GeoJSON, GDACS) and list them.",
    no_args_is_help=True,
)


@incidents_app.command()
def refresh(
    feeds: Annotated[list[str], typer.Argument(help="Addresses or files; all there are to be.")],
    output: FormatOption = Format.TEXT,
) -> None:
    """Read these feeds; of one that fails, what it said last stays in use (exit 1)."""
    store = build_incident_store(load_settings(), SystemClock())
    report = asyncio.run(store.refresh(feeds))
    if output is Format.JSON:
        print_json(_report_to_json(report))
    else:
        for feed in report.feeds:
            _print_feed(feed)
        console.print(f"{report.incident_count} incidents in all")
    raise typer.Exit(0 if report.is_complete else EXIT_NOT_ALL_READ)


@incidents_app.command("list")
def list_all(output: FormatOption = Format.TEXT) -> None:
    """List the incidents that feeds reported and that still hold, newest first."""
    incidents = list_fed_incidents(build_incident_store(load_settings(), SystemClock()))
    if output is Format.JSON:
        print_json([_incident_to_json(one) for one in incidents])
        return
    table = new_table("incident", "severity", "country", "when", "area", "title")
    for one in incidents:
        has_area = "yes" if one.area else "no"
        cells = (one.incident_id, one.severity, one.country, format_instant(one.occurred_at))
        table.add_row(*map(make_cell, (*cells, has_area, one.title)))
    console.print(table if incidents else "no incidents known from feeds")


def _print_feed(feed: FeedReport) -> None:
    console.print(f"{feed.feed}: {feed.state}, {feed.incident_count} incidents", markup=False)
    if feed.problem:
        console.print(f"  {feed.problem}", markup=False, soft_wrap=True)
    for entry in feed.rejected[:SHOWN_REJECTED]:
        console.print(f"  left out {entry.entry_id}: {entry.reason}", markup=False)
    if len(feed.rejected) > SHOWN_REJECTED:
        console.print(f"  … and {len(feed.rejected) - SHOWN_REJECTED} more (--format json)")


def _report_to_json(report: RefreshReport) -> dict[str, Any]:
    feeds = [
        asdict(feed) | {"read_at": format_instant(feed.read_at) if feed.read_at else None}
        for feed in report.feeds
    ]
    return {"feeds": feeds, "incident_count": report.incident_count}


def _incident_to_json(incident: Incident) -> dict[str, Any]:
    return asdict(incident) | {"occurred_at": format_instant(incident.occurred_at)}
