"""A glance at a selection: numbers of everybody, and a page of people with their reasons.

For who writes a message and looks again after each change. `preview_audience` explains everybody,
which of a million takes minutes and gigabytes; here a page is explained and the rest is counted.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import polars as pl

from rollcall.domain.audience import Audience, Position, looks_deliverable
from rollcall.domain.message import Channel
from rollcall.domain.preview.near_misses import NearMiss, NearMissKind, find_near_rows
from rollcall.domain.preview.reasons import ExplainedReason, explain_reasons
from rollcall.domain.preview.summary import UNKNOWN_COUNTRY, WAYS, Way
from rollcall.domain.recipient_rows import RecipientRows
from rollcall.domain.selecting import SavedFilters, select_audience
from rollcall.domain.selection import Selection
from rollcall.domain.world import World

PAGE_SIZE: Final = 25
"""People on a page."""

NEAR_SHOWN: Final = 20
"""Near misses of a kind that are named; the others are counted."""

_PLAIN: Final = r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+$"
"""Nothing in it that an address could fail by."""

OPTED_OUT: Final = "asked for no more SMS"


@dataclass(frozen=True, slots=True)
class GlanceOrder:
    """What is to be looked at.

    Attributes:
        selection: Who is meant.
        channels: How the message goes out.
        managers_only: Facilities stand only for those contacts that are managers.
        life_safety: SMS go to those too who asked for no more.
        only_missed: The page is of those whom none of the channels reaches.
        first: The first of the page, from 0.
        size: People on a page.
    """

    selection: Selection
    channels: tuple[Channel, ...]
    managers_only: bool = False
    life_safety: bool = False
    only_missed: bool = False
    first: int = 0
    size: int = PAGE_SIZE


@dataclass(frozen=True, slots=True)
class GlancedPerson:
    """One recipient on the page.

    Attributes:
        person_id: Who.
        name: What they are called.
        position: Where they are, and since when that is known.
        ways: How they can be reached, whatever the message uses.
        missed: Why none of the message's channels reaches them; None: one does.
        via: Every reason why they are meant, with its evidence.
    """

    person_id: str
    name: str
    position: Position
    ways: tuple[Way, ...]
    missed: str | None
    via: Sequence[ExplainedReason]


@dataclass(frozen=True, slots=True)
class NearGlance:
    """Near misses of one kind: how many, and the first."""

    count: int
    shown: tuple[NearMiss, ...]


@dataclass(frozen=True, slots=True)
class Glance:
    """Whom a selection means now.

    Attributes:
        as_of: The moment that positions hold for.
        people_count: Everybody who is meant.
        reachable: People by the ways they can be reached: one of several ways counts for each.
        opted_out_count: Those with a number that gets no more routine SMS.
        missed_count: Those whom none of the message's channels reaches.
        missed_reasons: The same by why, most first.
        by_country: People by the country where they are (`unknown` among them), most first.
        facility_count: The facilities matched.
        silent_facility_ids: Those of them that stand for nobody.
        near_misses: By kind.
        people: The page.
        listed_count: How many people all pages hold.
    """

    as_of: datetime
    people_count: int
    reachable: dict[Way, int]
    opted_out_count: int
    missed_count: int
    missed_reasons: dict[str, int]
    by_country: dict[str, int]
    facility_count: int
    silent_facility_ids: tuple[str, ...]
    near_misses: dict[NearMissKind, NearGlance]
    people: tuple[GlancedPerson, ...]
    listed_count: int


def glance_at(
    order: GlanceOrder,
    world: World,
    saved_filters: SavedFilters,
    opted_out: AbstractSet[str],
    airport_countries: Mapping[str, str],
) -> Glance:
    """Evaluate a selection, count it, and explain a page of it.

    Args:
        order: What is looked at.
        world: What is known.
        saved_filters: The saved filters that the selection may name.
        opted_out: The numbers that get no more routine SMS, E.164.
        airport_countries: The country of each airport.

    Raises:
        SelectionError: The selection names what does not exist, or a saved filter leads to itself.
    """
    audience = select_audience(
        order.selection,
        world,
        managers_only=order.managers_only,
        saved_filters=saved_filters,
        as_rows=True,
    )
    rows = _find_ways(_rows_of(audience), world, order, opted_out)
    listed = rows.filter(pl.col("missed").is_not_null()) if order.only_missed else rows
    shown = listed.slice(order.first, order.size)
    near = find_near_rows(
        order.selection,
        world,
        audience,
        managers_only=order.managers_only,
        saved_filters=saved_filters,
        airport_countries=airport_countries,
    )
    return Glance(
        as_of=world.as_of,
        people_count=rows.height,
        reachable={way: int(rows[f"by_{way}"].sum()) for way in WAYS},
        opted_out_count=int(rows["is_silent"].sum()),
        missed_count=rows.height - rows["missed"].null_count(),
        missed_reasons=_count(rows["missed"].drop_nulls()),
        by_country=_count(rows["country"].fill_null(UNKNOWN_COUNTRY)),
        facility_count=len(audience.facility_ids),
        silent_facility_ids=audience.silent_facility_ids,
        near_misses={kind: _glance_near(its_rows) for kind, its_rows in near.items()},
        people=_explain(shown, audience, order.selection, world, saved_filters),
        listed_count=listed.height,
    )


def _rows_of(audience: Audience) -> pl.DataFrame:
    recipients = audience.recipients
    assert isinstance(recipients, RecipientRows)  # noqa: S101 - `as_rows` makes them so
    return recipients.rows


def _find_ways(
    rows: pl.DataFrame, world: World, order: GlanceOrder, opted_out: AbstractSet[str]
) -> pl.DataFrame:
    """Return the recipients with how they can be reached, and why none of the channels does.

    Adds `by_email`, `by_sms`, `by_app`, `is_silent` (Boolean) and `missed` (String, null where a
    channel reaches them).
    """
    has_app = world.people.select("person_id", pl.col("has_app").alias("by_app"))
    known = rows.join(has_app, on="person_id", how="left", validate="1:1", maintain_order="left")
    silent = pl.Series(sorted(opted_out), dtype=pl.String).implode()
    return known.with_columns(
        _is_deliverable(known["email"]).alias("by_email"),
        pl.col("phone").is_not_null().alias("by_sms"),
        pl.col("by_app").fill_null(value=False),
        pl.col("phone").is_in(silent).fill_null(value=False).alias("is_silent"),
    ).with_columns(_tell_missed(order).alias("missed"))


def _is_deliverable(emails: pl.Series) -> pl.Series:
    """Tell what `looks_deliverable` tells; it is asked only about the addresses that are odd."""
    given = emails.drop_nulls()
    odd = given.filter(~given.str.contains(_PLAIN)).unique()
    wrong = odd.filter(pl.Series([not looks_deliverable(one) for one in odd], dtype=pl.Boolean))
    return emails.is_not_null() & ~emails.is_in(wrong.implode()).fill_null(value=False)


def _tell_missed(order: GlanceOrder) -> pl.Expr:
    """Return what each channel lacks, joined; null where one of them lacks nothing."""
    is_kept_out = pl.col("is_silent") & pl.lit(not order.life_safety)
    is_invalid = pl.col("email").is_not_null()
    no_email = pl.when(is_invalid).then(pl.lit("no valid email")).otherwise(pl.lit("no email"))
    lacks: dict[Channel, pl.Expr] = {
        "email": pl.when(~pl.col("by_email")).then(no_email),
        "sms": pl.when(~pl.col("by_sms"))
        .then(pl.lit("no phone"))
        .when(is_kept_out)
        .then(pl.lit(OPTED_OUT)),
        "push": pl.when(~pl.col("by_app")).then(pl.lit("no app")),
    }
    if not order.channels:
        return pl.lit("no channel is chosen")
    # null as soon as one of them is
    return pl.concat_str([lacks[one] for one in order.channels], separator=", ")


def _explain(
    shown: pl.DataFrame,
    audience: Audience,
    selection: Selection,
    world: World,
    saved_filters: SavedFilters,
) -> tuple[GlancedPerson, ...]:
    recipients = audience.recipients
    assert isinstance(recipients, RecipientRows)  # noqa: S101 - as above
    page = RecipientRows(shown, recipients.reasons)
    reasons = explain_reasons(selection, world, replace(audience, recipients=page), saved_filters)
    flags = shown.select(*(f"by_{way}" for way in WAYS), "missed").iter_rows()
    return tuple(
        GlancedPerson(
            one.person_id,
            one.name,
            one.position,
            tuple(way for way, has in zip(WAYS, has_ways, strict=True) if has),
            missed,
            reasons[one.person_id],
        )
        for one, (*has_ways, missed) in zip(page, flags, strict=True)
    )


def _glance_near(rows: pl.DataFrame) -> NearGlance:
    return NearGlance(rows.height, tuple(rows.head(NEAR_SHOWN).to_dicts()))


def _count(values: pl.Series) -> dict[str, int]:
    named = values.alias("value").value_counts().sort(["count", "value"], descending=[True, False])
    return dict(named.select("value", "count").iter_rows())
