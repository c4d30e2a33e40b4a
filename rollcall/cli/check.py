"""`rollcall check` and `rollcall migrate`: is everything a send needs in place?"""

import asyncio
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import typer

from rollcall.cli.output import Format, FormatOption, console, print_json
from rollcall.cli.receipt_addresses import tell_receipts
from rollcall.clock import SystemClock
from rollcall.domain.message import CHANNELS
from rollcall.errors import ConfigError, RollcallError, SendError
from rollcall.ledger.migrate import migrate_ledger, newest_revision, require_current
from rollcall.routes.base import Route
from rollcall.routes.settings import BaseRouteSettings
from rollcall.sending.link_check import require_newest_key
from rollcall.settings import Settings, load_settings
from rollcall.wiring import (
    build_ledger,
    build_link_key,
    build_route_book,
    load_route_settings,
    opened_ledger,
)

ROUTE_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    part: str
    is_good: bool
    told: str


def check(output: FormatOption = Format.TEXT) -> None:
    """Check settings, ledger and routes without sending anything; exit 1 if something is amiss."""
    settings = load_settings()
    told = f"organisation {settings.organisation!r}, data in {settings.data_dir}"
    findings = [Finding("settings", True, told)]
    findings += [
        _check_ledger(settings),
        *_check_links(settings),
        *asyncio.run(_check_routes(settings)),
    ]
    if output is Format.JSON:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            mark = "ok  " if finding.is_good else "FAIL"
            console.print(
                f"{mark}  {finding.part:<16} {finding.told}", markup=False, soft_wrap=True
            )
    raise typer.Exit(0 if all(finding.is_good for finding in findings) else 1)


def migrate(output: FormatOption = Format.TEXT) -> None:
    """Bring the ledger to the schema this version needs."""
    ledger = build_ledger(load_settings())
    try:
        before, after = migrate_ledger(ledger)
    finally:
        ledger.close()
    if output is Format.JSON:
        print_json({"before": before, "after": after})
    else:
        moved = "is at" if before == after else f"moved from {before or 'nothing'} to"
        console.print(f"the ledger {moved} revision {after}")


def _check_ledger(settings: Settings) -> Finding:
    try:
        ledger = build_ledger(settings)
        try:
            require_current(ledger)
        finally:
            ledger.close()
    except RollcallError as error:
        return Finding("ledger", is_good=False, told=str(error))
    told = f"{ledger.backend}, revision {newest_revision()}"
    return Finding("ledger", is_good=True, told=told)


def _check_links(settings: Settings) -> Iterator[Finding]:
    """Yield whether we have the key of the chats that go on; nothing where there is none."""
    try:
        with opened_ledger() as ledger:
            chat_id = require_newest_key(ledger, build_link_key(settings))
    except ConfigError as error:
        yield Finding("personal links", is_good=False, told=str(error))
    except RollcallError:
        return  # is told of the ledger
    else:
        if chat_id is not None:
            yield Finding("personal links", True, f"the key is that of chat {chat_id}")


async def _check_routes(settings: Settings) -> list[Finding]:
    try:
        book = build_route_book(settings, SystemClock())
        routes = load_route_settings(settings)
    except RollcallError as error:
        return [Finding("routes", is_good=False, told=str(error))]
    try:
        findings = await asyncio.gather(*(_check_route(route) for route in book.routes()))
        receipts = [
            _check_receipts(book.entries[one.id].route, one, settings.public_url) for one in routes
        ]
    finally:
        await book.aclose()
    findings = [_join(*pair) for pair in zip(findings, receipts, strict=True)]
    return [*findings, *_missing_channels([route.channel for route in book.routes()])]


async def _check_route(route: Route) -> Finding:
    part = f"route {route.route_id}"
    try:
        async with asyncio.timeout(ROUTE_PATIENCE_S):
            return Finding(part, is_good=True, told=f"{route.channel}, {await route.check()}")
    except SendError as error:
        return Finding(part, is_good=False, told=f"{route.channel}, {error.reason}")
    except TimeoutError:
        return Finding(part, is_good=False, told=f"{route.channel}, no answer in time")


def _check_receipts(route: Route, configured: BaseRouteSettings, public_url: str) -> Finding:
    part = f"route {route.route_id}"
    try:
        return Finding(part, is_good=True, told=tell_receipts(route, configured, public_url))
    except ConfigError as error:
        return Finding(part, is_good=False, told=str(error))


def _join(way_out: Finding, way_back: Finding) -> Finding:
    """Return what is to be said of a route in both directions as one finding."""
    is_good = way_out.is_good and way_back.is_good
    return Finding(way_out.part, is_good, f"{way_out.told}; {way_back.told}")


def _missing_channels(served: list[str]) -> Iterator[Finding]:
    for channel in CHANNELS:
        if channel not in served:
            told = f"no route: messages by {channel} will be refused"
            if channel == "push":
                told = "no route: the app is not notified"
            yield Finding(f"channel {channel}", is_good=channel != "email", told=told)
