"""From a draft to a message: a test of it, a last look at it, and sending it once.

The draft is read from the ledger at every step. What a page has shown is insisted on, and nothing
that a page says about the draft is believed.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from rollcall.desk.desk import Desk
from rollcall.desk.drafting import Drafting
from rollcall.domain.acts import Actor
from rollcall.domain.draft_gaps import has_links, list_gaps
from rollcall.domain.drafts import Draft
from rollcall.domain.guards import is_typed
from rollcall.domain.message import MessageRequest
from rollcall.domain.trials import TrialReader
from rollcall.errors import InputError
from rollcall.ledger.doorbell import ring
from rollcall.ledger.messages import MessageRecord, find_message
from rollcall.sending.accepting import Order
from rollcall.sending.chat_orders import fit_channels
from rollcall.sending.checking import OrderCheck, check_order, require_unobjected
from rollcall.sending.trials import accept_trial

CHECK_HOLDS_FOR: Final = timedelta(minutes=10)
"""A message goes to those who were meant when it was checked; that must not be long ago."""


@dataclass(frozen=True, slots=True)
class CheckedDraft:
    """What a page has shown of a draft before it is sent.

    Attributes:
        draft: As it was looked at.
        check: What it comes to.
        uses_last_good: Whether it is made from the last good data, whatever the files are now.
    """

    draft: Draft
    check: OrderCheck
    uses_last_good: bool = False

    def holds(self, draft: Draft, now: datetime) -> bool:
        """Tell whether a draft is still what was looked at, and that is not long ago."""
        return draft.body == self.draft.body and now < self.check.checked_at + CHECK_HOLDS_FOR


@dataclass(frozen=True, slots=True)
class Composing:
    """Tests, checks and sends drafts.

    Attributes:
        desk: Asks whether the actor may, records what they do, and sends.
        source: Folder of the travellers' data.
    """

    desk: Desk
    source: Path

    def find_gaps(self, draft: Draft) -> list[str]:
        """Return what keeps a draft from being sent, one sentence for each thing.

        Raises:
            ConfigError: The routes file is missing or wrong.
        """
        steps = self.desk.steps
        link = steps.links.placeholder() if has_links(draft) else None
        return list_gaps(draft, steps.layout, link, steps.clock.now())

    def check(self, actor: Actor, draft_id: str, *, uses_last_good: bool = False) -> CheckedDraft:
        """Look what a draft comes to if it is sent now.

        Raises:
            NotAllowedError: The actor may not send.
            InputError: There is no such draft, or something of it is missing.
            RollcallError: It could not be sent now; says why.
        """
        draft = self._load(actor, draft_id)
        order = self._order(draft, uses_last_good=uses_last_good)
        return CheckedDraft(draft, check_order(self.desk.steps, order), uses_last_good)

    def send(
        self, actor: Actor, seen: CheckedDraft, *, typed: str = "", is_confirmed: bool = False
    ) -> tuple[MessageRecord, bool]:
        """Send a draft to those who were shown, or to nobody; however often it is asked for, once.

        It is selected for the moment of the check: who comes and goes within minutes makes it no
        other audience. New data of travellers do, and then it is refused.

        Args:
            actor: Who wants that.
            seen: What they have looked at.
            typed: The number of people, as they typed it, where it has to be typed.
            is_confirmed: It is meant although the guards object.

        Returns:
            The message, and whether it is new.

        Raises:
            NotAllowedError: The actor may not send, or not to so many people.
            InputError: The draft was changed since, or something was not confirmed.
            RollcallError: As `Desk.send` does.
        """
        draft = self._load(actor, seen.draft.draft_id)
        known = find_message(self.desk.acting.ledger, draft.key)
        if known is not None and known.state != "refused":
            return known, False
        self._require_valid(seen, draft)
        require_unobjected(seen.check, is_confirmed=is_confirmed)
        if not is_typed(typed, seen.check.people_count):
            raise InputError(f"type {seen.check.people_count} to confirm to how many it goes")
        order = self._order(draft, uses_last_good=seen.uses_last_good)
        insisting: dict[str, Any] = {
            "expected_audience": seen.check.digest,
            "confirmed": is_confirmed,
        }
        request = order.request.model_copy(update=insisting)
        order = replace(order, request=request, as_of=seen.check.checked_at)
        return self.desk.send(actor, order, shown_count=seen.check.people_count)

    def send_test(
        self, actor: Actor, draft_id: str, reader: TrialReader, nonce: str
    ) -> tuple[MessageRecord, bool]:
        """Send a draft, marked as a test, to one person; the same test twice is one message.

        Whom it will be for need not be said yet.

        Raises:
            NotAllowedError: The actor may not send.
            InputError: There is no such draft, it says nothing yet, or no channel of it reaches
                the reader.
            ConfigError: No route is configured for a channel it needs.
        """
        draft = self._load(actor, draft_id)
        with self.desk.acting.act(actor, "sender", "send_test", draft_id) as noted:
            aimed = replace(draft, body=draft.body | {"selection": {"people": [reader.id]}})
            record, is_new = accept_trial(self.desk.steps, self._order(aimed), reader, nonce)
            ring(self.desk.steps.ledger, record.message_id)
            noted.subject_id, noted.people_count = record.message_id, 1
            return record, is_new

    def _load(self, actor: Actor, draft_id: str) -> Draft:
        """Return a draft to somebody who may send it; that somebody else tried is recorded."""
        if not actor.may("sender"):
            with self.desk.acting.act(actor, "sender", "send", draft_id):
                raise AssertionError("whoever may not has been refused")
        return Drafting(self.desk.acting).load(actor, draft_id)

    def _require_valid(self, seen: CheckedDraft, draft: Draft) -> None:
        """Make sure that what was shown is what would be sent.

        Raises:
            InputError: It is not, or was looked at long ago.
        """
        if draft.body != seen.draft.body:
            raise InputError("the draft was changed since you checked it: check it again")
        if not seen.holds(draft, self.desk.acting.clock.now()):
            raise InputError(
                "it was checked a while ago, whom it means may have changed: check again"
            )

    def _order(self, draft: Draft, *, uses_last_good: bool = False) -> Order:
        """Return what a draft orders; one sentence tells what it lacks."""
        if gaps := self.find_gaps(draft):
            raise InputError("; ".join(gaps))
        request: MessageRequest = draft.read()
        order = Order(
            request,
            self.source,
            draft.key,
            uses_last_good=uses_last_good,
            template=draft.template,
        )
        return fit_channels(order, self.desk.steps)
