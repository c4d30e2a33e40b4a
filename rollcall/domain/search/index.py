"""Quick add search over everything that a selection can name."""

from collections.abc import Collection, Iterable

import polars as pl

from rollcall.domain.search.queries import parse_query
from rollcall.domain.search.sections import Found, Hit, Kind, Section

DEFAULT_LIMIT = 20
"""Found entries that fit a screen; whom it does not show is found by typing more."""

_COLUMNS = {"id": pl.String, "name": pl.String, "email": pl.String, "phone": pl.String}
_KIND_ORDER = {kind: place for place, kind in enumerate(Kind)}


class SearchIndex:
    """People, facilities, groups and dynamic filters, to be found by a few letters.

    A million people take about 5 s to build, 240 MB and 25 ms a query (benchmarks/find.py). It
    never changes: any number of threads may ask, and a new version of the data gets a new index.

    Args:
        people: One row per person: `person_id, name, email, phone` (String; numbers are E.164).
        facilities: One row per facility: `facility_id, name` (String).
        groups: Their names.
        saved_filters: Their names.
    """

    def __init__(
        self,
        people: pl.DataFrame,
        facilities: pl.DataFrame,
        groups: Iterable[str] = (),
        saved_filters: Iterable[str] = (),
    ) -> None:
        nothing = pl.lit(None, pl.String)
        entries = {
            Kind.PERSON: people.select(pl.col("person_id").alias("id"), "name", "email", "phone"),
            Kind.FACILITY: facilities.select(
                pl.col("facility_id").alias("id"), "name", email=nothing, phone=nothing
            ),
            Kind.GROUP: _named(groups),
            Kind.SAVED_FILTER: _named(saved_filters),
        }
        self._sections = {kind: Section(kind, rows) for kind, rows in entries.items()}

    def estimate_bytes(self) -> int:
        """Return about how much memory the index takes."""
        return sum(section.estimate_bytes() for section in self._sections.values())

    def find(
        self, text: str, limit: int = DEFAULT_LIMIT, kinds: Collection[Kind] = tuple(Kind)
    ) -> list[Found]:
        """Return what a text finds, best first: by rank (sections.py), name, id and kind.

        Args:
            text: What somebody typed. Accents, case and spacing do not count.
            limit: The most to return, at least 1.
            kinds: What to look for; by default everything.

        Raises:
            InputError: The text is empty.
            ValueError: `limit` is less than 1.
        """
        if limit < 1:
            raise ValueError(f"limit is {limit}")
        query = parse_query(text)
        hits = [hit for kind in set(kinds) for hit in self._sections[kind].find(query, limit)]
        return [hit.found for hit in sorted(hits, key=_order)[:limit]]

    def name(self, kind: Kind, ids: Iterable[str]) -> dict[str, str]:
        """Return what some entries are called, by their ids; without those there are not."""
        return self._sections[kind].name(ids)


def _named(names: Iterable[str]) -> pl.DataFrame:
    rows = [(name, name, None, None) for name in sorted(set(names))]
    return pl.DataFrame(rows, schema=_COLUMNS, orient="row")


def _order(hit: Hit) -> tuple[int, str, str, int]:
    return hit.rank, hit.name_order, hit.found.id, _KIND_ORDER[hit.found.kind]
