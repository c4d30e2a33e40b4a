"""Whom a message reaches, by what is known before it is sent: found and counted in one place.

The composer, the check before sending, `select --explain`, and whoever looks at a template or a
dynamic filter say these numbers. An address counts as it does when deliveries are recorded
(`rollcall.domain.addresses`), here for a hundred thousand people at a time.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from rollcall.domain.addresses import INVALID_EMAIL, MISSING, OPTED_OUT
from rollcall.domain.audience import Audience, looks_deliverable
from rollcall.domain.message import Channel
from rollcall.domain.recipient_rows import RECIPIENT_COLUMNS, RecipientRows, list_person_ids
from rollcall.domain.world import World

Way = Literal["email", "sms", "app"]
"""A way somebody could be reached, whatever the message uses."""

WAYS: Final[tuple[Way, ...]] = ("email", "sms", "app")

UNKNOWN_COUNTRY: Final = "unknown"

_PLAIN: Final = r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+$"
"""Nothing in it that an address could fail by."""


@dataclass(frozen=True, slots=True)
class ReachTerms:
    """By what a message goes, and whom it spares.

    Attributes:
        channels: How it goes out.
        opted_out: The numbers that get no more routine SMS, E.164; others may be among them.
        notified_ids: The ids of people whose app takes notifications now; others may be among them.
        life_safety: SMS go to those too who asked for no more.
    """

    channels: tuple[Channel, ...]
    opted_out: AbstractSet[str] = frozenset()
    notified_ids: AbstractSet[str] = frozenset()
    life_safety: bool = False


BY_ADDRESS: Final = ReachTerms(("email", "sms"))
"""Who has any address at all, before it is known how a message goes out."""


@dataclass(frozen=True, slots=True)
class Reach:
    """An audience in numbers.

    Attributes:
        people_count: Everybody who is meant, also who cannot be reached.
        by_country: People by the country where they are (`unknown` among them), most first.
        by_way: People by the ways they can be reached: one of several ways counts for each.
        by_channel: People by the channels of the message that reach them.
        opted_out_count: Those with a number that gets no more routine SMS.
        unreached_count: Those whom none of the channels reaches.
        unreached_reasons: The same by what they lack, most first.
    """

    people_count: int
    by_country: dict[str, int]
    by_way: dict[Way, int]
    by_channel: dict[Channel, int]
    opted_out_count: int
    unreached_count: int
    unreached_reasons: dict[str, int]


def find_reach(audience: Audience, world: World, terms: ReachTerms) -> pl.DataFrame:
    """Return what reaches everybody who is meant.

    Args:
        audience: Who is meant.
        world: What it was selected from.
        terms: By what the message goes.

    Returns:
        One row per recipient, in their order: `RECIPIENT_COLUMNS`; `by_email, by_sms, by_app`
        (Boolean: the ways they can be reached); `has_opted_out` (Boolean); for each channel
        `no_<channel>` (String: why it does not reach them, null where it does); `unreached`
        (String: the same of all channels, null where one of them reaches them).
    """
    people = _list_people(audience, world)
    known = people.with_columns(
        _is_deliverable(people["email"]).alias("by_email"),
        (pl.col("phone").fill_null("") != "").alias("by_sms"),
        pl.col("has_app").fill_null(value=False).alias("by_app"),
        _is_among("phone", terms.opted_out).alias("has_opted_out"),
    )
    told = known.with_columns(_tell_lack(one, terms).alias(f"no_{one}") for one in terms.channels)
    return told.with_columns(_tell_unreached(terms.channels).alias("unreached"))


def count_reach(rows: pl.DataFrame, terms: ReachTerms) -> Reach:
    """Count what `find_reach` found by the same terms."""
    unreached = rows["unreached"].drop_nulls()
    return Reach(
        people_count=rows.height,
        by_country=count_values(rows["country"].fill_null(UNKNOWN_COUNTRY)),
        by_way={way: int(rows[f"by_{way}"].sum()) for way in WAYS},
        by_channel={one: rows[f"no_{one}"].null_count() for one in terms.channels},
        opted_out_count=int(rows["has_opted_out"].sum()),
        unreached_count=len(unreached),
        unreached_reasons=count_values(unreached),
    )


def list_ways(rows: pl.DataFrame) -> list[tuple[Way, ...]]:
    """Return the ways of each of the rows of `find_reach`, in their order."""
    flags = rows.select(f"by_{way}" for way in WAYS).iter_rows()
    return [tuple(way for way, has in zip(WAYS, one, strict=True) if has) for one in flags]


def count_values(values: pl.Series) -> dict[str, int]:
    """Return how often each value is there, most first; of equals the first that is there."""
    named = values.alias("value").to_frame()
    counts = named.group_by("value", maintain_order=True).len("count")
    by_count = counts.sort("count", descending=True, maintain_order=True)
    return dict(by_count.iter_rows())


def _list_people(audience: Audience, world: World) -> pl.DataFrame:
    """Return `RECIPIENT_COLUMNS` and `has_app` of every recipient, in their order."""
    recipients = audience.recipients
    if isinstance(recipients, RecipientRows):
        known = recipients.rows
    else:
        known = pl.DataFrame({"person_id": list_person_ids(recipients)}, {"person_id": pl.String})
    added = [name for name in (*RECIPIENT_COLUMNS, "has_app") if name not in known.columns]
    if not added:
        return known
    return known.join(
        world.people.select("person_id", *added),
        on="person_id",
        how="left",
        validate="1:1",
        maintain_order="left",
    )


def _is_deliverable(emails: pl.Series) -> pl.Series:
    """Tell what `looks_deliverable` tells; it is asked only about the addresses that are odd."""
    given = emails.drop_nulls()
    odd = given.filter(~given.str.contains(_PLAIN)).unique()
    wrong = odd.filter(pl.Series([not looks_deliverable(one) for one in odd], dtype=pl.Boolean))
    return emails.is_not_null() & ~emails.is_in(wrong.implode()).fill_null(value=False)


def _tell_lack(channel: Channel, terms: ReachTerms) -> pl.Expr:
    """Return why a channel does not reach somebody; null where nothing is missing."""
    if channel == "push":
        is_notified = _is_among("person_id", terms.notified_ids)
        return pl.when(~is_notified).then(pl.lit(MISSING[channel]))
    is_there = pl.col("email" if channel == "email" else "phone").fill_null("") != ""
    missing = pl.when(~is_there).then(pl.lit(MISSING[channel]))
    if channel == "email":
        return missing.when(~pl.col("by_email")).then(pl.lit(INVALID_EMAIL))
    is_spared = pl.col("has_opted_out") & pl.lit(not terms.life_safety)
    return missing.when(is_spared).then(pl.lit(OPTED_OUT))


def _is_among(column: str, wanted: AbstractSet[str]) -> pl.Expr:
    named = pl.Series(list(wanted), dtype=pl.String).implode()
    return pl.col(column).is_in(named).fill_null(value=False)


def _tell_unreached(channels: tuple[Channel, ...]) -> pl.Expr:
    if not channels:
        return pl.lit("no channel is chosen")
    # null as soon as one of them is
    return pl.concat_str([f"no_{one}" for one in channels], separator=", ")
