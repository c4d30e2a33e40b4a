"""What a source says of people besides how to reach them: their facility, managers, time zone."""

from collections.abc import Sequence
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import polars as pl

from rollcall.domain.chasing import Responsible
from rollcall.errors import SourceError
from rollcall.sources.kept import KeptVersion


def read_responsible(version: KeptVersion) -> Responsible:
    """Read who is responsible for whom.

    Raises:
        SourceError: The kept version cannot be read.
    """
    people = _read(version, "people", ("person_id", "facility_id"))
    contacts = _read(version, "facility_contacts", ("facility_id", "person_id", "is_manager"))
    managers = contacts.filter("is_manager").sort("facility_id", "person_id")
    grouped = managers.group_by("facility_id", maintain_order=True).agg("person_id")
    return Responsible(
        person_ids=frozenset(people["person_id"]),
        facility_ids=dict(people.drop_nulls("facility_id").iter_rows()),
        manager_ids={facility_id: tuple(ids) for facility_id, ids in grouped.iter_rows()},
    )


def read_time_zones(version: KeptVersion) -> dict[str, str]:
    """Read the name of everybody's time zone, by `person_id`, as it is written; some have none.

    Raises:
        SourceError: The kept version cannot be read.
    """
    people = _read(version, "people", ("person_id", "time_zone"))
    return dict(people.drop_nulls("time_zone").iter_rows())


@cache
def known_time_zones() -> dict[str, ZoneInfo]:
    """Return every time zone of the IANA database by name, from the system or from `tzdata`."""
    return {name: ZoneInfo(name) for name in sorted(available_timezones())}


def _read(version: KeptVersion, table: str, columns: Sequence[str]) -> pl.DataFrame:
    try:
        return pl.read_parquet(version.path / f"{table}.parquet", columns=list(columns), glob=False)
    except (OSError, pl.exceptions.PolarsError) as exc:
        raise SourceError(f"the kept version {version.short_id} cannot be read: {table}") from exc
