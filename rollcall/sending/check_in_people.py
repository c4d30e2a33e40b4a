"""Who is asked in a check-in now, and in which time zone."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rollcall.domain.check_in_zones import ZoneGroups, group_by_zone
from rollcall.domain.message import MessageRequest
from rollcall.ledger.app_reports import read_app_reports
from rollcall.ledger.saved_filters import load_saved_filters
from rollcall.sending.preparing import require_recipients, select_recipients
from rollcall.sending.self_made import KnownSource, open_source
from rollcall.sending.steps import SendSteps
from rollcall.sources.people_facts import known_time_zones, read_responsible, read_time_zones
from rollcall.sources.snapshot import build_snapshot


@dataclass(frozen=True, slots=True)
class AskedPeople:
    """Everybody who is asked, as the source is now."""

    groups: ZoneGroups
    source: KnownSource


def find_asked(
    steps: SendSteps, asks: MessageRequest, source: Path, fallback_zone: str, now: datetime
) -> AskedPeople:
    """Evaluate the selection of a check-in on its source, and sort people by time zone.

    What was reported with the app by now is part of it, as in a send.

    Raises:
        LedgerError: The ledger does not answer.
        SourceError: The source cannot be loaded, and never could.
        SelectionError: The selection names what does not exist, or means nobody.
    """
    if asks.selection is None:
        raise AssertionError("a check-in has a selection")
    known = open_source(steps.sources, source)
    app = read_app_reports(steps.ledger, now)
    with build_snapshot(known.version, now, app=app) as snapshot:
        audience = select_recipients(
            asks.selection,
            snapshot,
            now,
            managers_only=asks.options.managers_only,
            saved_filters=load_saved_filters(steps.ledger),
        )
    require_recipients(audience)
    groups = group_by_zone(
        (one.person_id for one in audience.recipients),
        read_time_zones(known.version),
        known_time_zones().keys(),
        fallback_zone,
    )
    return AskedPeople(groups, known)


def find_notified(source: KnownSource, notify: list[str]) -> list[str]:
    """Return those of some people whom the source knows."""
    known = read_responsible(source.version).person_ids
    return [one for one in notify if one in known]
