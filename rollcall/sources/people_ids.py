"""Who is in a source, by id alone."""

from collections.abc import Iterable

import polars as pl

from rollcall.errors import SourceError
from rollcall.sources.kept import KeptVersion


def find_unknown_people(version: KeptVersion, person_ids: Iterable[str]) -> list[str]:
    """Return which of these people a kept version does not know, in their order.

    Raises:
        SourceError: The kept version cannot be read.
    """
    try:
        known = pl.read_parquet(
            version.path / "people.parquet", columns=["person_id"], glob=False
        ).to_series()
    except (OSError, pl.exceptions.PolarsError) as exc:
        raise SourceError(f"the kept version {version.short_id} cannot be read: people") from exc
    asked = list(person_ids)
    found = set(known.filter(known.is_in(asked)))
    return [one for one in asked if one not in found]
