"""From a kept version to the index of the quick add search."""

from collections.abc import Iterable, Sequence

import polars as pl

from rollcall.domain.search.index import SearchIndex
from rollcall.errors import SourceError
from rollcall.sources.kept import KeptVersion


def load_search_index(version: KeptVersion, saved_filters: Iterable[str] = ()) -> SearchIndex:
    """Build the index of what a kept version holds; positions are not looked at.

    Args:
        version: What to search.
        saved_filters: The names of the dynamic filters there are.

    Raises:
        SourceError: The kept version cannot be read.
    """
    people = _read(version, "people", ("person_id", "name", "email", "phone", "groups"))
    groups = people["groups"].explode(empty_as_null=True).drop_nulls().unique()
    return SearchIndex(
        people=people.drop("groups"),
        facilities=_read(version, "facilities", ("facility_id", "name")),
        groups=groups.to_list(),
        saved_filters=saved_filters,
    )


def _read(version: KeptVersion, table: str, columns: Sequence[str]) -> pl.DataFrame:
    try:
        return pl.read_parquet(version.path / f"{table}.parquet", glob=False, columns=[*columns])
    except (OSError, pl.exceptions.PolarsError) as exc:
        raise SourceError(f"the kept version {version.short_id} cannot be read: {table}") from exc
