"""Parquet, whose columns have types of their own."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import polars as pl

from rollcall.errors import SourceError
from rollcall.sources.raw_rows import RawRows, check_header, clean_cells, name_header
from rollcall.sources.tables import Column, ColumnKind, Table

_TEXTS: Final = (pl.String, pl.Categorical, pl.Enum, pl.Null)
"""Types that hold text; a column without any value has none."""


def read_parquet_rows(path: Path, table: Table) -> RawRows:
    """Read a Parquet file. A timestamp without a time zone is UTC; texts may stand for any type.

    Raises:
        SourceError: The file cannot be read, lacks a required column, has one twice, or a column's
            type cannot be meant.
    """
    try:
        stored = pl.read_parquet(path, glob=False, hive_partitioning=False)
    except OSError as exc:
        raise SourceError(f"{path.name} cannot be read: {exc.strerror or exc}") from exc
    except pl.exceptions.PolarsError as exc:
        raise SourceError(f"{path.name} is not a Parquet file that can be read") from exc
    check_header(path.name, [name_header(name) for name in stored.columns], table)
    names = {name_header(name): name for name in stored.columns}
    columns = [
        _read_column(path.name, stored, names.get(column.name), column) for column in table.columns
    ]
    rows = stored.select(*columns).with_row_index("line", offset=1)
    return RawRows(clean_cells(rows.with_columns(pl.col("line").cast(pl.Int64))), [])


def _read_column(
    file_name: str, stored: pl.DataFrame, stored_name: str | None, column: Column
) -> pl.Expr:
    if stored_name is None:
        return pl.lit(None, dtype=pl.String).alias(column.name)
    dtype = stored.schema[stored_name]
    if isinstance(dtype, _TEXTS):
        return pl.col(stored_name).cast(pl.String).alias(column.name)
    converted = _CONVERTERS.get(column.kind, _convert_text)(pl.col(stored_name), dtype)
    if converted is None:
        raise SourceError(f"{file_name}: the column {column.name} cannot be of type {dtype}")
    return converted.alias(column.name)


def _convert_text(stored: pl.Expr, dtype: pl.DataType) -> pl.Expr | None:
    """Take whole numbers for ids; a float would turn `17` into `17.0`."""
    return stored.cast(pl.String) if dtype.is_integer() else None


def _convert_boolean(stored: pl.Expr, dtype: pl.DataType) -> pl.Expr | None:
    return stored if isinstance(dtype, pl.Boolean) else _convert_text(stored, dtype)


def _convert_number(stored: pl.Expr, dtype: pl.DataType) -> pl.Expr | None:
    return stored.cast(pl.Float64) if dtype.is_numeric() else None


def _convert_timestamp(stored: pl.Expr, dtype: pl.DataType) -> pl.Expr | None:
    if not isinstance(dtype, pl.Datetime):
        return None
    aware = stored if dtype.time_zone else stored.dt.replace_time_zone("UTC")
    return aware.dt.convert_time_zone("UTC").dt.cast_time_unit("us")


def _convert_list(stored: pl.Expr, dtype: pl.DataType) -> pl.Expr | None:
    """Take texts and whole numbers as its members."""
    if not isinstance(dtype, pl.List):
        return None
    is_text = isinstance(dtype.inner, _TEXTS) or dtype.inner.is_integer()
    return stored.cast(pl.List(pl.String)) if is_text else None


_CONVERTERS: dict[ColumnKind, Callable[[pl.Expr, pl.DataType], pl.Expr | None]] = {
    "boolean": _convert_boolean,
    "number": _convert_number,
    "latitude": _convert_number,
    "longitude": _convert_number,
    "timestamp": _convert_timestamp,
    "list": _convert_list,
}
"""What becomes of a column that is not text, by its kind; None is "cannot be meant"."""
