"""What is known about people and facilities at one moment: the frames that filters look at."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl


@dataclass(frozen=True, slots=True)
class World:
    """The tables that a selection is evaluated on.

    Attributes:
        as_of: The moment the positions hold for.
        people: One row per person: `person_id, name, email, phone, language, home_country`
            (String), `groups, tags` (List[String], never null), and where they are: `country`
            (String), `latitude, longitude` (Float64), `position_source` (String), `position_at`
            (Datetime UTC).
        facilities: One row per facility: `facility_id, country` (String), `tags` (List[String]).
        contacts: One row per facility and contact: `facility_id, person_id` (String),
            `is_manager` (Boolean).
    """

    as_of: datetime
    people: pl.DataFrame
    facilities: pl.DataFrame
    contacts: pl.DataFrame

    def known_groups(self) -> set[str]:
        """Return every group somebody belongs to."""
        return _members(self.people["groups"])

    def known_tags(self) -> set[str]:
        """Return every tag that a person or a facility carries."""
        return _members(self.people["tags"]) | _members(self.facilities["tags"])


def _members(lists: pl.Series) -> set[str]:
    return set(lists.explode(empty_as_null=True).drop_nulls().unique().to_list())
