"""Row by row and across tables: which rows are good, and what is wrong with the others."""

from dataclasses import dataclass

import polars as pl

from rollcall.sources.columns import read_column
from rollcall.sources.raw_rows import RawRows
from rollcall.sources.rejection import RejectedRow
from rollcall.sources.tables import BOOKINGS, TABLES, Table

CANCELLED_WORDS = ("cancelled", "canceled")
PROBLEM = "_problem"
QUOTABLE_ID = r"^([A-Z]{2}|[\w:/-]*\d[\w:/-]*)$"
"""Ids and country codes that may stand in a reason: no names, addresses, coordinates, phones."""


@dataclass(frozen=True, slots=True)
class CheckedRows:
    """Rows of one table, parted.

    Attributes:
        good: The rows that load, typed, with `line`.
        rejected: The others, with reasons.
    """

    good: pl.DataFrame
    rejected: list[RejectedRow]


def check_values(raw: RawRows, table: Table) -> CheckedRows:
    """Read every value of a table; reject a row with a bad one, for all that is wrong with it."""
    rows = _drop_cancelled(raw.rows) if table is BOOKINGS else raw.rows
    readings = [read_column(column, rows.schema[column.name]) for column in table.columns]
    problems = {f"{PROBLEM}_{index}": one.problem for index, one in enumerate(readings)}
    read = rows.select("line", *(one.value for one in readings), **problems)
    found = [pl.col(name) for name in problems]
    if table.period:
        found.append(_check_period(*table.period))
    problem = pl.concat_str(found, separator="; ", ignore_nulls=True)
    checked = part_rows(read.with_columns(problem.alias(PROBLEM)).drop(problems), table)
    return CheckedRows(checked.good, raw.rejected + checked.rejected)


def reject_duplicates(rows: pl.DataFrame, table: Table) -> CheckedRows:
    """Reject every row whose key an earlier one has."""
    if not table.key:
        return CheckedRows(rows, [])
    reason = pl.format(
        "duplicate {}: line {} has it already",
        pl.concat_str([_quote(name) for name in table.key], separator=", "),
        pl.col("line").first().over(table.key),
    )
    is_first = pl.struct(table.key).is_first_distinct()
    return part_rows(rows.with_columns(pl.when(~is_first).then(reason).alias(PROBLEM)), table)


def reject_orphans(rows: pl.DataFrame, table: Table, good: dict[str, pl.DataFrame]) -> CheckedRows:
    """Reject every row that refers to a person or facility that is not there.

    Args:
        rows: The rows to check.
        table: Whose rows they are.
        good: The good rows of the tables referred to.
    """
    found = [describe_missing(TABLES[name].key[0], good[name]) for name in table.references]
    if not found:
        return CheckedRows(rows, [])
    problem = pl.concat_str(found, separator="; ", ignore_nulls=True)
    return part_rows(rows.with_columns(problem.alias(PROBLEM)), table)


def part_rows(rows: pl.DataFrame, table: Table) -> CheckedRows:
    """Part rows by their column of problems: null or empty is good."""
    is_bad = pl.col(PROBLEM).fill_null("") != ""
    return CheckedRows(
        rows.filter(~is_bad).drop(PROBLEM),
        list_problems(rows.filter(is_bad), table),
    )


def list_problems(rows: pl.DataFrame, table: Table) -> list[RejectedRow]:
    """Turn the column of problems into rejected rows, one for each row."""
    problems = rows.select("line", PROBLEM).iter_rows()
    return [RejectedRow(table.name, line, reason) for line, reason in problems]


def describe_missing(column: str, existing: pl.DataFrame) -> pl.Expr:
    """Say what is wrong with ids, in a column of this name, that none of the existing rows has."""
    is_missing = ~pl.col(column).is_in(existing[column].implode())
    return pl.when(is_missing).then(pl.format("there is no {}", _quote(column)))


def _drop_cancelled(bookings: pl.DataFrame) -> pl.DataFrame:
    status = pl.col("status").str.to_lowercase()
    return bookings.filter(~status.is_in(CANCELLED_WORDS).fill_null(value=False))


def _check_period(first: str, last: str) -> pl.Expr:
    return pl.when(pl.col(last) < pl.col(first)).then(pl.lit(f"{last} is before {first}"))


def _quote(column: str) -> pl.Expr:
    """Write a column's name and value; only the name where the value could be an address."""
    value = pl.col(column)
    quoted = pl.format(f"{column} {{}}", value)
    return pl.when(value.str.contains(QUOTABLE_ID)).then(quoted).otherwise(pl.lit(column))
