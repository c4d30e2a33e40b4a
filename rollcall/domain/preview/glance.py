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

from rollcall.domain.audience import Audience, Position
from rollcall.domain.message import Channel
from rollcall.domain.preview.near_misses import NearMiss, NearMissKind, find_near_rows
from rollcall.domain.preview.reach import (
    Reach,
    ReachTerms,
    Way,
    count_reach,
    find_reach,
    list_ways,
)
from rollcall.domain.preview.reasons import ExplainedReason, explain_reasons
from rollcall.domain.recipient_rows import RecipientRows
from rollcall.domain.selecting import SavedFilters, select_audience
from rollcall.domain.selection import Selection
from rollcall.domain.world import World

PAGE_SIZE: Final = 25
"""People on a page."""

NEAR_SHOWN: Final = 20
"""Near misses of a kind that are named; the others are counted."""


@dataclass(frozen=True, slots=True)
class GlanceOrder:
    """What is to be looked at.

    Attributes:
        selection: Who is meant.
        channels: How the message goes out.
        managers_only: Facilities stand only for those contacts that are managers.
        life_safety: SMS go to those too who asked for no more.
        only_unreached: The page is of those whom none of the channels reaches.
        first: The first of the page, from 0.
        size: People on a page.
    """

    selection: Selection
    channels: tuple[Channel, ...]
    managers_only: bool = False
    life_safety: bool = False
    only_unreached: bool = False
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
        unreached: Why none of the message's channels reaches them; None: one does.
        via: Every reason why they are meant, with its evidence.
    """

    person_id: str
    name: str
    position: Position
    ways: tuple[Way, ...]
    unreached: str | None
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
        reach: How many they are, where, and by what they can be reached.
        facility_count: The facilities matched.
        silent_facility_ids: Those of them that stand for nobody.
        near_misses: By kind.
        people: The page.
        listed_count: How many people all pages hold.
    """

    as_of: datetime
    reach: Reach
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
    notified_ids: AbstractSet[str],
    airport_countries: Mapping[str, str],
) -> Glance:
    """Evaluate a selection, count it, and explain a page of it.

    Args:
        order: What is looked at.
        world: What is known.
        saved_filters: The dynamic filters that the selection may name.
        opted_out: The numbers that get no more routine SMS, E.164.
        notified_ids: The ids of people whose app takes notifications now.
        airport_countries: The country of each airport.

    Raises:
        SelectionError: The selection names what does not exist, or filters lead in a circle.
    """
    audience = select_audience(
        order.selection,
        world,
        managers_only=order.managers_only,
        saved_filters=saved_filters,
        as_rows=True,
    )
    terms = ReachTerms(order.channels, opted_out, notified_ids, order.life_safety)
    rows = find_reach(audience, world, terms)
    listed = rows.filter(pl.col("unreached").is_not_null()) if order.only_unreached else rows
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
        reach=count_reach(rows, terms),
        facility_count=len(audience.facility_ids),
        silent_facility_ids=audience.silent_facility_ids,
        near_misses={kind: _glance_near(its_rows) for kind, its_rows in near.items()},
        people=_explain(shown, audience, order.selection, world, saved_filters),
        listed_count=listed.height,
    )


def _explain(
    shown: pl.DataFrame,
    audience: Audience,
    selection: Selection,
    world: World,
    saved_filters: SavedFilters,
) -> tuple[GlancedPerson, ...]:
    recipients = audience.recipients
    assert isinstance(recipients, RecipientRows)  # noqa: S101 - `as_rows` makes them so
    page = RecipientRows(shown, recipients.reasons)
    reasons = explain_reasons(selection, world, replace(audience, recipients=page), saved_filters)
    return tuple(
        GlancedPerson(
            one.person_id,
            one.name,
            one.position,
            ways,
            unreached,
            reasons[one.person_id],
        )
        for one, ways, unreached in zip(page, list_ways(shown), shown["unreached"], strict=True)
    )


def _glance_near(rows: pl.DataFrame) -> NearGlance:
    return NearGlance(rows.height, tuple(rows.head(NEAR_SHOWN).to_dicts()))
