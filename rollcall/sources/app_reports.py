"""What was reported with the app, among the tables of a source.

Rows of the app have negative lines: they stand in no file. Of people whom the source does not
know nothing is taken.
"""

import polars as pl

from rollcall.domain.app_reports import AppReports


def merge_app_reports(tables: dict[str, pl.DataFrame], app: AppReports) -> dict[str, pl.DataFrame]:
    """Return the tables of a source with what was reported with the app.

    Args:
        tables: `people`, `locations` and `emergencies`, as kept.
        app: What was reported.

    Returns:
        The same tables: who has the app is so in `people`, with the later of both last contacts;
        reports follow in `locations` and `emergencies`. Besides `app_contacts`, what was known of
        devices: person_id, last_app_contact_at.
    """
    known = tables["people"].select("person_id")
    contacts = app.contacts.join(known, on="person_id", how="semi")
    return {
        "people": _note_contacts(tables["people"], contacts),
        "locations": _append(tables["locations"], app.locations, known),
        "emergencies": _append(tables["emergencies"], app.emergencies, known),
        "app_contacts": contacts,
    }


def _note_contacts(people: pl.DataFrame, contacts: pl.DataFrame) -> pl.DataFrame:
    if contacts.is_empty():
        return people
    told = contacts.rename({"last_app_contact_at": "told_at"})
    joined = people.join(
        told, on="person_id", how="left", validate="1:1", maintain_order="left"
    ).with_columns(
        has_app=pl.col("has_app") | pl.col("told_at").is_not_null(),
        last_app_contact_at=pl.max_horizontal("last_app_contact_at", "told_at"),
    )
    return joined.select(people.columns)


def _append(rows: pl.DataFrame, reported: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    taken = reported.join(known, on="person_id", how="semi")
    if taken.is_empty():
        return rows
    lines = -1 - pl.int_range(pl.len(), dtype=pl.Int64)
    return pl.concat([rows, taken.with_columns(line=lines)], how="diagonal")
