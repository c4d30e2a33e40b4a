"""From a selection and a world to an audience: unions, contacts, exclusions and reasons."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from rollcall.domain.audience import Audience, Position, Reason, Recipient
from rollcall.domain.criteria import match_filter, require_known
from rollcall.domain.selection import Naming, Selection
from rollcall.domain.world import World
from rollcall.errors import SelectionError


@dataclass(slots=True)
class _Named:
    """What a naming came to: each person's reasons in the order they were named, and facilities."""

    reasons: dict[str, list[Reason]] = field(default_factory=dict)
    facility_ids: set[str] = field(default_factory=set)

    def add(self, person_ids: list[str], reason: Reason) -> None:
        for person_id in person_ids:
            self.reasons.setdefault(person_id, []).append(reason)


def select_audience(selection: Selection, world: World, *, managers_only: bool = False) -> Audience:
    """Evaluate a selection.

    Args:
        selection: Who is meant.
        world: What is known at the moment of the selection.
        managers_only: Facilities stand only for those contacts that are managers.

    Raises:
        SelectionError: The selection names what does not exist or is not built yet.
    """
    chosen = _evaluate(selection, world, "")
    excluded = _evaluate(selection.exclude, world, "exclude.")
    facility_ids = sorted(chosen.facility_ids - excluded.facility_ids)
    contacts = _contacts_of(facility_ids, world, managers_only=managers_only)
    for facility_id, person_id in contacts.iter_rows():
        chosen.add([person_id], {"by": "facility", "facility_id": facility_id})
    for person_id in excluded.reasons:
        chosen.reasons.pop(person_id, None)
    return Audience(
        as_of=world.as_of,
        recipients=tuple(_recipients(chosen.reasons, world)),
        facility_ids=tuple(facility_ids),
        silent_facility_ids=tuple(sorted(set(facility_ids) - set(contacts["facility_id"]))),
    )


def _evaluate(naming: Naming, world: World, prefix: str) -> _Named:
    named = _Named()
    if naming.everyone:
        named.add(world.people["person_id"].to_list(), {"by": "everyone"})
    _name_people(naming, world, named, prefix)
    _name_groups(naming, world, named, prefix)
    if naming.saved_filters:
        raise SelectionError(f"selection: {prefix}saved_filters: saved filters are not built yet")
    for index, criteria in enumerate(naming.filters):
        people, facilities = match_filter(criteria, world, f"{prefix}filters[{index}]")
        named.add(people, {"by": "filter", "index": index})
        named.facility_ids.update(facilities)
    known_facilities = set(world.facilities["facility_id"])
    require_known("facility", naming.facilities, known_facilities, f"{prefix}facilities")
    named.facility_ids.update(naming.facilities)
    return named


def _name_people(naming: Naming, world: World, named: _Named, prefix: str) -> None:
    if naming.people:
        known = set(world.people["person_id"])
        require_known("person", naming.people, known, f"{prefix}people")
        named.add(sorted(set(naming.people)), {"by": "person"})


def _name_groups(naming: Naming, world: World, named: _Named, prefix: str) -> None:
    if naming.groups:
        require_known("group", naming.groups, world.known_groups(), f"{prefix}groups")
    for group in dict.fromkeys(naming.groups):
        members = world.people.filter(pl.col("groups").list.contains(group))
        named.add(members["person_id"].to_list(), {"by": "group", "group": group})


def _contacts_of(facility_ids: list[str], world: World, *, managers_only: bool) -> pl.DataFrame:
    """Return `facility_id, person_id` of those whom the facilities stand for, in that order."""
    contacts = world.contacts.filter(pl.col("facility_id").is_in(facility_ids))
    if managers_only:
        contacts = contacts.filter("is_manager")
    return contacts.select("facility_id", "person_id").unique().sort("facility_id", "person_id")


def _recipients(reasons: dict[str, list[Reason]], world: World) -> Iterator[Recipient]:
    rows = world.people.filter(pl.col("person_id").is_in(list(reasons))).sort("person_id")
    for person in rows.iter_rows(named=True):
        yield _recipient(person, tuple(reasons[person["person_id"]]))


def _recipient(person: dict[str, Any], via: tuple[Reason, ...]) -> Recipient:
    return Recipient(
        person_id=person["person_id"],
        name=person["name"],
        email=person["email"],
        phone=person["phone"],
        language=person["language"],
        home_country=person["home_country"],
        position=Position(
            source=person["position_source"],
            country=person["country"],
            latitude=person["latitude"],
            longitude=person["longitude"],
            at=person["position_at"],
        ),
        via=via,
    )
