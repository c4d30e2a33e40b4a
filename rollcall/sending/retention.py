"""Retention: what is over for long enough loses its personal data, in the ledger and on disk.

The ledger first, then the files: what is told as removed has no snapshot soon after, never the
other way round. Every part can be cut off and run again, also by two processes at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from rollcall.clock import Clock
from rollcall.ledger.app_devices import REVOCATIONS_KEPT_FOR
from rollcall.ledger.compaction import COMPACTION_S_PER_BYTE, compact, is_compaction_owed
from rollcall.ledger.engine import Ledger
from rollcall.ledger.message_ages import is_quiet
from rollcall.ledger.old_rows import (
    OldRows,
    count_old,
    delete_old,
    old_devices,
    old_drafts,
    old_emergencies,
    old_locations,
    old_receipts,
    old_revocations,
    old_taken_texts,
)
from rollcall.ledger.retention import (
    DueCount,
    KeptCount,
    MessageAges,
    count_due_messages,
    count_kept_messages,
    remove_messages,
)
from rollcall.sending.old_files import (
    OldFile,
    delete_files,
    list_old_previews,
    list_old_snapshots,
)
from rollcall.sending.previews import PreviewStore
from rollcall.settings import RetentionSettings
from rollcall.sources.feeds.store import IncidentStore
from rollcall.sources.kept import KeptSources, KeptVersion

_ROWS: Final[dict[str, Callable[[datetime], OldRows]]] = {
    "locations": old_locations,
    "emergencies": old_emergencies,
    "devices": old_devices,
    "revocations": old_revocations,
    "receipts": old_receipts,
    "texts": old_taken_texts,
    "drafts": old_drafts,
}
"""Rows that go by their age alone, by what they are called."""


COMPACTED_BYTES: Final = 500_000_000
"""A SQLite ledger up to this is written anew without being asked: a send that begins meanwhile
waits for it, for half as long as any writer does before it fails."""

NOT_COMPACTED: Final = (
    "the database's free pages still hold it: messages are under way, somebody reads, or it is "
    "large (`rollcall retention apply --compact`)"
)


@dataclass(frozen=True, slots=True)
class Due:
    """What of one kind is due.

    Attributes:
        kind: Which: `messages`, `locations` and so on.
        days: After how many days; 0: never.
        count: How much of it is due now.
        oldest_at: Since when the oldest of it is over.
    """

    kind: str
    days: int
    count: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class RetentionReport:
    """What a run of retention has come to, in counts only.

    Attributes:
        removed: How much of each kind went.
        is_compacted: Whether the database's own files hold nothing of it any more.
    """

    removed: dict[str, int]
    is_compacted: bool

    def tell(self) -> str:
        """Say what was removed, in one line."""
        told = [f"{count} {kind}" for kind, count in self.removed.items() if count]
        later = "" if self.is_compacted else f"; {NOT_COMPACTED}"
        return f"removed {', '.join(told) or 'nothing'}{later}"


@dataclass(frozen=True, slots=True)
class FileStores:
    """Where personal data lies beside the ledger, on this machine.

    Attributes:
        snapshots_folder: The messages' snapshots.
        sources: Kept versions.
        previews: Fingerprints of previews.
        incidents: What feeds said.
        source: The installation's own source, whose version in use stays; None: it has none.
    """

    snapshots_folder: Path
    sources: KeptSources
    previews: PreviewStore
    incidents: IncidentStore
    source: Path | None = None


@dataclass(frozen=True, slots=True)
class Retention:
    """What one installation keeps, and for how long; built by `rollcall.wiring`."""

    ledger: Ledger
    settings: RetentionSettings
    stores: FileStores
    clock: Clock

    def look(self) -> list[Due]:
        """Return what is due now, by kind; changes nothing."""
        now, days = self.clock.now(), self.days()
        messages = count_due_messages(self.ledger, self._ages(now))
        counts = {"messages": messages}
        for kind, choose in _ROWS.items():
            before = before_of(now, days[kind])
            counts[kind] = (
                DueCount(0, None) if before is None else count_old(self.ledger, choose(before))
            )
        counts |= {kind: _count(dated) for kind, dated in self._date_files(now).items()}
        return [Due(kind, days[kind], one.count, one.oldest_at) for kind, one in counts.items()]

    def count_kept(self) -> KeptCount:
        """Count the messages that are old and keep their data, by why."""
        return count_kept_messages(self.ledger, self._ages(self.clock.now()))

    def apply(self, *, compacts_any_size: bool = False) -> RetentionReport:
        """Remove what is due; safe to call again, also at once.

        Args:
            compacts_any_size: As in `compact`.

        Raises:
            LedgerError: The ledger does not answer.
            ConfigError: A file cannot be deleted.
            SourceError: What is kept of incidents cannot be read.
        """
        now, days = self.clock.now(), self.days()
        removed = {"messages": remove_messages(self.ledger, self._ages(now), now)}
        for kind, choose in _ROWS.items():
            before = before_of(now, days[kind])
            removed[kind] = 0 if before is None else delete_old(self.ledger, choose(before))
        removed |= self._delete_files(now)
        return RetentionReport(removed, self.compact(any_size=compacts_any_size))

    def compact(self, *, any_size: bool = False) -> bool:
        """Let the database's files hold nothing of what was removed, unless somebody sends.

        Also where nothing was removed now, if an earlier call had to leave it.

        Args:
            any_size: Also a SQLite ledger so large that writers would have to wait for long.
        """
        if not is_compaction_owed(self.ledger):
            return True
        is_small = self.ledger.backend != "sqlite" or self.ledger.read_size() <= COMPACTED_BYTES
        return (any_size or is_small) and is_quiet(self.ledger) and compact(self.ledger)

    def estimate_compaction_s(self) -> float:
        """Return for how long a SQLite ledger holds up everybody while it is written anew."""
        is_held_up = self.ledger.backend == "sqlite"
        return self.ledger.read_size() * COMPACTION_S_PER_BYTE if is_held_up else 0.0

    def days(self) -> dict[str, int]:
        """Return after how many days each kind goes."""
        told = self.settings
        return {
            "messages": told.messages_days,
            "locations": told.locations_days,
            "emergencies": told.app_days,
            "devices": told.app_days,
            "revocations": told.app_days and max(told.app_days, REVOCATIONS_KEPT_FOR.days),
            "receipts": told.receipts_days,
            "texts": told.receipts_days,
            "drafts": told.drafts_days,
            "snapshots": told.snapshots_days,
            "sources": told.sources_days,
            "previews": told.previews_days,
            "incidents": told.incidents_days,
        }

    def _ages(self, now: datetime) -> MessageAges:
        told = self.settings
        return MessageAges(before_of(now, told.messages_days), before_of(now, told.chats_days))

    def _date_files(self, now: datetime) -> dict[str, list[datetime]]:
        snapshots, previews = self._list_files(now)
        incidents = before_of(now, self.settings.incidents_days)
        stores, versions = self.stores, self._list_versions(now)
        return {
            "snapshots": [one.dated for one in snapshots],
            "sources": [one.validated_at for one in versions],
            "previews": [one.dated for one in previews],
            "incidents": stores.incidents.old_feeds(incidents) if incidents else [],
        }

    def _delete_files(self, now: datetime) -> dict[str, int]:
        snapshots, previews = self._list_files(now)
        incidents = before_of(now, self.settings.incidents_days)
        versions = self._list_versions(now)
        for version in versions:
            self.stores.sources.remove(version)
        return {
            "snapshots": delete_files(snapshots),
            "sources": len(versions),
            "previews": delete_files(previews),
            "incidents": self.stores.incidents.forget_old(incidents) if incidents else 0,
        }

    def _list_versions(self, now: datetime) -> list[KeptVersion]:
        before = before_of(now, self.settings.sources_days)
        stores = self.stores
        return stores.sources.old_versions(before, stores.source) if before else []

    def _list_files(self, now: datetime) -> tuple[list[OldFile], list[OldFile]]:
        snapshots = before_of(now, self.settings.snapshots_days)
        previews = before_of(now, self.settings.previews_days)
        stores = self.stores
        return (
            list_old_snapshots(self.ledger, stores.snapshots_folder, snapshots, now),
            list_old_previews(stores.previews.folder, previews, now),
        )


def before_of(now: datetime, days: int) -> datetime | None:
    """Return before which moment something must be over to be due; None: it never is."""
    return now - timedelta(days=days) if days else None


def _count(dated: list[datetime]) -> DueCount:
    return DueCount(len(dated), min(dated, default=None))
