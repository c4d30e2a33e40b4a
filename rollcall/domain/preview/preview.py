"""The preview of a selection: what a security manager looks at before anything is sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from rollcall.domain.audience import Audience, digest_preview
from rollcall.domain.preview.near_misses import NearMiss, NearMissKind, find_near_misses
from rollcall.domain.preview.reach import BY_ADDRESS, Way, count_reach, find_reach, list_ways
from rollcall.domain.preview.reasons import ExplainedReason, explain_reasons
from rollcall.domain.preview.sms_costs import SmsEstimate
from rollcall.domain.preview.summary import Summary, summarise_audience
from rollcall.domain.preview.texts import TextCounts
from rollcall.domain.preview.wording import measure_age_h
from rollcall.domain.selecting import SavedFilters
from rollcall.domain.selection import Selection
from rollcall.domain.world import World


@dataclass(frozen=True, slots=True)
class ExplainedPerson:
    """Why one recipient is meant, and how good what is known of them is.

    Attributes:
        person_id: Who.
        accuracy_m: Radius of the circle they are in, metres; None where their report does not say.
        age_h: How old the evidence of their position is, hours; None without evidence.
        ways: How they can be reached.
        via: Every reason with its evidence.
    """

    person_id: str
    accuracy_m: float | None
    age_h: float | None
    ways: tuple[Way, ...]
    via: list[ExplainedReason]

    def to_json(self) -> dict[str, Any]:
        """Return this person as programs get them."""
        return {
            "person_id": self.person_id,
            "accuracy_m": self.accuracy_m,
            "age_h": self.age_h,
            "channels": list(self.ways),
            "via": self.via,
        }


@dataclass(frozen=True, slots=True)
class Preview:
    """An audience, explained.

    Attributes:
        audience: Who is meant.
        digest: That of the audience; a send can insist on it.
        summary: The audience in numbers.
        people: Everybody in it, in its order.
        near_misses: By kind, the nearest or oldest first.
        sms: What the SMS of the message come to; None without a message that sends any.
        texts: Whom SMS would go to; None where none are sent.
    """

    audience: Audience
    digest: str
    summary: Summary
    people: tuple[ExplainedPerson, ...]
    near_misses: dict[NearMissKind, list[NearMiss]]
    sms: SmsEstimate | None = None
    texts: TextCounts | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what `select --explain` adds under `explain`."""
        return {
            "summary": self.summary.to_json(),
            "people": [one.to_json() for one in self.people],
            "near_misses": self.near_misses,
            "sms": self.sms.to_json() if self.sms else None,
            "texts": self.texts.to_json() if self.texts else None,
        }


def preview_audience(
    selection: Selection,
    world: World,
    audience: Audience,
    *,
    managers_only: bool,
    saved_filters: SavedFilters,
    airport_countries: Mapping[str, str],
) -> Preview:
    """Explain an audience.

    Args:
        selection: What was evaluated.
        world: What it was evaluated on.
        audience: What it came to.
        managers_only: As it was evaluated.
        saved_filters: The dynamic filters that it may name.
        airport_countries: The country of each airport.
    """
    rows = find_reach(audience, world, BY_ADDRESS)
    reasons = explain_reasons(selection, world, audience, saved_filters)
    evidence = _find_evidence(rows["person_id"], world).iter_rows()
    return Preview(
        audience=audience,
        digest=digest_preview(audience.recipients),
        summary=summarise_audience(audience, rows, count_reach(rows, BY_ADDRESS)),
        people=tuple(
            ExplainedPerson(person_id, accuracy_m, age_h, ways, reasons[person_id])
            for (person_id, accuracy_m, age_h), ways in zip(evidence, list_ways(rows), strict=True)
        ),
        near_misses=find_near_misses(
            selection,
            world,
            audience,
            managers_only=managers_only,
            saved_filters=saved_filters,
            airport_countries=airport_countries,
        ),
    )


def _find_evidence(person_ids: pl.Series, world: World) -> pl.DataFrame:
    """Return `person_id, accuracy_m, age_h` of some people, in their order."""
    age_h = measure_age_h(pl.col("position_at"), world.as_of).alias("age_h")
    known = world.people.select("person_id", "accuracy_m", age_h)
    return person_ids.to_frame().join(
        known, on="person_id", how="left", validate="1:1", maintain_order="left"
    )
