"""Lists as one parameter: a statement has the same text whatever number of rows it is about.

A parameter for each value is rendered by SQLAlchemy anew for each length, parsed by the database
anew, and bound one by one: that was more than half of what a send cost the ledger.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from sqlalchemy import (
    JSON,
    ColumnElement,
    Insert,
    Select,
    Subquery,
    Text,
    bindparam,
    cast,
    column,
    insert,
    literal_column,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from rollcall.ledger.tables import UtcDateTime

_JSONB_EACH_SINCE: Final = (3, 51)
"""The SQLite that can list the elements of an array as it has parsed them."""


class _Texts(FunctionElement[str]):
    """The strings of a JSON array, as a table with the column `value`."""

    name = "texts"
    inherit_cache = True


class _Rows(FunctionElement[Any]):
    """The elements of a JSON array as JSON, as a table with the column `value`."""

    name = "rows"
    inherit_cache = True


class _Moment(FunctionElement[datetime]):
    """A moment as `write_moment` has written it."""

    name = "moment"
    type = UtcDateTime()
    inherit_cache = True


class _Json(FunctionElement[Any]):
    """A text that is JSON."""

    name = "json_text"
    type = JSON()
    inherit_cache = True


class _Gathered(FunctionElement[Any]):
    """The rows of a query as one JSON array of arrays."""

    name = "gathered"
    type = JSON()
    inherit_cache = True


@compiles(_Gathered, "sqlite")
def _compile_group(element: _Gathered, compiler: Any, **options: Any) -> str:
    return f"json_group_array(json_array({compiler.process(element.clauses, **options)}))"


@compiles(_Gathered, "postgresql")
def _compile_aggregate(element: _Gathered, compiler: Any, **options: Any) -> str:
    taken = compiler.process(element.clauses, **options)
    return f"COALESCE(json_agg(json_build_array({taken})), '[]')"


@compiles(_Texts, "sqlite")
def _compile_each(element: _Texts, compiler: Any, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_Rows, "sqlite")
def _compile_parsed(element: _Rows, compiler: Any, **options: Any) -> str:
    # of `json_each` a row is a text again, which is parsed anew: three times the work
    knows_jsonb = (compiler.dialect.server_version_info or ()) >= _JSONB_EACH_SINCE
    function = "jsonb_each" if knows_jsonb else "json_each"
    return f"{function}({compiler.process(element.clauses, **options)})"


@compiles(_Texts, "postgresql")
@compiles(_Rows, "postgresql")
def _compile_elements(element: FunctionElement[Any], compiler: Any, **options: Any) -> str:
    listed = compiler.process(element.clauses, **options)
    function = "json_array_elements" + ("_text" if isinstance(element, _Texts) else "")
    return f"{function}(CAST({listed} AS JSON))"


@compiles(_Moment, "sqlite")
@compiles(_Json, "sqlite")
def _compile_bare(element: FunctionElement[Any], compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(_Moment, "postgresql")
def _compile_moment(element: _Moment, compiler: Any, **options: Any) -> str:
    written = compiler.process(element.clauses, **options)
    return f"CAST({written} || '+00' AS TIMESTAMPTZ)"


@compiles(_Json, "postgresql")
def _compile_json(element: _Json, compiler: Any, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} AS JSON)"


def in_list(what: Any, name: str) -> ColumnElement[bool]:
    """Tell whether a column's value is in a list.

    Args:
        what: A text column.
        name: The parameter that `write_list` makes.
    """
    listed = _Texts(bindparam(name, type_=Text())).table_valued(column("value", Text()))
    is_listed: ColumnElement[bool] = what.in_(select(listed.c.value))
    return is_listed


def list_rows(name: str, *columns: str) -> Subquery:
    """Return a table of texts with these columns.

    Args:
        name: The parameter: `write_list` of one tuple a row.
        columns: Their names, in the order of the tuples.
    """
    listed = _Rows(bindparam(name, type_=Text())).table_valued(column("value", Text()))
    # `->>` takes an element out of a JSON array on both back ends
    taken = (
        listed.c.value.op("->>", return_type=Text())(literal_column(str(place))).label(one)
        for place, one in enumerate(columns)
    )
    return select(*taken).subquery(name)


def insert_listed(table: Any, name: str, *columns: str) -> Insert:
    """Return the statement that inserts the rows of a list.

    Args:
        table: A mapped class.
        name: The parameter: `write_list` of one tuple a row, moments in it by `write_moment`.
        columns: Their names, in the order of the tuples.
    """
    listed = list_rows(name, *columns)
    values = [_read_as(getattr(table, one).type, listed.c[one]) for one in columns]
    return insert(table).from_select(columns, select(*values))


def gather_rows(query: Select[Any]) -> Select[tuple[list[list[Any]]]]:
    """Return the query for all rows of another one at once, as lists; its `scalar_one` has them.

    SQLite's driver gives up Python's global lock for each row that it fetches, and takes it again:
    beside a busy event loop that costs a row 25 us, twenty times as much as its reading.

    Args:
        query: Its columns are texts and numbers (SQLite's booleans are numbers).
    """
    rows = query.subquery("gathered")
    return select(_Gathered(*rows.c))


def moment_param(name: str) -> ColumnElement[datetime]:
    """Return a parameter that `write_moment` makes."""
    return _Moment(bindparam(name, type_=Text()))


def read_moment(written: ColumnElement[str]) -> ColumnElement[datetime]:
    """Return a column of texts that `write_moment` has written as one of moments."""
    return _Moment(written)


def _read_as(type_: Any, written: ColumnElement[str]) -> ColumnElement[Any]:
    if isinstance(type_, Text):
        return written
    if isinstance(type_, UtcDateTime):
        return read_moment(written)
    # SQLite knows no type of that name, and would take a number for it
    return _Json(written) if isinstance(type_, JSON) else cast(written, type_)


def write_list(values: Iterable[str] | Iterable[tuple[Any, ...]]) -> str:
    """Return the parameter for a list of strings, or of rows."""
    return orjson.dumps(list(values)).decode()


def write_moment(moment: datetime | None) -> str | None:
    """Return an aware moment as a field of a row, as SQLite keeps it: in UTC, without offset."""
    if moment is None:
        return None
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
