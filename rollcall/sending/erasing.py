"""Erase one person: from the ledger, from snapshots and from kept versions of sources.

What cannot be erased now is told, with what to do about it: a message that is under way, a source
whose files name the person still. The same call again erases what could not be before.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rollcall.domain.removal import ERASED_PREFIX
from rollcall.errors import ConfigError, InputError, SourceError
from rollcall.ledger.app_devices import REVOCATIONS_KEPT_FOR
from rollcall.ledger.erasing_texts import ErasedPerson
from rollcall.ledger.erasure import LedgerErasure, erase_from_texts, erase_rows
from rollcall.sending.person_traces import find_person
from rollcall.sending.retention import NOT_COMPACTED, Retention
from rollcall.sources.erasing import erase_from_snapshot

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


def erase(
    retention: Retention, key: bytes, person_id: str, known_as: Iterable[str] = ()
) -> PersonErasure:
    """Erase somebody from all that is over and not held; safe to call again.

    Their rows stay under an id derived from theirs and a key, so that counts are what they were and
    nobody can tell who it was.

    Args:
        retention: The installation.
        key: That of personal links.
        person_id: Who.
        known_as: Names, addresses and numbers to look for beside those that are kept of them.

    Raises:
        InputError: Nothing is kept of anybody with this id.
        LedgerError: The ledger does not answer.
        ConfigError: A kept version cannot be deleted.
    """
    _refresh_sources(retention)
    traces, more_terms = find_person(retention, person_id), frozenset(known_as)
    if traces.is_nothing and not more_terms:
        raise InputError(f"nothing is kept here of a person {person_id!r}")
    who = ErasedPerson(person_id, _derive_pseudonym(key, person_id), traces.terms | more_terms)
    now = retention.clock.now()
    left_in_texts = erase_from_texts(retention.ledger, who, now)
    may_go, spared = traces.split(is_named=bool(left_in_texts))
    in_ledger = erase_rows(retention.ledger, who, may_go.message_ids, now)
    failed = list(_erase_from_snapshots(may_go.snapshots, person_id))
    for version in may_go.versions:
        retention.stores.sources.remove(version)
    left = [
        *_tell_left(in_ledger, left_in_texts, person_id), *spared, *failed, *traces.tell_left(),
    ]  # fmt: skip
    if not retention.compact():
        left.append(NOT_COMPACTED)
    return PersonErasure(
        in_ledger.message_count,
        len(may_go.snapshots) - len(failed),
        len(may_go.versions),
        tuple(left),
        _tell_kept(in_ledger),
    )


def _refresh_sources(retention: Retention) -> None:
    """Let versions of before be out of use where the files do not name the person any more."""
    sources = retention.stores.sources
    for source in {one.source for one in sources.list_kept() if one.source.exists()}:
        with suppress(SourceError, ConfigError):  # then the version in use is told as left
            sources.open(source)


def _erase_from_snapshots(paths: Iterable[Path], person_id: str) -> Iterator[str]:
    """Write snapshots anew; yield why one cannot be, which must not keep the others."""
    for path in paths:
        try:
            erase_from_snapshot(path, person_id)
        except ConfigError as error:
            yield str(error)


def _tell_left(found: LedgerErasure, left_in_texts: set[str], person_id: str) -> Iterator[str]:
    for message_id in sorted(left_in_texts.union(found.left_message_ids)):
        yield f"message {message_id}, which is not over (its chat perhaps not archived), or is held"
    if found.has_emergency:
        yield f"what the app reported: an emergency is open (`rollcall app safe {person_id}`)"
    for name in found.named_in:
        yield f"{name}, which names them: change it"


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
