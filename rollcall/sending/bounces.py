"""Bounces, from a mailbox into the ledger."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from rollcall.domain.receipts import Receipt
from rollcall.routes.email.dsn import BounceIds, read_bounce
from rollcall.routes.email.mailbox import open_mailbox
from rollcall.routes.email.mailbox_settings import MailboxSettings


@dataclass(frozen=True, slots=True)
class BounceReport:
    """What one reading of a mailbox came to.

    Attributes:
        read_count: Mails read.
        bounce_count: Those that were bounces of our messages.
        new_count: What of them the ledger did not know yet.
    """

    read_count: int = 0
    bounce_count: int = 0
    new_count: int = 0


def collect_bounces(
    mailbox: MailboxSettings, ids: BounceIds, record: Callable[[Sequence[Receipt]], int]
) -> BounceReport:
    """Read what has come into a mailbox, record it, and mark it as done after that.

    Blocks; whatever breaks off leaves mails unmarked, which are then read again.

    Args:
        mailbox: Where bounces come to.
        ids: By what we recognise our own messages.
        record: Commits receipts and returns how many were new.

    Raises:
        MailboxError: The mailbox cannot be reached or refuses us.
        LedgerError: Receipts could not be recorded.
    """
    read_count = bounce_count = new_count = 0
    with open_mailbox(mailbox, partial(read_bounce, ids=ids)) as opened:
        for mails in opened.read_batches():
            receipts = [mail.found for mail in mails if mail.found is not None]
            new_count += record(receipts) if receipts else 0
            opened.confirm(mails)
            read_count += len(mails)
            bounce_count += len(receipts)
    return BounceReport(read_count, bounce_count, new_count)
