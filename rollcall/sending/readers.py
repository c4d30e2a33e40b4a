"""Somebody of the travellers' data as a reader of a text: what its templates tell of them."""

from pathlib import Path

import polars as pl

from rollcall.domain.trials import TrialReader
from rollcall.errors import InputError
from rollcall.ledger.app_reports import read_app_reports
from rollcall.sending.preparing import open_version
from rollcall.sending.steps import SendSteps
from rollcall.sources.snapshot import build_snapshot
from rollcall.sources.world import read_world

_COLUMNS = ("name", "email", "phone", "language", "person_id", "country", "home_country")


def find_reader(
    steps: SendSteps, source: Path, person_id: str, *, uses_last_good: bool = False
) -> TrialReader:
    """Return a person as texts greet them, where they are now.

    Raises:
        InputError: Nobody has this id.
        SourceError: The source cannot be loaded.
    """
    now = steps.clock.now()
    version = open_version(steps.sources, source, uses_last_good=uses_last_good)
    with build_snapshot(version, now, app=read_app_reports(steps.ledger, now)) as snapshot:
        people = read_world(snapshot, now).people
    found = people.filter(pl.col("person_id") == person_id).select(_COLUMNS)
    if found.is_empty():
        raise InputError("that person is not in the travellers' data any more")
    return TrialReader(*found.row(0))
