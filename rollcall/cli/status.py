"""`rollcall status`: how everything does that should be running, from here."""

import asyncio
import platform
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Final

import typer

from rollcall import __version__
from rollcall.cli.finding import Finding
from rollcall.cli.output import Format, FormatOption, console, print_json
from rollcall.cli.status_ledger import look_at_ledger
from rollcall.cli.status_parts import look_at_parts
from rollcall.clock import SystemClock, format_instant
from rollcall.errors import ConfigError, RollcallError, SourceError
from rollcall.ledger.engine import may_exist
from rollcall.settings import Settings, load_settings
from rollcall.sources.kept import KeptVersion, describe_age
from rollcall.sources.refreshing import find_newest, tell_stale
from rollcall.wiring import (
    build_mailboxes,
    build_reply_mailboxes,
    build_sources,
    load_route_settings,
    opened_ledger,
)

EXIT_NOT_WELL: Final = 1


def status(output: FormatOption = Format.TEXT) -> None:
    """Tell how every part does, what waits and how the routes are; exit 1 if something is amiss.

    Asks the ledger and the parts on this machine, and no provider.
    """
    settings, now = load_settings(), SystemClock().now()
    own = f"{__version__}, Python {platform.python_version()}, data in {settings.data_dir}"
    findings = [Finding("rollcall", True, own, {"version": __version__})]
    route_ids, services, mistakes = _read_routes(settings)
    from_ledger = _look_at_ledger(settings, route_ids, now)
    wants_prefect = any(_uses_prefect(one) for one in from_ledger)
    parts = asyncio.run(look_at_parts(settings, services, wants_prefect=wants_prefect))
    findings += [*from_ledger, *mistakes, *parts, *_look_at_source(settings, now)]
    _print(findings, output)
    raise typer.Exit(0 if all(one.is_good for one in findings) else EXIT_NOT_WELL)


def _read_routes(settings: Settings) -> tuple[list[str], list[str], list[Finding]]:
    """Return the ids of routes, the services that their mailboxes need, and what is wrong."""
    try:
        route_ids = [one.id for one in load_route_settings(settings)]
        boxes = {
            "replies": build_reply_mailboxes(settings),
            "bounces": build_mailboxes(settings),
        }
    except ConfigError as error:
        return [], [], [Finding("routes", is_good=False, told=str(error))]
    return route_ids, [name for name, found in boxes.items() if found], []


def _look_at_ledger(settings: Settings, route_ids: list[str], now: datetime) -> list[Finding]:
    found: list[Finding] = []
    try:
        if not may_exist(settings.ledger_address):
            told = "there is none yet: it is made by whatever needs it first"
            return [Finding("ledger", is_good=False, told=told)]
        with opened_ledger() as ledger:
            found.extend(look_at_ledger(ledger, route_ids, now))
    except RollcallError as error:
        found.append(Finding("ledger", is_good=False, told=str(error)))
    return found


def _uses_prefect(finding: Finding) -> bool:
    return any(one["prefect"] is not None for one in finding.facts.get("dispatchers", ()))


def _look_at_source(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Yield whether sends can be made of the travellers' data; nothing where orders name theirs."""
    if settings.source is None:
        return
    try:
        sources = build_sources(settings, SystemClock())
        present = sources.look(settings.source)
        version = present or sources.find_last_good(settings.source)
        stale = tell_stale(find_newest(settings.source), settings.refresh.stale_h, now)
    except (SourceError, ConfigError) as error:
        yield Finding("source", is_good=False, told=str(error))
        return
    told = _tell_version(version, settings.source, now)
    has_changed = version is not None and present is None
    if has_changed:
        told += "; its files have changed since, and can be used"
    facts = {
        "version": version and version.version,
        "validated_at": version and format_instant(version.validated_at),
        "people_count": version and version.row_counts.get("people", 0),
        "has_changed": has_changed,
    }
    yield Finding("source", not stale, "; ".join((*stale, told)), facts)


def _tell_version(version: KeptVersion | None, source: Path, now: datetime) -> str:
    if version is None:
        return f"{source} can be used; `rollcall refresh` keeps a first version of it"
    people_count = version.row_counts.get("people", 0)
    told = f"version {version.short_id} of {source}, {people_count} people"
    return f"{told}, validated {describe_age(version.age(now))} ago"


def _print(findings: list[Finding], output: Format) -> None:
    if output is Format.JSON:
        is_well = all(one.is_good for one in findings)
        print_json({"is_well": is_well, "findings": [asdict(one) for one in findings]})
        return
    for one in findings:
        mark = "ok  " if one.is_good else "FAIL"
        console.print(f"{mark}  {one.part:<16} {one.told}", markup=False, soft_wrap=True)
