"""From a selection and a world to an audience: unions, contacts, exclusions and reasons."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import polars as pl

from rollcall.domain.audience import Audience, Reason
from rollcall.domain.criteria import match_filter, require_known
from rollcall.domain.recipient_rows import RECIPIENT_COLUMNS, RecipientRows
from rollcall.domain.saved_names import tell_unknown
from rollcall.domain.selection import Naming, Selection
from rollcall.domain.world import World
from rollcall.errors import SelectionError

SavedFilters = Mapping[str, Selection]
"""Dynamic filters by name."""

_Reasons = dict[str, tuple[Reason, ...]]
"""Why people are named, by `person_id`."""

_NONE_SAVED: SavedFilters = MappingProxyType({})


def select_audience(
    selection: Selection,
    world: World,
    *,
    managers_only: bool = False,
    saved_filters: SavedFilters = _NONE_SAVED,
    as_rows: bool = False,
) -> Audience:
    """Evaluate a selection.

    Args:
        selection: Who is meant.
        world: What is known at the moment of the selection.
        managers_only: Facilities stand only for those contacts that are managers.
        saved_filters: The dynamic filters that a selection may name.
        as_rows: Leave the recipients as `RecipientRows`: a third of the memory, but every look at
            them costs what making them does.

    Raises:
        SelectionError: The selection names what does not exist, or filters lead in a circle.
    """
    chosen = _Evaluation(world, saved_filters).evaluate(selection, "", ())
    facility_ids = sorted(chosen.facility_ways)
    contacts = _contacts_of(facility_ids, world, managers_only=managers_only)
    for facility_id, person_id in contacts.iter_rows():
        if chosen.lets_through(facility_id, person_id):
            chosen.add([person_id], {"by": "facility", "facility_id": facility_id})
    recipients = _recipients(chosen.reasons, world)
    return Audience(
        as_of=world.as_of,
        recipients=recipients if as_rows else tuple(recipients),
        facility_ids=tuple(facility_ids),
        silent_facility_ids=tuple(sorted(set(facility_ids) - set(contacts["facility_id"]))),
    )


@dataclass(slots=True)
class _Named:
    """What a naming came to.

    Attributes:
        reasons: For every person named in their own right, why, in the order it was said.
        facility_ways: For every facility, the ways it was named: each with the people whom that
            way excludes, contacts of the facility or not.
    """

    reasons: _Reasons = field(default_factory=dict)
    facility_ways: dict[str, list[frozenset[str]]] = field(default_factory=dict)

    def add(self, person_ids: Iterable[str], reason: Reason) -> None:
        """Give people a reason more; who has the same reasons shares one tuple of them."""
        if not self.reasons:
            self.reasons = dict.fromkeys(person_ids, (reason,))
            return
        extended: dict[int, tuple[tuple[Reason, ...], tuple[Reason, ...]]] = {}
        for person_id in person_ids:
            before = self.reasons.get(person_id, ())
            if (known := extended.get(id(before))) is None:
                # with the tuple itself: while it is kept, no other one gets its id
                known = extended[id(before)] = (before, (*before, reason))
            self.reasons[person_id] = known[1]

    def add_facilities(self, ids: Iterable[str], excluded: frozenset[str] = frozenset()) -> None:
        for facility_id in ids:
            self.facility_ways.setdefault(facility_id, []).append(excluded)

    def subtract(self, excluded: "_Named") -> None:
        gone = excluded.reasons
        if len(gone) * 2 < len(self.reasons):
            for person_id in gone:
                self.reasons.pop(person_id, None)
        else:  # to take a million out one by one takes longer than to keep the few that are left
            kept = ((one, why) for one, why in self.reasons.items() if one not in gone)
            self.reasons = dict(kept)
        if self.facility_ways:
            person_ids = frozenset(gone)
            self.facility_ways = {
                facility_id: [way | person_ids for way in ways]
                for facility_id, ways in self.facility_ways.items()
                if facility_id not in excluded.facility_ways
            }

    def lets_through(self, facility_id: str, person_id: str) -> bool:
        return any(person_id not in excluded for excluded in self.facility_ways[facility_id])


@dataclass(frozen=True, slots=True)
class _Evaluation:
    """Evaluates namings on one world; a dynamic filter once, however many others name it."""

    world: World
    saved_filters: SavedFilters
    evaluated: dict[str, _Named] = field(default_factory=dict)

    def evaluate(self, selection: Selection, prefix: str, inside: tuple[str, ...]) -> _Named:
        """Return what a selection names, less what it excludes.

        Args:
            selection: The selection.
            prefix: Where it stands, for a mistake's sentence.
            inside: The dynamic filters that led here.
        """
        named = self._name(selection, prefix, inside)
        named.subtract(self._name(selection.exclude, f"{prefix}exclude.", inside))
        return named

    def _name(self, naming: Naming, prefix: str, inside: tuple[str, ...]) -> _Named:
        named = _Named()
        if naming.everyone:
            named.add(self.world.people["person_id"].to_list(), {"by": "everyone"})
        self._name_people(naming, named, prefix)
        self._name_groups(naming, named, prefix)
        for name in dict.fromkeys(naming.saved_filters):
            self._name_saved(name, named, prefix, inside)
        for index, criteria in enumerate(naming.filters):
            where = f"{prefix}filters[{index}]"
            person_ids, facility_ids = match_filter(criteria, self.world, where)
            named.add(person_ids, {"by": "filter", "index": index})
            named.add_facilities(facility_ids)
        known = set(self.world.facilities["facility_id"])
        require_known("facility", naming.facilities, known, f"{prefix}facilities")
        named.add_facilities(naming.facilities)
        return named

    def _name_people(self, naming: Naming, named: _Named, prefix: str) -> None:
        if naming.people:
            known = set(self.world.people["person_id"])
            require_known("person", naming.people, known, f"{prefix}people")
            named.add(sorted(set(naming.people)), {"by": "person"})

    def _name_groups(self, naming: Naming, named: _Named, prefix: str) -> None:
        if naming.groups:
            require_known("group", naming.groups, self.world.known_groups(), f"{prefix}groups")
        for group in dict.fromkeys(naming.groups):
            members = self.world.people.filter(pl.col("groups").list.contains(group))
            named.add(members["person_id"].to_list(), {"by": "group", "group": group})

    def _name_saved(self, name: str, named: _Named, prefix: str, inside: tuple[str, ...]) -> None:
        saved = self.saved_filters.get(name)
        if saved is None:
            unknown = tell_unknown("dynamic filter", name, self.saved_filters)
            raise SelectionError(f"selection: {prefix}saved_filters: {unknown}")
        if name in inside:
            circle = " → ".join(map(repr, (*inside[inside.index(name) :], name)))
            raise SelectionError(f"selection: dynamic filters lead in a circle: {circle}")
        if name not in self.evaluated:
            prefix = f"dynamic filter {name!r}: "
            self.evaluated[name] = self.evaluate(saved, prefix, (*inside, name))
        stands_for = self.evaluated[name]
        named.add(stands_for.reasons, {"by": "saved_filter", "name": name})
        for facility_id, ways in stands_for.facility_ways.items():
            for excluded in ways:
                named.add_facilities([facility_id], excluded)


def _contacts_of(facility_ids: list[str], world: World, *, managers_only: bool) -> pl.DataFrame:
    """Return `facility_id, person_id` of those whom the facilities stand for, in that order."""
    contacts = world.contacts.filter(pl.col("facility_id").is_in(facility_ids))
    if managers_only:
        contacts = contacts.filter("is_manager")
    return contacts.select("facility_id", "person_id").unique().sort("facility_id", "person_id")


def _recipients(reasons: _Reasons, world: World) -> RecipientRows:
    is_meant = pl.col("person_id").is_in(list(reasons))
    people = world.people.lazy().select(*RECIPIENT_COLUMNS, "has_app").filter(is_meant)
    return RecipientRows(people.sort("person_id").collect(), reasons)
