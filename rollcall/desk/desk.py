"""The desk: what administrators do, whoever asks for it in whatever way.

Views have no rules of their own. Every call here asks whether the actor may, records that it is
begun, does it by the same library calls as the command line, and records what it came to.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from rollcall.desk.acting import Acting, Noted
from rollcall.domain.acts import Action, Actor
from rollcall.domain.audience import digest_preview
from rollcall.domain.follow_ups import make_follow_up
from rollcall.domain.message import MessageRequest
from rollcall.errors import InputError
from rollcall.ledger.doorbell import ring
from rollcall.ledger.follow_ups import select_followed
from rollcall.ledger.messages import MessageRecord, find_message, load_message
from rollcall.sending.accepting import Order
from rollcall.sending.chat_orders import accept_order_of
from rollcall.sending.launching import preview_launch
from rollcall.sending.steps import SendSteps
from rollcall.sending.stopping import StopReport, stop_and_wait

STOP_WAIT_S: Final = 3.0
"""How long a page waits for what is in flight; it shows the rest as it comes."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Acts for administrators.

    Attributes:
        acting: Asks whether somebody may, and records what they do.
        open_steps: Returns what sends are made with; asked only by what sends. A message must be
            stopped whatever is wrong with the routes.
    """

    acting: Acting
    open_steps: Callable[[], SendSteps]

    @property
    def steps(self) -> SendSteps:
        """Return what sends are made with.

        Raises:
            ConfigError: The routes file is missing or wrong.
        """
        return self.open_steps()

    def send(
        self, actor: Actor, order: Order, *, shown_count: int | None = None
    ) -> tuple[MessageRecord, bool]:
        """Accept a message, or a chat that is opened, and wake a dispatcher.

        With the same key it is accepted once, however often it is asked for.

        Args:
            actor: Who wants that.
            order: What is sent, and to whom.
            shown_count: To how many people it goes, as the actor was shown; it is recorded.

        Returns:
            The message, and whether it is new.

        Raises:
            NotAllowedError: The actor may not send, or not to so many people.
            RollcallError: As `accept_order` does.
        """
        action: Action = "send" if order.request.chat is None else "open_chat"
        with self.acting.act(actor, "sender", action) as noted:
            noted.people_count = shown_count
            return self._accept(actor, order, noted)

    def stop(self, actor: Actor, message_id: str, wait_s: float = STOP_WAIT_S) -> StopReport:
        """Stop a message, as `stop_and_wait` does.

        Raises:
            NotAllowedError: The actor may not.
            InputError: There is no such message, or it was refused.
        """
        with self.acting.act(actor, "sender", "stop", message_id):
            return stop_and_wait(self.acting.ledger, message_id, self.acting.clock, wait_s)

    def note_export(self, actor: Actor, message_id: str) -> MessageRecord:
        """Record that somebody takes a message's recipients out of Rollcall, and return it.

        Whoever is signed in sees them all, and may; a file is beyond retention and erasure.

        Raises:
            NotAllowedError: The actor may not.
            InputError: There is no such message.
        """
        with self.acting.act(actor, "viewer", "export", message_id):
            return load_message(self.acting.ledger, message_id)

    def retry(
        self,
        actor: Actor,
        message_id: str,
        key: str,
        changes: str | None = None,
        *,
        is_confirmed: bool = False,
    ) -> tuple[MessageRecord, bool]:
        """Send a message again to exactly those of whom no route took it over.

        Args:
            actor: Who wants that.
            message_id: The message before.
            key: Idempotency key: the same one twice is one message.
            changes: JSON with what replaces its `content`, `options` or `expires_at`.
            is_confirmed: It is meant although the guards would refuse it.

        Raises:
            NotAllowedError: The actor may not send, or not to so many people.
            InputError: There is no such message, it is not settled, or it reached everybody.
        """
        with self.acting.act(actor, "sender", "retry", message_id) as noted:
            order = self._follow(message_id, "not_reached", key, changes)
            return self._accept(actor, _confirm(order, is_confirmed=is_confirmed), noted)

    def correct(
        self,
        actor: Actor,
        message_id: str,
        key: str,
        correction: str,
        *,
        is_confirmed: bool = False,
    ) -> tuple[MessageRecord, bool]:
        """Send a correction to exactly those who have or may have a copy of a message.

        Args:
            actor: Who wants that.
            message_id: The message before.
            key: Idempotency key: the same one twice is one message.
            correction: JSON with its `content`.
            is_confirmed: It is meant although the guards would refuse it.

        Raises:
            NotAllowedError: The actor may not send, or not to so many people.
            InputError: There is no such message, or nobody has it.
        """
        with self.acting.act(actor, "sender", "correct", message_id) as noted:
            order = self._follow(message_id, "reached", key, correction)
            return self._accept(actor, _confirm(order, is_confirmed=is_confirmed), noted)

    def _follow(
        self, message_id: str, who: Literal["reached", "not_reached"], key: str, changes: str | None
    ) -> Order:
        before = load_message(self.acting.ledger, message_id)
        request = make_follow_up(before.request, message_id, who, changes)
        return Order(request, Path(before.source), key)

    def _accept(self, actor: Actor, order: Order, noted: Noted) -> tuple[MessageRecord, bool]:
        if not (order.key or "").strip():
            raise InputError("the key is empty: every click would send a message of its own")
        order = self._keep_within_limit(actor, order, noted)
        record, is_new = accept_order_of(order, self.steps)
        ring(self.steps.ledger, record.message_id)
        noted.subject_id = record.message_id
        return record, is_new

    def _keep_within_limit(self, actor: Actor, order: Order, noted: Noted) -> Order:
        """Return an order that goes to no more people than were counted just now.

        Who may send to everybody is not counted for. A key that stands for a message already asks
        for what was asked for first: counted again, it would ask for something else.
        Where it follows answers, it goes to whom they mean when it leaves.

        Raises:
            NotAllowedError: They are more than the actor may send to.
            InputError: They are not those who were previewed.
        """
        if actor.limit is None:
            return order
        known = find_message(self.steps.ledger, order.key or "")
        if known is not None and known.state != "refused":
            first = MessageRequest.model_validate(known.request)
            return _insist(order, first.expected_audience)
        people_count, digest = self._count(order)
        self.acting.require_within_limit(actor, people_count, noted)
        if order.request.expected_audience not in (None, digest):
            raise InputError("whom this means has changed since you looked: look again")
        return order if _follows_answers(order.request) else _insist(order, digest)

    def _count(self, order: Order) -> tuple[int, str]:
        if order.request.follow_up is None:
            preview = preview_launch(self.steps, order)
            return preview.people_count, preview.digest
        audience = select_followed(self.steps.ledger, order.request.follow_up)
        digest = digest_preview(audience.recipients)
        self.steps.previews.remember(digest, audience)
        return len(audience.recipients), digest


def _confirm(order: Order, *, is_confirmed: bool) -> Order:
    if not is_confirmed:
        return order
    return replace(order, request=order.request.model_copy(update={"confirmed": True}))


def _follows_answers(request: MessageRequest) -> bool:
    """Tell whether a message goes to whoever has not answered, or not OK, when it leaves.

    In a chat that is being answered somebody says OK every moment: to insist on those who were
    counted would refuse it over and over, to all who still need it.
    """
    return request.follow_up is not None and request.follow_up.who in ("not_ok", "not_answered")


def _insist(order: Order, digest: str | None) -> Order:
    request = order.request.model_copy(update={"expected_audience": digest})
    return replace(order, request=request)
