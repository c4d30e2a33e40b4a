"""What administrators do in chats: post, record answers, remind, follow, archive, export."""

from collections.abc import Sequence
from dataclasses import dataclass

from rollcall.desk.acting import Noted
from rollcall.desk.desk import STOP_WAIT_S, Desk
from rollcall.domain.acts import Actor
from rollcall.domain.chats import Answer
from rollcall.domain.message import Channel
from rollcall.errors import InputError
from rollcall.ledger.chat_lists import count_answers
from rollcall.ledger.chats import ChatRecord, load_chat
from rollcall.ledger.doorbell import ring
from rollcall.ledger.engine import Ledger
from rollcall.ledger.entries import Recorded
from rollcall.ledger.messages import MessageRecord, load_message
from rollcall.sending.archiving import ArchiveReport, archive_and_stop
from rollcall.sending.chat_orders import (
    PostOrder,
    PostOutcome,
    order_following_chat,
    post_in_chat,
)
from rollcall.sending.reminding import remind_now, require_remindable
from rollcall.sending.telephone import record_told_answer


@dataclass(frozen=True, slots=True)
class Chatting:
    """Acts in chats for administrators.

    Attributes:
        desk: Asks whether the actor may, and records what they do.
    """

    desk: Desk

    def post(self, actor: Actor, order: PostOrder) -> PostOutcome:
        """Post in a chat and wake a dispatcher for the notice of it; the same key twice is one.

        A notice goes to all members: they count against the actor's limit.

        Raises:
            NotAllowedError: The actor may not, or not to so many people.
            RollcallError: As `post_in_chat` does.
        """
        with self.desk.acting.act(actor, "sender", "post", order.chat_id) as noted:
            _require_key(order.key)
            if order.notify:
                self._require_few_members(actor, order.chat_id, noted)
            outcome = post_in_chat(order, self.desk.steps)
            if outcome.notice is not None:
                ring(self._ledger, outcome.notice.message_id)
            return outcome

    def follow(
        self,
        actor: Actor,
        chat_id: str,
        key: str,
        changes: str | None = None,
        *,
        is_confirmed: bool = False,
    ) -> tuple[MessageRecord, bool]:
        """Open a new chat with exactly those who have not answered OK when it is sent.

        Args:
            actor: Who wants that.
            chat_id: The conversation before; perhaps archived.
            key: Idempotency key: the same one twice is one chat.
            changes: JSON with what of the new chat is not as it was.
            is_confirmed: It is meant although the guards would refuse it.

        Returns:
            The message that opens it, and whether it is new.

        Raises:
            NotAllowedError: The actor may not, or not to so many people.
            RollcallError: As `order_following_chat` and `Desk.send` do.
        """
        order = order_following_chat(self._ledger, chat_id, key, changes, is_confirmed=is_confirmed)
        return self.desk.send(actor, order)

    def remind(
        self, actor: Actor, chat_id: str, key: str, channels: Sequence[Channel]
    ) -> tuple[MessageRecord, bool]:
        """Remind all who have not answered, as `remind_now` does, and wake a dispatcher.

        Raises:
            NotAllowedError: The actor may not, or not so many people.
            RollcallError: As `remind_now` does.
        """
        with self.desk.acting.act(actor, "sender", "chase", chat_id) as noted:
            _require_key(key)
            require_remindable(self._ledger, chat_id)
            silent_count = count_answers(self._ledger, chat_id)["none"]
            self.desk.acting.require_within_limit(actor, silent_count, noted)
            if not silent_count:
                raise InputError("everybody has answered: nobody is left to be reminded")
            record, is_new = remind_now(chat_id, key, channels, self.desk.steps)
            ring(self._ledger, record.message_id)
            return record, is_new

    def record_answer(
        self, actor: Actor, chat_id: str, person_id: str, answer: Answer, key: str
    ) -> Recorded:
        """Record what a member told somebody; the same key twice is one answer.

        Raises:
            NotAllowedError: The actor may not.
            InputError: There is no such chat or member, or it is archived.
            RequestError: The key stands for another answer.
        """
        with self.desk.acting.act(actor, "sender", "record_answer", chat_id):
            _require_key(key)
            now = self.desk.acting.clock.now()
            return record_told_answer(self._ledger, chat_id, person_id, answer, key, now)

    def archive(self, actor: Actor, chat_id: str, wait_s: float = STOP_WAIT_S) -> ArchiveReport:
        """Archive a chat, as `archive_and_stop` does; needs no routes.

        Raises:
            NotAllowedError: The actor may not.
            InputError: There is no such chat.
        """
        with self.desk.acting.act(actor, "sender", "archive", chat_id):
            return archive_and_stop(self._ledger, chat_id, self.desk.acting.clock, wait_s)

    def note_export(self, actor: Actor, chat_id: str) -> ChatRecord:
        """Record that somebody takes a chat out of Rollcall, and return it.

        Raises:
            NotAllowedError: The actor may not.
            InputError: There is no such chat.
        """
        with self.desk.acting.act(actor, "viewer", "export", chat_id):
            return load_chat(self._ledger, chat_id)

    @property
    def _ledger(self) -> Ledger:
        return self.desk.acting.ledger

    def _require_few_members(self, actor: Actor, chat_id: str, noted: Noted) -> None:
        """Make sure that a chat's members are no more than the actor may send to.

        Raises:
            NotAllowedError: They are more.
            InputError: There is no such chat, or not all of its members are recorded yet.
        """
        opening = load_message(self._ledger, load_chat(self._ledger, chat_id).message_id)
        if actor.limit is not None and opening.audience_digest is None:
            raise InputError(f"chat {chat_id} is still being opened: try again in a moment")
        member_count = sum(count_answers(self._ledger, chat_id).values())
        self.desk.acting.require_within_limit(actor, member_count, noted)


def _require_key(key: str) -> None:
    if not key.strip():
        raise InputError("the key is empty: every click would be an act of its own")
