"""The steps of a send, in the order they happen; every one reads the ledger and can run twice.

Flows call them as Prefect tasks. Without a Prefect server they run as they are: the same steps.
"""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from rollcall.clock import Clock
from rollcall.domain.email_layout import EmailLayout
from rollcall.domain.guards import GuardLimits
from rollcall.domain.message import MessageRequest
from rollcall.domain.reach import REACHED
from rollcall.errors import InputError
from rollcall.ledger.app_reports import read_app_reports
from rollcall.ledger.engine import Ledger
from rollcall.ledger.guards import count_people
from rollcall.ledger.log import StatusCounts, count_given_up, count_outcomes, count_statuses
from rollcall.ledger.messages import (
    claim_message,
    load_message,
    record_source_version,
    require_open,
    set_state,
)
from rollcall.ledger.pending import is_frozen
from rollcall.ledger.queue import read_queue
from rollcall.ledger.recording import refuse_message
from rollcall.ledger.shared_numbers import settle_shared
from rollcall.ledger.stopping import sweep_stopped
from rollcall.sending.accepting import recorded_channels, require_routes
from rollcall.sending.choosing import choose_audience, freeze_guarded, require_previewed
from rollcall.sending.delivery_run import DeliveryRun
from rollcall.sending.interpreter import tuned_interpreter
from rollcall.sending.link_check import require_key_of
from rollcall.sending.link_key import LinkKey
from rollcall.sending.policies import choose_policy
from rollcall.sending.preparing import open_version
from rollcall.sending.previews import PreviewStore
from rollcall.sending.recorder import Recorder
from rollcall.sending.route_book import RouteBook
from rollcall.settings import DeliverySettings
from rollcall.sources.kept import KeptSources
from rollcall.sources.snapshot import open_snapshot, write_snapshot


@dataclass(frozen=True, slots=True)
class SendReport:
    """What a message has come to; holds no personal data.

    Attributes:
        message_id: The message.
        state: Its state in the ledger.
        counts: Its deliveries by channel and status.
        tries: Its tries by route and outcome.
        gave_up_count: Of those not delivered, the ones no carrier refused for the recipient's sake.
        reason: Why it was refused, if it was.
    """

    message_id: str
    state: str
    counts: StatusCounts
    tries: StatusCounts
    gave_up_count: int = 0
    reason: str | None = None

    def total(self, *statuses: str) -> int:
        """Count deliveries with any of these statuses, over all channels."""
        return sum(
            by_status.get(name, 0) for by_status in self.counts.values() for name in statuses
        )

    @property
    def is_complete(self) -> bool:
        """Tell whether everything that could be delivered was taken over by a route.

        A message that reached nobody at all is never complete.
        """
        is_missing = self.total("waiting", "unconfirmed", "stopped") or self.gave_up_count
        return self.total(*REACHED) > 0 and not is_missing


