"""Canaries: the few SMS of a large message that show which routes bring receipts back."""

from typing import Final

import polars as pl

from rollcall.domain.phones import HEAD_LENGTH, find_phone_country, is_told_by_head

CANARY_MIN: Final = 500
"""SMS from which on a message has canaries: of fewer, 2 % would tell nothing of a route."""

CANARY_PCT: Final = 2
"""How many of each country's SMS are canaries, in per cent, rounded up."""


def find_canaries(numbers: pl.Series) -> pl.Series:
    """Tell who of some people is texted ahead of the rest; nobody of few.

    Args:
        numbers: Their numbers in E.164, in the order of the people; null: nobody texts them.

    Returns:
        Whether each of them is; never null. Of each country `CANARY_PCT`, rounded up, spread evenly
        with the first one included: people who stand together in a source (one office, one
        operator's numbers) do not all become canaries.
    """
    texted = pl.DataFrame({"place": range(len(numbers)), "number": numbers}).drop_nulls()
    if texted.height < CANARY_MIN:
        return pl.repeat(False, len(numbers), eager=True, dtype=pl.Boolean)
    index = pl.int_range(pl.len()).over("country")
    count = pl.len().over("country").cast(pl.Int64)
    quota = -(-count * CANARY_PCT // 100)
    chosen = texted.with_columns(country=_find_countries(texted["number"])).filter(
        index * quota % count < quota
    )
    return pl.Series(range(len(numbers)), dtype=pl.Int64).is_in(chosen["place"].to_list())


def _find_countries(numbers: pl.Series) -> pl.Series:
    """Return the countries of numbers: looked up once for all that begin alike, where that tells.

    An odd number may count to the country of those that begin as it does.
    """
    head, length = numbers.str.slice(0, HEAD_LENGTH), numbers.str.len_bytes()
    told = pl.DataFrame({"number": numbers, "head": head, "length": length})
    rows = [
        (head, length, find_phone_country(number), True)
        for number, head, length in told.unique(["head", "length"], keep="first").iter_rows()
        if is_told_by_head(head)
    ]
    schema = {"head": pl.String, "length": pl.UInt32, "country": pl.String, "is_told": pl.Boolean}
    known = pl.DataFrame(rows, schema, orient="row")
    joined = told.join(known, on=["head", "length"], how="left", maintain_order="left")
    if joined["is_told"].null_count() == 0:
        return joined["country"]
    columns = joined.select("number", "country", "is_told").iter_rows()
    found = [country if told else find_phone_country(number) for number, country, told in columns]
    return pl.Series("country", found, dtype=pl.String)
