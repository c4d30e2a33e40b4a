"""How evidence is told, as Polars expressions over columns: a hundred thousand at a time."""

from datetime import datetime

import polars as pl

KM_M = 1000.0


def tell_instant(moment: pl.Expr) -> pl.Expr:
    """Return moments (Datetime, UTC) as the contract writes them; unknown ones stay null."""
    whole = moment.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    exact = moment.dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
    return pl.when(moment.dt.microsecond() == 0).then(whole).otherwise(exact)


def measure_age_h(moment: pl.Expr, as_of: datetime) -> pl.Expr:
    """Return how old moments are at `as_of`, in hours with one decimal."""
    return ((pl.lit(as_of) - moment).dt.total_seconds() / 3600).round(1)


def tell_distance(distance_m: pl.Expr) -> pl.Expr:
    """Return distances in metres as a text such as `850 m` or `1.2 km`."""
    in_m = pl.format("{} m", distance_m.round(0).cast(pl.Int64, strict=False))
    in_km = pl.format("{} km", (distance_m / KM_M).round(1))
    return pl.when(distance_m < KM_M).then(in_m).otherwise(in_km)


def tell_position(as_of: datetime) -> pl.Expr:
    """Return what a position is known from, e.g. `by report of …, 0.8 h old, accuracy 50 m`.

    Args:
        as_of: The moment of the selection.

    Reads the position columns of `World.people`.
    """
    at = tell_instant(pl.col("position_at"))
    age_h = measure_age_h(pl.col("position_at"), as_of)
    accuracy = pl.format(", accuracy {}", tell_distance(pl.col("accuracy_m"))).fill_null("")
    source = pl.col("position_source")
    return (
        pl.when(source == "report")
        .then(pl.format("by report of {}, {} h old{}", at, age_h, accuracy))
        .when(source == "booking")
        .then(pl.format("by a booking that began {}, {} h ago", at, age_h))
        .when(source == "workplace")
        .then(pl.lit("by place of work"))
        .otherwise(pl.lit("nowhere known"))
    )


def tell_booking() -> pl.Expr:
    """Return bookings as a text, e.g. `booking b12 to HND (JP), … to …`.

    Reads the columns of `World.bookings`.
    """
    country = pl.col("country").fill_null("country unknown")
    goal = pl.format("{} ({})", pl.col("iata"), country).fill_null(country)
    period = tell_instant(pl.col("starts_at")), tell_instant(pl.col("ends_at"))
    return pl.format("booking {} to {}, {} to {}", pl.col("booking_id"), goal, *period)


def booking_facts() -> list[pl.Expr]:
    """Return what programs are told of a booking."""
    period = [tell_instant(pl.col(name)).alias(name) for name in ("starts_at", "ends_at")]
    return [pl.col("booking_id"), pl.col("iata"), pl.col("country"), *period]
