"""Every reason of every recipient, with the evidence behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from rollcall.domain.audience import Audience, Reason
from rollcall.domain.criteria import match_filter
from rollcall.domain.preview.criteria_evidence import find_evidence, find_facility_evidence
from rollcall.domain.recipient_rows import list_reasons
from rollcall.domain.selecting import SavedFilters, select_audience
from rollcall.domain.selection import Selection
from rollcall.domain.world import World

ExplainedReason = dict[str, Any]
"""A reason with more keys: `evidence` (filter), `via` (dynamic filter), `is_manager` and `matched`
(facility)."""

Reasons = Mapping[str, Sequence[Reason]]
"""By `person_id`."""


def explain_reasons(
    selection: Selection, world: World, audience: Audience, saved_filters: SavedFilters
) -> dict[str, list[ExplainedReason]]:
    """Return the reasons of every recipient with their evidence, by `person_id`.

    Args:
        selection: What was evaluated.
        world: What it was evaluated on.
        audience: What it came to.
        saved_filters: The dynamic filters that it may name.
    """
    reasons = {one.person_id: one.via for one in audience.recipients}
    return _Explainer(world, saved_filters).explain(selection, reasons, audience.facility_ids)


@dataclass(frozen=True, slots=True)
class _Explainer:
    world: World
    saved_filters: SavedFilters

    def explain(
        self, selection: Selection, reasons: Reasons, facility_ids: Sequence[str]
    ) -> dict[str, list[ExplainedReason]]:
        told = _Told(
            filters=self._explain_filters(selection, reasons),
            saved=self._explain_saved(reasons),
            facilities=self._explain_facilities(selection, facility_ids),
            managers=_list_managers(self.world, facility_ids),
        )
        return {
            person_id: [told.tell(person_id, reason) for reason in via]
            for person_id, via in reasons.items()
        }

    def _explain_filters(
        self, selection: Selection, reasons: Reasons
    ) -> dict[Any, dict[str, list[Any]]]:
        return {
            index: find_evidence(selection.filters[index], self.world, person_ids)
            for index, person_ids in _group_people(reasons, "filter", "index").items()
        }

    def _explain_saved(self, reasons: Reasons) -> dict[Any, dict[str, list[Any]]]:
        """Evaluate each dynamic filter that chose somebody by itself, and explain that."""
        explained = {}
        for name, person_ids in _group_people(reasons, "saved_filter", "name").items():
            saved = self.saved_filters[name]
            chosen = select_audience(
                saved, self.world, saved_filters=self.saved_filters, as_rows=True
            )
            known = list_reasons(chosen.recipients)
            inner = {
                one: [reason for reason in known[one] if reason["by"] != "facility"]
                for one in person_ids
            }
            explained[name] = self.explain(saved, inner, ())
        return explained

    def _explain_facilities(
        self, selection: Selection, facility_ids: Sequence[str]
    ) -> dict[str, list[ExplainedReason]]:
        """Return the ways in which each facility was matched."""
        ways: dict[str, list[ExplainedReason]] = {one: [] for one in facility_ids}
        if not ways:
            return ways
        for index, criteria in enumerate(selection.filters):
            _, matched = match_filter(criteria, self.world, f"filters[{index}]")
            meant = [one for one in matched if one in ways]
            for one, evidence in find_facility_evidence(criteria, self.world, meant).items():
                ways[one].append({"by": "filter", "index": index, "evidence": evidence})
        for name in dict.fromkeys(selection.saved_filters):
            saved = self.saved_filters[name]
            chosen = select_audience(
                saved, self.world, saved_filters=self.saved_filters, as_rows=True
            )
            _add_way(ways, chosen.facility_ids, {"by": "saved_filter", "name": name})
        _add_way(ways, selection.facilities, {"by": "facility"})
        return ways


@dataclass(frozen=True, slots=True)
class _Told:
    """What is known of each kind of reason; the inner keys are ids of people."""

    filters: Mapping[Any, Mapping[str, list[Any]]]
    saved: Mapping[Any, Mapping[str, list[Any]]]
    facilities: Mapping[str, list[ExplainedReason]]
    managers: frozenset[tuple[str, str]]

    def tell(self, person_id: str, reason: Reason) -> ExplainedReason:
        by = reason["by"]
        if by == "filter":
            return {**reason, "evidence": self.filters[reason["index"]][person_id]}
        if by == "saved_filter":
            return {**reason, "via": self.saved[reason["name"]][person_id]}
        if by == "facility":
            facility_id = str(reason["facility_id"])
            is_manager = (facility_id, person_id) in self.managers
            return {**reason, "is_manager": is_manager, "matched": self.facilities[facility_id]}
        return dict(reason)


def _group_people(reasons: Reasons, by: str, key: str) -> dict[Any, list[str]]:
    """Return the people of each reason of one kind, by what tells the reasons apart."""
    grouped: dict[Any, list[str]] = {}
    for person_id, via in reasons.items():
        for reason in via:
            if reason["by"] == by:
                grouped.setdefault(reason[key], []).append(person_id)
    return grouped


def _list_managers(world: World, facility_ids: Sequence[str]) -> frozenset[tuple[str, str]]:
    is_meant = pl.col("facility_id").is_in(list(facility_ids))
    managers = world.contacts.filter(is_meant, pl.col("is_manager"))
    return frozenset(managers.select("facility_id", "person_id").iter_rows())


def _add_way(
    ways: dict[str, list[ExplainedReason]], facility_ids: Sequence[str], way: ExplainedReason
) -> None:
    for facility_id in dict.fromkeys(facility_ids):
        if facility_id in ways:
            ways[facility_id].append(way)
