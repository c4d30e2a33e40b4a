"""Record a frozen audience portion by portion: who comes first is being told meanwhile.

What is recorded, and what comes next, stands in the ledger: whoever goes on after a crash, or
beside another process, records each recipient once.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from rollcall.clock import Clock
from rollcall.domain.audience import Recipient, write_canonically
from rollcall.domain.email_layout import EmailLayout
from rollcall.domain.line_digest import LineDigest
from rollcall.domain.message import MessageRequest
from rollcall.domain.template_variables import MessageVariables
from rollcall.ledger.engine import Ledger
from rollcall.ledger.messages import MessageRecord
from rollcall.ledger.pending import Pending, count_recorded, load_pending
from rollcall.ledger.push_subscriptions import find_notified
from rollcall.ledger.recording import (
    NewContent,
    NewDelivery,
    Portion,
    list_content_digests,
    record_portion,
)
from rollcall.ledger.shared_numbers import find_leaders
from rollcall.ledger.sms_rules import SmsRules
from rollcall.sending.preparing import TextWriter

FIRST_PEOPLE: Final = 250
"""Recipients in the first portion: recorded in some 50 ms, and enough for the routes to begin."""

PORTION_PEOPLE: Final = 1_000
"""Recipients in each of the others: others wait for the ledger for some 100 ms at a time."""

PORTIONS: Final = 100
"""Portions that an audience is cut into at the most, so that batches of them are few."""


PATIENCE_S: Final = 5.0
"""How long somebody else who records may take for a portion before we go on with it."""

LOOK_EVERY_S: Final = 0.25


@dataclass(slots=True)
class Recorder:
    """Renders and records what the audience of one message gets.

    Attributes:
        ledger: Where to.
        message: The message.
        request: What it says and how.
        layout: How emails look.
        organisation: Who sends it.
        clock: What tells the time.
        link: Stands for everybody's personal link, where the message has links.
        key: Where the audience are the members of a conversation: what their tokens are made of.
    """

    ledger: Ledger
    message: MessageRecord
    request: MessageRequest
    layout: EmailLayout
    organisation: str
    clock: Clock
    link: str | None = None
    key: bytes | None = None

    def record_some(self) -> None:
        """Record the next portion, if one is left.

        Also when others were recorded before a crash: first tries come before retries of those.

        Raises:
            TemplateError: The texts cannot be rendered for anybody.
        """
        looks = iter([False])
        self._record(lambda: next(looks, True))

    def record_all(self, is_ending: Callable[[], bool]) -> None:
        """Record what is left of the audience, or as much as there is time for.

        Args:
            is_ending: Tells, before each portion, whether the rest is to be left.

        Raises:
            TemplateError: The texts cannot be rendered for anybody.
        """
        self._record(is_ending)

    def _record(self, is_enough: Callable[[], bool]) -> None:
        """Go on until nothing is pending; leave it to somebody else who was faster."""
        while pending := load_pending(self.ledger, self.message.message_id):
            if self._open(pending).go_on(is_enough):
                return
            self._watch(is_enough)

    def _watch(self, is_enough: Callable[[], bool]) -> None:
        """Wait while somebody else gets on with it: until it is enough, or they do no more."""
        seen_count, seen_at = -1, time.monotonic()
        while time.monotonic() < seen_at + PATIENCE_S:
            recorded_count = count_recorded(self.ledger, self.message.message_id)
            if recorded_count is None or is_enough():
                return
            if recorded_count != seen_count:
                seen_count, seen_at = recorded_count, time.monotonic()
            time.sleep(LOOK_EVERY_S)

    def _open(self, pending: Pending) -> "_Recording":
        """Prepare to record what is pending, knowing what is recorded."""
        message_id = self.message.message_id
        variables = MessageVariables(
            sent_on=self.message.accepted_at.date(), organisation=self.organisation
        )
        writer = TextWriter(
            self.request,
            self.layout,
            variables,
            link=self.link,
            channels=pending.channels,
            known=map(bytes.fromhex, list_content_digests(self.ledger, message_id)),
        )
        shared = frozenset[str]() if self.message.chat_id else find_shared(pending)
        leaders = find_leaders(self.ledger, message_id, shared) if shared else {}
        rules = SmsRules(shared, self.request.options.life_safety, leaders)
        return _Recording(self, pending, writer, rules)


def find_shared(pending: Pending) -> frozenset[str]:
    """Return the numbers that several recipients have."""
    numbers = pending.recipients.rows["phone"].drop_nulls()
    return frozenset(numbers.filter(numbers.is_duplicated()).unique().to_list()) - {""}


@dataclass(slots=True)
class _Recording:
    """One pass over what is pending of an audience."""

    recorder: Recorder
    pending: Pending
    writer: TextWriter
    rules: SmsRules
    _digest: LineDigest = field(init=False, default_factory=LineDigest)

    def go_on(self, is_enough: Callable[[], bool]) -> bool:
        """Record portions until it is enough; return False where somebody else was faster.

        As long as the texts could be rendered for nobody nothing is recorded: then the message is
        refused at the end.
        """
        first = end = self.pending.recorded_count
        people_count = len(self.pending.recipients)
        self._digest.add(_digest_lines(self.pending.recipients[:first]))
        rows: list[tuple[NewDelivery, NewContent | None]] = []
        while end < people_count and not (end == first and is_enough()):
            start, end = end, min(end + self._size(end), people_count)
            rows += self._write(start, end)
            if self.writer.has_text_for_nobody and end < people_count:
                continue
            if not self._record(first, end, rows):
                return False
            first, rows = end, []
        return True

    def _size(self, first: int) -> int:
        if not first:
            return FIRST_PEOPLE
        return max(PORTION_PEOPLE, -(-len(self.pending.recipients) // PORTIONS))

    def _write(self, start: int, end: int) -> Iterator[tuple[NewDelivery, NewContent | None]]:
        """Render what some recipients get; the canaries' SMS are marked."""
        recipients = tuple(self.pending.recipients[start:end])
        self._digest.add(_digest_lines(recipients))
        ledger, channels = self.recorder.ledger, self.pending.channels
        ids = [one.person_id for one in recipients]
        notified = find_notified(ledger, ids) if "push" in channels else ()
        ahead = set(ids[: max(self.pending.canary_count - start, 0)])
        for delivery, content in self.writer.write_all(recipients, notified):
            is_canary = delivery.channel == "sms" and delivery.person_id in ahead
            yield delivery._replace(is_canary=is_canary), content

    def _record(
        self, first: int, end: int, rows: list[tuple[NewDelivery, NewContent | None]]
    ) -> bool:
        """Record what was rendered.

        Raises:
            TemplateError: For nobody anything could be.
        """
        if self.writer.has_text_for_nobody and self.writer.failure is not None:
            raise self.writer.failure
        recorder, is_last = self.recorder, end == len(self.pending.recipients)
        portion = Portion(
            first,
            tuple(self.pending.recipients[first:end]),
            [content for _, content in rows if content is not None],
            [delivery for delivery, _ in rows],
            self._digest.hexdigest() if is_last else None,
        )
        message_id, now = recorder.message.message_id, recorder.clock.now()
        return record_portion(
            recorder.ledger, message_id, portion, self.rules, now, key=recorder.key
        )


def _digest_lines(recipients: Sequence[Recipient]) -> Iterator[str]:
    return (write_canonically(one.to_json()) for one in recipients)
