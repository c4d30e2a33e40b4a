"""Tell administrators by email, over Rollcall's own routes, that a schedule has failed."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from rollcall.domain.failure_notice import ScheduleFailure, write_failure
from rollcall.domain.message import MessageOptions, MessageRequest, digest_request
from rollcall.domain.selection import Selection
from rollcall.errors import ConfigError
from rollcall.ledger.messages import NewMessage, find_message
from rollcall.ledger.notices_to_addresses import accept_notice, make_recipients
from rollcall.sending.steps import SendSteps

KEY_PREFIX: Final = "schedule-failed:"

WORTH_TELLING: Final = timedelta(days=2)
"""Later than this the log tells it better."""

_NO_SOURCE: Final = ""
"""These messages are selected from no source."""


def accept_failure_notice(
    steps: SendSteps, addresses: Sequence[str], failure: ScheduleFailure
) -> str | None:
    """Record the email that tells of a failure; the same run is told of once, however often.

    Args:
        steps: The steps of a send.
        addresses: Of administrators; with none nobody is told.
        failure: What has failed.

    Returns:
        The id of the message that is yet to be sent; None if there is nobody to tell.

    Raises:
        ConfigError: No route for email is configured.
        LedgerError: The ledger does not answer.
    """
    if not addresses:
        return None
    if not steps.book.serves("email"):
        raise ConfigError("no route is configured for email: administrators cannot be told")
    key = f"{KEY_PREFIX}{failure.occurrence}"
    if known := find_message(steps.ledger, key):
        return known.message_id  # the first telling stands, whatever a repeat failed of
    now = steps.clock.now()
    request = MessageRequest(
        content=write_failure(failure),
        selection=Selection(people=tuple(one.person_id for one in make_recipients(addresses))),
        options=MessageOptions(),
        expires_at=now + WORTH_TELLING,
        confirmed=True,
    )
    new = NewMessage(
        idempotency_key=key,
        request_digest=digest_request(request, _NO_SOURCE, None),
        request=request.model_dump(mode="json", exclude_none=True),
        source=_NO_SOURCE,
        uses_last_good=False,
        as_of=now,
        expires_at=request.expires_at,
    )
    record, _ = accept_notice(steps.ledger, new, addresses, now)
    return record.message_id
