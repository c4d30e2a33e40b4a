"""Where a person is who is to be erased: ledger, snapshots, kept versions; and what of it may go.

Texts are searched for the names and addresses that are found here. As long as a message that is not
over names the person, one place that tells each of these has to stay, or nobody would know later
what to look for.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from rollcall.errors import SourceError
from rollcall.ledger.erasure import LedgerTraces, find_traces
from rollcall.ledger.message_ages import read_message_ages
from rollcall.sending.retention import Retention
from rollcall.sources.erasing import find_in_snapshot, find_in_version
from rollcall.sources.kept import KeptVersion, StoredVersion


@dataclass(frozen=True, slots=True)
class Erasable:
    """What of a person's traces may go now."""

    message_ids: list[str] = field(default_factory=list)
    snapshots: list[Path] = field(default_factory=list)
    versions: list[KeptVersion] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PersonTraces:
    """Where somebody is.

    Attributes:
        ledger: In the ledger.
        snapshots: In snapshots, and what each tells of them.
        versions: In kept versions, and what each tells of them.
        unfinished_ids: Those of these messages that are not over, or are held.
        unreadable: What cannot be read, so that they may be in it, one sentence each.
    """

    ledger: LedgerTraces
    snapshots: dict[Path, frozenset[str]]
    versions: list[tuple[StoredVersion, frozenset[str]]]
    unfinished_ids: frozenset[str]
    unreadable: tuple[str, ...]

    @property
    def terms(self) -> frozenset[str]:
        """All names, addresses and numbers of theirs that are known."""
        in_versions = (terms for _, terms in self.versions)
        return self.ledger.terms.union(*self.snapshots.values(), *in_versions)

    @property
    def is_nothing(self) -> bool:
        """Whether nothing is kept of them, as far as everything can be read."""
        return self.ledger.is_nothing and not (self.snapshots or self.versions or self.unreadable)

    def split(self, *, is_named: bool) -> tuple[Erasable, list[str]]:
        """Return what may go, and what is told of that which might and has to stay for now.

        Args:
            is_named: Whether a message names them that is not over, or is held: then each of their
                names and addresses stays in one place.
        """
        known = set(self._staying_terms()) if is_named else set(self.terms)
        may_go, spared = Erasable(), []
        for place, terms, allow in self._candidates(may_go):
            if terms <= known:
                allow()
            else:
                known |= terms
                spared.append(f"{place}: what it tells of them is needed to find the rest")
        return may_go, spared

    def tell_left(self) -> Iterator[str]:
        """Say what cannot go now of files, one sentence each."""
        for path in self.snapshots:
            if path.stem in self.unfinished_ids:
                yield f"the snapshot of message {path.stem}, which is not over, or is held"
        for one, _ in self.versions:
            if one.is_in_use and one.source.exists():
                yield f"the source {one.source}: take them out of its files, give the command again"
            elif one.is_in_use:
                yield f"the last good version of {one.source}, a folder that is not there any more"
        yield from self.unreadable

    def _staying_terms(self) -> Iterator[str]:
        """Yield what is told of them in places that cannot go now in any case."""
        for message_id, terms in self.ledger.memberships.items():
            if message_id in self.unfinished_ids:
                yield from terms
        for path, terms in self.snapshots.items():
            if path.stem in self.unfinished_ids:
                yield from terms
        for one, terms in self.versions:
            if one.is_in_use:
                yield from terms

    def _candidates(
        self, may_go: Erasable
    ) -> Iterator[tuple[str, frozenset[str], Callable[[], None]]]:
        """Yield each place: what it is called, what it tells, and what lets it go.

        Rows first: where one must stay, that is less than a file that holds everybody.
        """
        for message_id, terms in reversed(self.ledger.memberships.items()):
            is_free = message_id not in self.unfinished_ids
            place = f"message {message_id}, which is over"
            yield (
                place,
                terms if is_free else frozenset(),
                partial(may_go.message_ids.append, message_id),
            )
        for path, terms in self.snapshots.items():
            if path.stem not in self.unfinished_ids:
                yield f"the snapshot {path}", terms, partial(may_go.snapshots.append, path)
        for one, terms in self.versions:
            if not one.is_in_use:
                place = f"the kept version {one.kept.short_id} of {one.source}"
                yield place, terms, partial(may_go.versions.append, one.kept)


def find_person(retention: Retention, person_id: str) -> PersonTraces:
    """Return where somebody is; what cannot be read is told and hinders nothing.

    Raises:
        LedgerError: The ledger does not answer.
    """
    snapshots, wrong_snapshots = _search_snapshots(retention, person_id)
    versions, wrong_versions = _search_versions(retention, person_id)
    traces = find_traces(retention.ledger, person_id)
    unfinished_ids = _list_unfinished(
        retention, {*traces.memberships, *(path.stem for path in snapshots)}
    )
    return PersonTraces(
        traces, snapshots, versions, unfinished_ids, (*wrong_snapshots, *wrong_versions)
    )


def _search_snapshots(
    retention: Retention, person_id: str
) -> tuple[dict[Path, frozenset[str]], list[str]]:
    found, unreadable = {}, []
    for path in sorted(retention.stores.snapshots_folder.glob("*.duckdb")):
        try:
            terms = find_in_snapshot(path, person_id)
        except SourceError as error:
            if path.exists():  # else retention deleted it meanwhile
                unreadable.append(f"{error}: they may be in it; delete it")
            continue
        if terms is not None:
            found[path] = terms
    return found, unreadable


def _search_versions(
    retention: Retention, person_id: str
) -> tuple[list[tuple[StoredVersion, frozenset[str]]], list[str]]:
    found, unreadable = [], []
    for one in retention.stores.sources.list_kept():
        try:
            terms = find_in_version(one.kept, person_id)
        except SourceError as error:
            if one.kept.path.exists():
                unreadable.append(f"{error}: they may be in it; delete {one.kept.path}")
            continue
        if terms is not None:
            found.append((one, terms))
    return found, unreadable


def _list_unfinished(retention: Retention, message_ids: Iterable[str]) -> frozenset[str]:
    ages = read_message_ages(retention.ledger, sorted(message_ids), retention.clock.now())
    return frozenset(one for one, age in ages.items() if not age.is_done or age.is_held)
