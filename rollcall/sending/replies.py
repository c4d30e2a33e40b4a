"""Answers by email, from a mailbox into the ledger."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from rollcall.domain.answer_words import read_answer_within
from rollcall.domain.personal_links import digest_token
from rollcall.domain.sayings import Saying, derive_text_id, make_saying
from rollcall.ledger.sayings import SayingFate
from rollcall.routes.email.mailbox import ReadMail, open_mailbox
from rollcall.routes.email.mailbox_settings import MailboxSettings
from rollcall.routes.email.reply_mail import ReplyMail, read_reply


@dataclass(frozen=True, slots=True)
class ReplyReport:
    """What one reading of a mailbox came to.

    Attributes:
        read_count: Mails read.
        reply_count: Those that were answers of members of open conversations.
        new_count: What of them the ledger did not know yet.
    """

    read_count: int = 0
    reply_count: int = 0
    new_count: int = 0


def collect_replies(
    mailbox: MailboxSettings,
    template: str,
    record: Callable[[Sequence[Saying]], Sequence[SayingFate]],
    now: Callable[[], datetime],
) -> ReplyReport:
    """Read what has come into a mailbox, record it, and mark it as done after that.

    Blocks; whatever breaks off leaves mails unmarked, which are then read again. A mail of nobody
    in an open conversation stays unread, for a person to look at.

    Args:
        mailbox: Where answers come to.
        template: Of the addresses that they are sent to.
        record: Commits what was said and returns what became of each.
        now: What tells the time.

    Raises:
        MailboxError: The mailbox cannot be reached or refuses us.
        LedgerError: Answers could not be recorded.
    """
    read_count = 0
    fates: list[SayingFate] = []
    with open_mailbox(mailbox, partial(read_reply, template=template)) as opened:
        for mails in opened.read_batches():
            settled, batch = _record(mails, record, now())
            opened.confirm(settled)
            read_count += len(mails)
            fates += batch
    new_count = fates.count("recorded")
    return ReplyReport(read_count, new_count + fates.count("known"), new_count)


def _record(
    mails: list[ReadMail[ReplyMail]],
    record: Callable[[Sequence[Saying]], Sequence[SayingFate]],
    now: datetime,
) -> tuple[list[ReadMail[ReplyMail]], Sequence[SayingFate]]:
    """Record what mails say; return them without what was found in those of nobody."""
    said = [(mail, _read_saying(mail.found, now)) for mail in mails if mail.found is not None]
    fates = record([saying for _, saying in said]) if said else []
    of_nobody = {mail.uid for (mail, _), fate in zip(said, fates, strict=True) if fate == "nobody"}
    settled = [replace(mail, found=None) if mail.uid in of_nobody else mail for mail in mails]
    return settled, fates


def _read_saying(mail: ReplyMail, now: datetime) -> Saying:
    text_id = derive_text_id("email", mail.token, mail.mail_id)
    sender = digest_token(mail.token)
    said = read_answer_within(mail.answering, mail.text, mail.searched)
    return make_saying(text_id, "email", sender, mail.text, now, said)
