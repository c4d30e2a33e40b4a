"""Spans between two moments as the database works them out: the two do it in different ways."""

from typing import Any

from sqlalchemy import BigInteger
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class TenthsBetween(FunctionElement[int]):
    """Tenths of a second from a first moment to a second one; negative where that was earlier."""

    name = "tenths_between"
    type = BigInteger()
    inherit_cache = True


@compiles(TenthsBetween, "sqlite")
def _compile_days(element: TenthsBetween, compiler: Any, **options: Any) -> str:
    first, second = (compiler.process(one, **options) for one in element.clauses)
    # days since noon of 24 November 4714 BC, to some 40 us
    return f"CAST(round((julianday({second}) - julianday({first})) * 864000) AS INTEGER)"


@compiles(TenthsBetween, "postgresql")
def _compile_interval(element: TenthsBetween, compiler: Any, **options: Any) -> str:
    first, second = (compiler.process(one, **options) for one in element.clauses)
    return f"CAST(round(extract(epoch FROM {second} - {first}) * 10) AS BIGINT)"
