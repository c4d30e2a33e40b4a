"""What a column's values mean, and what is wrong with those that mean nothing.

Everything is a Polars expression. Reasons quote a value only where it cannot be a person's: in a
row whose cells are shifted, a number's column holds a name.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from math import inf

import polars as pl

from rollcall.domain.countries import load_country_names
from rollcall.sources.tables import Column, ColumnKind

TIMESTAMP_FORMATS = ("%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z")
"""ISO 8601 with an offset: `Z`, `+01`, `+0100` or `+01:00`; seconds may be left out."""

NAIVE_TIMESTAMP = r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?$"
BOOLEAN_WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
NUMBER_LIMITS: dict[ColumnKind, float] = {"number": inf, "latitude": 90, "longitude": 180}
LIST_SEPARATOR = ";"


@dataclass(frozen=True, slots=True)
class ColumnReading:
    """How a column is read.

    Attributes:
        value: Its values, typed; null where there is none.
        problem: What is wrong with each value (String), null where nothing is.
    """

    value: pl.Expr
    problem: pl.Expr


def read_column(column: Column, dtype: pl.DataType) -> ColumnReading:
    """Say how a raw column is read: text is parsed, a type of its own is taken as it is."""
    raw = pl.col(column.name)
    value = raw
    problems: list[pl.Expr] = []
    if isinstance(dtype, pl.String):
        value, problems = _parse(column, raw)
    if column.required:
        problems.append(_reason(raw.is_null(), f"{column.name} is empty"))
    if column.kind in NUMBER_LIMITS:
        problems.extend(_check_limits(column, value))
    problem = pl.coalesce(*problems, pl.lit(None, dtype=pl.String))
    return ColumnReading(_finish(column, value).alias(column.name), problem)


def _parse(column: Column, raw: pl.Expr) -> tuple[pl.Expr, list[pl.Expr]]:
    nul = _reason(raw.str.contains("\0", literal=True), f"{column.name} holds a NUL character")
    if column.kind not in _PARSERS:
        return raw, [nul]
    value = _PARSERS[column.kind](column, raw)
    is_unread = raw.is_not_null() & value.is_null()
    return value, [nul, pl.when(is_unread).then(_describe_unread(column, raw))]


def _finish(column: Column, value: pl.Expr) -> pl.Expr:
    """Put in what an empty value stands for; a list is never null and holds no empty member."""
    if column.kind == "list":
        member = pl.element().str.strip_chars()
        return value.fill_null([]).list.eval(member.filter(member != ""))
    return value if column.default is None else value.fill_null(column.default)


def _reason(is_wrong: pl.Expr, reason: str) -> pl.Expr:
    return pl.when(is_wrong).then(pl.lit(reason))


def _check_limits(column: Column, value: pl.Expr) -> list[pl.Expr]:
    limit = NUMBER_LIMITS[column.kind]
    return [
        _reason(~value.is_finite(), f"{column.name} is not a number"),
        _reason(value.abs() > limit, f"{column.name} is beyond ±{limit}"),
    ]


def _describe_unread(column: Column, raw: pl.Expr) -> pl.Expr:
    if column.kind == "timestamp":
        return _describe_timestamp(column, raw)
    if column.kind == "country":
        return _describe_country(column, raw)
    words = {
        "boolean": f"none of {', '.join(BOOLEAN_WORDS)}",
        "choice": f"none of {', '.join(column.choices)}",
        "geojson": "not a JSON object",
    }
    return pl.lit(f"{column.name} is {words.get(column.kind, 'not a number')}")


def _describe_timestamp(column: Column, raw: pl.Expr) -> pl.Expr:
    naive = f"{column.name} has no UTC offset (write 2026-11-23T06:00:00Z)"
    other = f"{column.name} is not an ISO 8601 timestamp (write 2026-11-23T06:00:00Z)"
    is_naive = _join_date_and_time(raw).str.contains(NAIVE_TIMESTAMP)
    return pl.when(is_naive).then(pl.lit(naive)).otherwise(pl.lit(other))


def _describe_country(column: Column, raw: pl.Expr) -> pl.Expr:
    """Quote what has the form of a code, for it cannot be a name."""
    unknown = f"{column.name} is not a country code (ISO 3166-1 alpha-2)"
    quoted = pl.format(f"{column.name} {{}} is not a country code", raw.str.to_uppercase())
    return pl.when(raw.str.contains("^[A-Za-z]{2}$")).then(quoted).otherwise(pl.lit(unknown))


def _parse_list(_: Column, raw: pl.Expr) -> pl.Expr:
    return raw.str.split(LIST_SEPARATOR)


def _parse_boolean(_: Column, raw: pl.Expr) -> pl.Expr:
    return raw.str.to_lowercase().replace_strict(
        BOOLEAN_WORDS, default=None, return_dtype=pl.Boolean
    )


def _parse_number(_: Column, raw: pl.Expr) -> pl.Expr:
    return raw.cast(pl.Float64, strict=False)


def _parse_timestamp(_: Column, raw: pl.Expr) -> pl.Expr:
    text = _join_date_and_time(raw)
    return pl.coalesce(
        text.str.to_datetime(form, time_unit="us", time_zone="UTC", strict=False)
        for form in TIMESTAMP_FORMATS
    )


def _join_date_and_time(raw: pl.Expr) -> pl.Expr:
    """Write `2026-11-23 06:00Z` with the T that ISO 8601 has between date and time."""
    return raw.str.replace(r"^(\d{4}-\d{2}-\d{2}) ", "${1}T")


def _parse_country(_: Column, raw: pl.Expr) -> pl.Expr:
    code = raw.str.to_uppercase()
    return pl.when(code.is_in(list(load_country_names()))).then(code)


def _parse_airport(_: Column, raw: pl.Expr) -> pl.Expr:
    return raw.str.to_uppercase()


def _parse_choice(column: Column, raw: pl.Expr) -> pl.Expr:
    choice = raw.str.to_lowercase()
    return pl.when(choice.is_in(list(column.choices))).then(choice)


def _parse_geojson(_: Column, raw: pl.Expr) -> pl.Expr:
    is_object = raw.map_elements(_is_json_object, return_dtype=pl.Boolean)
    return pl.when(is_object).then(raw)


def _is_json_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


_PARSERS: dict[ColumnKind, Callable[[Column, pl.Expr], pl.Expr]] = {
    "list": _parse_list,
    "boolean": _parse_boolean,
    "number": _parse_number,
    "latitude": _parse_number,
    "longitude": _parse_number,
    "timestamp": _parse_timestamp,
    "country": _parse_country,
    "airport": _parse_airport,
    "choice": _parse_choice,
    "geojson": _parse_geojson,
}
"""How text becomes a value, null where it is none; text and phones stay the text they are."""
