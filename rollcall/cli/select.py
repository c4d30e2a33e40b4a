"""`rollcall select` and `rollcall refresh`: who is meant, and the data it is known from."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from rollcall.cli.aiming import IncidentOption, RadiusOption, aim, read_asked
from rollcall.cli.app_reports import find_app_reports
from rollcall.cli.explaining import (
    ExplainOption,
    Explanation,
    PreviewedMessageOption,
    PreviewedTemplateOption,
    explain_selection,
    load_named_filters,
)
from rollcall.cli.explanation_text import print_explanation
from rollcall.cli.output import (
    AsOfOption,
    Format,
    FormatOption,
    LastGoodOption,
    SourceOption,
    console,
    make_cell,
    new_table,
    parse_as_of,
    print_json,
    print_notice,
)
from rollcall.cli.requests import make_request
from rollcall.clock import SystemClock, format_instant
from rollcall.domain.audience import Audience
from rollcall.errors import InputError
from rollcall.sending.preparing import open_version, select_recipients
from rollcall.settings import load_settings
from rollcall.sources.kept import KeptVersion
from rollcall.sources.refreshing import refresh_source
from rollcall.sources.rejection import RejectedRow
from rollcall.sources.snapshot import build_snapshot
from rollcall.wiring import build_sources

SHOWN_ROWS = 50
"""Rows of a long list that a person is shown; programs get all."""


def select(  # noqa: PLR0913 - one argument for each option
    selection: Annotated[
        Path | None, typer.Argument(help="Selection as JSON, `-` for standard input.")
    ] = None,
    *,
    data: SourceOption,
    as_of: AsOfOption = None,
    incident: IncidentOption = None,
    radius_km: RadiusOption = None,
    managers_only: Annotated[
        bool, typer.Option("--managers-only", help="Facilities stand for their managers only.")
    ] = False,
    explain: ExplainOption = False,
    message: PreviewedMessageOption = None,
    template: PreviewedTemplateOption = None,
    last_good: LastGoodOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Show who a selection means, why, and what was left out. Sends nothing."""
    if message and not explain:
        raise InputError("--message is for --explain: it says what the SMS would come to")
    request = make_request(message, template) if message or template else None
    templated = request.selection if request and template else None
    wanted = read_asked(selection, templated, incident, radius_km)
    managers_only |= request is not None and request.options.managers_only
    moment = parse_as_of(as_of) or SystemClock().now()
    sources = build_sources(load_settings(), SystemClock())
    version = open_version(sources, data, uses_last_good=last_good)
    with build_snapshot(version, moment, app=find_app_reports(moment)) as snapshot:
        asked = aim(wanted, incident, radius_km, snapshot)
        saved = load_named_filters(asked)
        if explain:
            explained = explain_selection(
                asked, snapshot, moment, saved, request, managers_only=managers_only
            ).compared_with_last_time(asked, template)
            _answer_explained(explained, version, output)
            audience = explained.preview.audience
        else:
            audience = select_recipients(
                asked, snapshot, moment, managers_only=managers_only, saved_filters=saved
            )
            _answer(audience, version, output)
    notice_silent_facilities(audience, managers_only=managers_only)


def refresh(data: SourceOption, output: FormatOption = Format.TEXT) -> None:
    """Validate a source now and keep the result, so that a send does not have to."""
    settings, clock = load_settings(), SystemClock()
    refreshed = refresh_source(build_sources(settings, clock), data, settings.refresh, clock.now())
    version = refreshed.version
    for problem in refreshed.problems:
        print_notice(problem)
    if output is Format.JSON:
        print_json(
            {
                "version": version.version,
                "validated_at": format_instant(version.validated_at),
                "row_counts": version.row_counts,
                "rejected_rows": [_rejected_to_json(row) for row in version.rejected],
            }
        )
        return
    console.print(f"version {version.short_id}, validated {format_instant(version.validated_at)}")
    for table, count in version.row_counts.items():
        console.print(f"  {table:<18}{count:>9} rows")
    _print_rejected(version.rejected)


def notice_silent_facilities(audience: Audience, *, managers_only: bool) -> None:
    """Tell which facilities stand for nobody: their contacts would be missed without a word."""
    missing = "manager" if managers_only else "contact"
    for facility_id in audience.silent_facility_ids:
        print_notice(f"facility {facility_id} has no {missing}: nobody is contacted for it")


def _answer(audience: Audience, version: KeptVersion, output: Format) -> None:
    if output is Format.JSON:
        print_json(_to_json(audience, version))
        return
    _print_audience(audience)
    _print_rejected(version.rejected)


def _answer_explained(explained: Explanation, version: KeptVersion, output: Format) -> None:
    if output is Format.JSON:
        print_json(_to_json(explained.preview.audience, version) | explained.to_json())
        return
    print_explanation(explained)
    _print_rejected(version.rejected)


def _to_json(audience: Audience, version: KeptVersion) -> dict[str, Any]:
    return {
        "as_of": format_instant(audience.as_of),
        "people": [one.to_json() for one in audience.reachable],
        "facilities": list(audience.facility_ids),
        "unreachable": [
            {"person_id": one.person_id, "reason": one.unreachable_reason}
            for one in audience.unreachable
        ],
        "rejected_rows": [_rejected_to_json(row) for row in version.rejected],
        "counts": {"people": len(audience.reachable), "facilities": len(audience.facility_ids)},
    }


def _rejected_to_json(row: RejectedRow) -> dict[str, Any]:
    return {"table": row.table, "line": row.line, "reason": row.reason}


def _print_audience(audience: Audience) -> None:
    table = new_table("id", "name", "where", "known from", "email", "phone", "why")
    for one in audience.reachable[:SHOWN_ROWS]:
        why = ", ".join(" ".join(map(str, reason.values())) for reason in one.via)
        cells = (one.person_id, one.name, one.position.country, one.position.source)
        table.add_row(*map(make_cell, (*cells, one.email, one.phone, why)))
    console.print(table)
    left_out = len(audience.reachable) - SHOWN_ROWS
    if left_out > 0:
        console.print(f"… and {left_out} more (--format json prints all)")
    by_country = Counter(one.position.country or "unknown" for one in audience.reachable)
    countries = ", ".join(f"{country} {count}" for country, count in by_country.most_common())
    console.print(
        f"\n{len(audience.reachable)} people ({countries or 'nowhere'}), "
        f"{len(audience.facility_ids)} facilities; as of {format_instant(audience.as_of)}"
    )
    for one in audience.unreachable:
        told = f"cannot be reached: {one.person_id} ({one.unreachable_reason})"
        console.print(told, markup=False)


def _print_rejected(rejected: list[RejectedRow]) -> None:
    if rejected:
        console.print(f"\n{len(rejected)} rows of the data are not as they should be:")
    for row in rejected[:SHOWN_ROWS]:
        console.print(f"  {row.table} line {row.line}: {row.reason}", markup=False)
    if len(rejected) > SHOWN_ROWS:
        console.print(f"  … and {len(rejected) - SHOWN_ROWS} more (--format json prints all)")
