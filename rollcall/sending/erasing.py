"""Erase one person: from the ledger, from snapshots and from kept versions of sources.

What cannot be erased now is told, with what to do about it: a message that is under way, a source
whose files name the person still. The same call again erases what could not be before.
"""

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rollcall.domain.removal import ERASED_PREFIX
from rollcall.errors import ConfigError, InputError, SourceError
from rollcall.ledger.app_devices import REVOCATIONS_KEPT_FOR
from rollcall.ledger.erasing_texts import ErasedPerson
from rollcall.ledger.erasure import LedgerErasure, LedgerTraces, erase_person, find_traces
from rollcall.ledger.message_ages import read_message_ages
from rollcall.sending.retention import NOT_COMPACTED, Retention
from rollcall.sources.erasing import erase_from_snapshot, find_in_snapshot, find_in_version
from rollcall.sources.kept import StoredVersion

_PSEUDONYM_DIGITS = 16


@dataclass(frozen=True, slots=True)
class PersonErasure:
    """What erasing somebody has come to.

    Attributes:
        message_count: Messages that hold them no more.
        snapshot_count: Snapshots that were written anew without them.
        version_count: Kept versions of sources that were deleted.
        left: What holds them still, and what to do about it, one sentence each.
        kept: What is kept on purpose, one sentence each.
    """

    message_count: int
    snapshot_count: int
    version_count: int
    left: tuple[str, ...]
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Traces:
    """Where somebody is."""

    ledger: LedgerTraces
    snapshots: dict[Path, frozenset[str]]
    versions: list[tuple[StoredVersion, frozenset[str]]]

    @property
    def terms(self) -> frozenset[str]:
        return self.ledger.terms.union(
            *self.snapshots.values(), *(terms for _, terms in self.versions)
        )

    @property
    def is_nothing(self) -> bool:
        found = (self.ledger.message_ids, self.snapshots, self.versions)
        return not any(found) and not self.ledger.has_app


def erase(retention: Retention, key: bytes, person_id: str) -> PersonErasure:
    """Erase somebody from all that is over and not held; safe to call again.

    Their rows stay under an id derived from theirs and a key, so that counts are what they were and
    nobody can tell who it was.

    Args:
        retention: The installation.
        key: That of personal links.
        person_id: Who.

    Raises:
        InputError: Nothing is kept of anybody with this id.
        LedgerError: The ledger does not answer.
        ConfigError: A file cannot be written.
    """
    _refresh_sources(retention)
    traces = _find(retention, person_id)
    if traces.is_nothing:
        raise InputError(f"nothing is kept here of a person {person_id!r}")
    who = ErasedPerson(person_id, _derive_pseudonym(key, person_id), traces.terms)
    now = retention.clock.now()
    in_ledger = erase_person(retention.ledger, who, traces.ledger.message_ids, now)
    snapshots = _split_snapshots(retention, traces)
    for path in snapshots[0]:
        erase_from_snapshot(path, person_id)
    unused = [one for one, _ in traces.versions if not one.is_in_use]
    for version in unused:
        retention.stores.sources.remove(version.kept)
    left = [*_tell_left(in_ledger, person_id), *snapshots[1], *_tell_sources(traces)]
    if not retention.compact():
        left.append(NOT_COMPACTED)
    return PersonErasure(
        in_ledger.message_count, len(snapshots[0]), len(unused), tuple(left), _tell_kept(in_ledger)
    )


def _refresh_sources(retention: Retention) -> None:
    """Let versions of before be out of use where the files do not name the person any more."""
    sources = retention.stores.sources
    for source in {one.source for one in sources.list_kept() if one.source.exists()}:
        with suppress(SourceError, ConfigError):  # then the version in use is told as left
            sources.open(source)


def _find(retention: Retention, person_id: str) -> _Traces:
    stores = retention.stores
    snapshots = {
        path: terms
        for path in sorted(stores.snapshots_folder.glob("*.duckdb"))
        if (terms := find_in_snapshot(path, person_id)) is not None
    }
    versions = [
        (one, terms)
        for one in stores.sources.list_kept()
        if (terms := find_in_version(one.kept, person_id)) is not None
    ]
    return _Traces(find_traces(retention.ledger, person_id), snapshots, versions)


def _split_snapshots(retention: Retention, traces: _Traces) -> tuple[list[Path], list[str]]:
    """Return the snapshots that may be written anew, and what is told of the others."""
    ages = read_message_ages(
        retention.ledger, [path.stem for path in traces.snapshots], retention.clock.now()
    )
    free, left = [], []
    for path in traces.snapshots:
        age = ages.get(path.stem)
        if age is None or (age.is_done and not age.is_held):
            free.append(path)
        else:
            left.append(f"the snapshot of message {path.stem}, which is not over, or is held")
    return free, left


def _tell_left(found: LedgerErasure, person_id: str) -> Iterator[str]:
    for message_id in found.left_message_ids:
        yield f"message {message_id}, which is not over (its chat perhaps not archived), or is held"
    if found.has_emergency:
        yield f"what the app reported: an emergency is open (`rollcall app safe {person_id}`)"
    for name in found.named_in:
        yield f"{name}, which names them: change it"


def _tell_sources(traces: _Traces) -> Iterator[str]:
    for one, _ in traces.versions:
        if one.is_in_use and one.source.exists():
            yield f"the source {one.source}: take them out of its files and give the command again"
        elif one.is_in_use:
            yield f"the last good version of {one.source}, a folder that is not there any more"


def _tell_kept(found: LedgerErasure) -> tuple[str, ...]:
    kept = []
    if found.is_opted_out:
        kept.append("the opt-out of their number, so that they are not texted again")
    if found.is_revoked:
        days = REVOCATIONS_KEPT_FOR.days
        told = f"for {days} days: links from before enrol nobody as them"
        kept.append(f"that all their devices were revoked, {told}")
    return tuple(kept)


def _derive_pseudonym(key: bytes, person_id: str) -> str:
    told = hmac.new(key, f"erased\n{person_id}".encode(), hashlib.sha256).hexdigest()
    return f"{ERASED_PREFIX}{told[:_PSEUDONYM_DIGITS]}"
