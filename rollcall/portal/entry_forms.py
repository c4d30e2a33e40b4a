"""What members send with the forms of their page: read, or refused with a word why."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

from rollcall.domain.chats import Answer
from rollcall.domain.member_text import clean_text
from rollcall.ledger.entries import NewAnswer, NewPost
from rollcall.ledger.member_pages import MemberPage
from rollcall.portal.allowances import Allowance
from rollcall.portal.nonces import Nonces
from rollcall.portal.page_writer import Sent

ANSWER_BURST: Final = 30
ANSWERS_PER_S: Final = 0.5
REPLY_BURST: Final = 20
REPLIES_PER_S: Final = 0.1
"""What one member may send. Counted apart: who has written too much can still ask for help."""

_MOST_LATE_DIGITS: Final = 6
_TOO_LATE: Final = timedelta(seconds=10**_MOST_LATE_DIGITS)
"""Eleven days: as late as this is what comes from a device that has no idea what time it is."""

_ANSWERS: Final[dict[str, Answer]] = {"ok": "ok", "needs_help": "needs_help"}


class NotTakenError(Exception):
    """What was sent is not taken.

    Args:
        status: How that is answered.
        sent: What the page says about it.
        retry_after_s: When to send it again; 0: never as it is.
    """

    def __init__(self, status: HTTPStatus, sent: Sent, retry_after_s: float = 0.0) -> None:
        super().__init__(status, sent.problem, retry_after_s)
        self.status = status
        self.sent = sent
        self.retry_after_s = retry_after_s


class EntryForms:
    """Reads forms, and counts how many each member sends.

    Args:
        nonces: What their nonces were issued by.
    """

    def __init__(self, nonces: Nonces) -> None:
        self._nonces = nonces
        self._answers = Allowance(ANSWER_BURST, ANSWERS_PER_S)
        self._replies = Allowance(REPLY_BURST, REPLIES_PER_S)

    def read_answer(self, member: MemberPage, form: Mapping[str, str], now: datetime) -> NewAnswer:
        """Return the answer that a form holds.

        Raises:
            NotTakenError: It was not issued for this page, holds none, or comes too often.
        """
        said = _ANSWERS.get(form.get("answer", ""))
        if said is None or not member.ok_request:
            raise NotTakenError(HTTPStatus.UNPROCESSABLE_ENTITY, Sent("stale"))
        key = self._read_key(member, form, Sent("stale"))
        _require_seldom(self._answers, member, now, Sent("often"))
        # one nonce, two answers: pages stay open, and who changes their mind means it
        key = f"{key}.{said}"
        if said == "ok":
            said_at = now - _read_lateness(form)
            return NewAnswer(member.chat_id, member.person_id, said, "page", key, said_at)
        if not form.get("tap"):
            # help, OK, and help again, from one page without a script: the third is meant too
            key = f"{key}.{now:%Y%m%d%H%M}"
        return NewAnswer(member.chat_id, member.person_id, said, "page", key)

    def read_post(self, member: MemberPage, form: Mapping[str, str], now: datetime) -> NewPost:
        """Return the reply that a form holds.

        Raises:
            NotTakenError: It was not issued for this page, its text is none, or it comes too often.
        """
        text, problem = clean_text(form.get("text", ""))
        if member.kind == "one_way":
            raise NotTakenError(HTTPStatus.UNPROCESSABLE_ENTITY, Sent("stale"))
        key = self._read_key(member, form, Sent("stale", text))
        if problem:
            raise NotTakenError(HTTPStatus.UNPROCESSABLE_ENTITY, Sent(problem, text))
        _require_seldom(self._replies, member, now, Sent("often", text))
        return NewPost(member.chat_id, member.person_id, text, "page", key)

    def _read_key(self, member: MemberPage, form: Mapping[str, str], sent: Sent) -> str:
        nonce, tap = form.get("nonce", ""), form.get("tap", "")
        key = self._nonces.read_key(member.token_digest, nonce, tap)
        if key is None:
            raise NotTakenError(HTTPStatus.FORBIDDEN, sent)
        return key


def _read_lateness(form: Mapping[str, str]) -> timedelta:
    """Return for how long an OK was kept on its device.

    It must undo no call for help that was made since. A call for help counts from when it comes,
    however long it was kept: of two mistakes this is the one to make.
    """
    late_s = form.get("late_s", "0")
    is_usable = late_s.isascii() and late_s.isdecimal() and len(late_s) <= _MOST_LATE_DIGITS
    return timedelta(seconds=int(late_s)) if is_usable else _TOO_LATE


def _require_seldom(allowance: Allowance, member: MemberPage, now: datetime, sent: Sent) -> None:
    if wait_s := allowance.take(member.token_digest, now):
        raise NotTakenError(HTTPStatus.TOO_MANY_REQUESTS, sent, wait_s)
