"""Rows that are kept although a value in them is wrong: the value goes, and the row is reported.

Somebody whose phone number is mistyped still has an e-mail address, and must not drop out.
"""

import polars as pl

from rollcall.domain.phones import normalise_phone
from rollcall.sources.checks import PROBLEM, CheckedRows, describe_missing, list_problems
from rollcall.sources.tables import FACILITIES, PEOPLE, Table

E164 = "_e164"


def amend_people(people: pl.DataFrame, facilities: pl.DataFrame) -> CheckedRows:
    """Write phones as E.164; empty phones that are none and places of work that do not exist."""
    found = people.join(
        _normalise_phones(people),
        on=["phone", "home_country"],
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    bad_phone = _describe_phone()
    bad_facility = describe_missing("facility_id", facilities)
    amended = found.with_columns(
        pl.col(E164).alias("phone"),
        pl.when(bad_facility.is_null()).then("facility_id").alias("facility_id"),
        _keep("the person is kept", bad_phone, bad_facility),
    )
    return _report(amended.drop(E164), PEOPLE)


def amend_facilities(facilities: pl.DataFrame) -> CheckedRows:
    """Empty the coordinates of a facility that has only one of the two."""
    latitude, longitude = pl.col("latitude"), pl.col("longitude")
    is_half = latitude.is_null() != longitude.is_null()
    only_one = pl.when(is_half).then(pl.lit("latitude and longitude only make sense together"))
    amended = facilities.with_columns(
        pl.when(~is_half).then(latitude).alias("latitude"),
        pl.when(~is_half).then(longitude).alias("longitude"),
        _keep("the facility is kept", only_one),
    )
    return _report(amended, FACILITIES)


def _normalise_phones(people: pl.DataFrame) -> pl.DataFrame:
    """Return one row per phone and home country that occur, with the number in E.164."""
    numbers = people.select("phone", "home_country").drop_nulls("phone").unique()
    e164 = [normalise_phone(text, country) for text, country in numbers.iter_rows()]
    return numbers.with_columns(pl.Series(E164, e164, dtype=pl.String))


def _describe_phone() -> pl.Expr:
    is_bad = pl.col("phone").is_not_null() & pl.col(E164).is_null()
    no_country = pl.col("home_country").is_null() & ~pl.col("phone").str.starts_with("+")
    return (
        pl.when(is_bad & no_country)
        .then(pl.lit("phone is a national number, and home_country is empty"))
        .when(is_bad)
        .then(pl.lit("phone is not a valid number"))
    )


def _keep(what: str, *problems: pl.Expr) -> pl.Expr:
    found = pl.concat_str(problems, separator="; ", ignore_nulls=True)
    return pl.when(found != "").then(found + f"; {what}").alias(PROBLEM)


def _report(amended: pl.DataFrame, table: Table) -> CheckedRows:
    bad = amended.filter(pl.col(PROBLEM).is_not_null())
    return CheckedRows(amended.drop(PROBLEM), list_problems(bad, table))