@dataclass(frozen=True, slots=True)
class SendSteps:
    """The steps of a send on one ledger; built by `rollcall.wiring`.

    Setting `stopping` lets runs end early: no further try is started, what is left stays queued.
    """

    ledger: Ledger
    sources: KeptSources
    book: RouteBook
    layout: EmailLayout
    clock: Clock
    delivery: DeliverySettings
    organisation: str
    snapshots_folder: Path
    previews: PreviewStore
    links: LinkKey
    carrier_only: frozenset[str] = frozenset()
    guards: GuardLimits = field(default_factory=GuardLimits)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def claim_message(self, message_id: str) -> bool:
        """Move an accepted message to `sending`.

        Returns:
            Whether this call did; otherwise another run of it may be going on.

        Raises:
            InputError: There is no such message, or it was refused or stopped.
        """
        require_open(load_message(self.ledger, message_id))
        return claim_message(self.ledger, message_id)

    def load_snapshot(self, message_id: str) -> Path:
        """Load the travellers' data as known now into the DuckDB file of this send; kept once made.

        What was reported with the app is part of it. A message that follows another one needs none.

        Raises:
            SourceError: The source cannot be loaded.
        """
        message = load_message(self.ledger, message_id)
        path = self.snapshots_folder / f"{message_id}.duckdb"
        if is_frozen(self.ledger, message_id) or message.follows_message_id is not None:
            return path
        version_id = None
        if not path.exists():
            version = open_version(
                self.sources, Path(message.source), uses_last_good=message.uses_last_good
            )
            app = read_app_reports(self.ledger, message.as_of)
            write_snapshot(version, message.as_of, path, app)
            version_id = version.version
        if message.source_version is None:
            record_source_version(self.ledger, message_id, version_id or _read_version(path))
        return path

    def select_audience(self, message_id: str) -> int:
        """Find out who is meant and freeze it, with the reasons; return how many they are.

        Raises:
            SelectionError: It names what does not exist, matches nobody, means others than the
                preview that the message insists on, or must be confirmed (`rollcall.domain.guards`)
                and is not.
        """
        message = load_message(self.ledger, message_id)
        if not is_frozen(self.ledger, message_id):
            request = MessageRequest.model_validate(message.request)
            path = self.snapshots_folder / f"{message_id}.duckdb"
            with tuned_interpreter():
                audience = choose_audience(self.ledger, message, request, path)
                require_previewed(request, audience, self.previews)
                now = self.clock.now()
                channels = recorded_channels(request, self.book)
                freeze_guarded(
                    self.ledger, message, request, audience, self.guards, now, channels=channels
                )
        with self.ledger.read() as connection:
            return count_people(connection, message_id)

    def record_first(self, message_id: str) -> None:
        """Render and record what the first recipients get, or the next: delivering may begin.

        Raises:
            TemplateError: The texts cannot be rendered for anybody.
            InputError: The message was refused meanwhile.
            ConfigError: Its links would lead nowhere, or were made of another key than ours.
        """
        with tuned_interpreter():
            self._open_recorder(message_id).record_some()
        message = load_message(self.ledger, message_id)
        if message.state == "refused":
            raise InputError(f"message {message_id} was refused: {message.reason}")

    def record_rest(self, message_id: str) -> None:
        """Record what all others get, portion by portion; the rest is left when told to stop.

        Raises:
            TemplateError: The texts cannot be rendered for anybody.
            ConfigError: As `record_first` does.
        """
        with tuned_interpreter():
            self._open_recorder(message_id).record_all(self.stopping.is_set)

    def _open_recorder(self, message_id: str) -> Recorder:
        message = load_message(self.ledger, message_id)
        request = MessageRequest.model_validate(message.request)
        if request.has_links:
            self.links.require_address()
        if message.chat_id:
            require_key_of(self.ledger, self.links, message.chat_id)
        return Recorder(
            self.ledger,
            message,
            request,
            self.layout,
            self.organisation,
            self.clock,
            link=self.links.placeholder() if request.has_links else None,
            key=self.links.key if request.opens_conversation else None,
        )

    def start_run(self, message_id: str) -> DeliveryRun:
        """Return this process's share in delivering a message; nothing is claimed yet.

        Raises:
            ConfigError: A channel it needs has no route any more, or its links would lead nowhere.
        """
        message = load_message(self.ledger, message_id)
        if message.chat_id:
            self.links.require_address()  # notifications are given their links as they leave
            require_key_of(self.ledger, self.links, message.chat_id)
        request = MessageRequest.model_validate(message.request)
        require_routes(request, self.book)
        policies = {
            channel: choose_policy(
                channel, request.options, self.delivery, message.expires_at, message.accepted_at
            )
            for channel in request.channels()
        }
        return DeliveryRun(
            message_id,
            self.ledger,
            self.book,
            policies,
            self.clock,
            self.stopping,
            canary_hold_s=self.delivery.canary_hold_s,
            carrier_only=self.carrier_only,
            links=self.links.of_chat(message.chat_id) if message.chat_id else None,
            expires_at=message.expires_at,
        )

    def close_message(self, message_id: str) -> SendReport:
        """Mark a message as sent if nothing of it is left to do; return what it came to.

        A receipt that is still awaited is something left to do: without it another try may follow.

        Of one that was stopped, what a run has put back into the queue since is held back.
        """
        settle_shared(self.ledger, message_id)
        state = load_message(self.ledger, message_id).state
        if state == "stopped":
            sweep_stopped(self.ledger, message_id, self.clock.now())
        queue = read_queue(self.ledger, message_id, self.clock.now())
        if state == "sending" and queue.is_empty:
            set_state(self.ledger, message_id, "sent", closed_at=self.clock.now())
        return self.report(message_id)

    def refuse_message(self, message_id: str, reason: str) -> None:
        """Record that a message cannot be meant; never once deliveries of it are recorded."""
        refuse_message(self.ledger, message_id, reason, self.clock.now())

    def report(self, message_id: str) -> SendReport:
        """Return what a message has come to so far."""
        message = load_message(self.ledger, message_id)
        counts = count_statuses(self.ledger, message_id)
        tries = count_outcomes(self.ledger, message_id)
        has_failed = any("not_delivered" in by_status for by_status in counts.values())
        gave_up_count = count_given_up(self.ledger, message_id) if has_failed else 0
        return SendReport(message_id, message.state, counts, tries, gave_up_count, message.reason)


def _read_version(path: Path) -> str:
    with open_snapshot(path) as snapshot:
        return str(snapshot.frame("snapshot_info", ("version",)).item())
