"""Whom a message goes to: its selection, or part of an earlier message's audience."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from rollcall.domain.audience import Audience
from rollcall.domain.guards import GuardLimits, digest_recipients
from rollcall.domain.message import Channel, MessageRequest, digest_content
from rollcall.domain.preview.expectation import require_expected
from rollcall.domain.recipient_rows import list_person_ids
from rollcall.ledger.engine import Ledger
from rollcall.ledger.follow_ups import select_followed
from rollcall.ledger.guards import require_no_repeat, require_usual_size
from rollcall.ledger.message_origins import load_message_filters
from rollcall.ledger.messages import MessageRecord
from rollcall.ledger.pending import freeze_audience
from rollcall.sending.preparing import require_recipients, select_recipients
from rollcall.sending.previews import PreviewStore
from rollcall.sources.snapshot import open_snapshot


def choose_audience(
    ledger: Ledger, message: MessageRecord, request: MessageRequest, snapshot_path: Path
) -> Audience:
    """Return whom a message goes to.

    Raises:
        SelectionError: It names what does not exist, or means nobody.
        InputError: The message that it follows does not exist.
    """
    if request.follow_up is not None:
        return select_followed(ledger, request.follow_up)
    if request.selection is None:
        raise AssertionError("a request has either a selection or a follow-up")
    with open_snapshot(snapshot_path) as snapshot:
        audience = select_recipients(
            request.selection,
            snapshot,
            message.as_of,
            managers_only=request.options.managers_only,
            saved_filters=load_message_filters(ledger, message.message_id),
            as_rows=True,
        )
    require_recipients(audience)
    return audience


def require_previewed(request: MessageRequest, audience: Audience, previews: PreviewStore) -> None:
    """Refuse an audience that is not the one previewed, where a message insists on one.

    Raises:
        SelectionError: It is another one.
    """
    if expected := request.expected_audience:
        require_expected(audience, expected, previews.recall(expected))


def freeze_guarded(  # noqa: PLR0913 - what the guards look at
    ledger: Ledger,
    message: MessageRecord,
    request: MessageRequest,
    audience: Audience,
    limits: GuardLimits,
    now: datetime,
    *,
    channels: tuple[Channel, ...],
) -> bool:
    """Freeze an audience, unless the guards want a confirmation that was not given.

    The guards look within the transaction that freezes: of two that are sent by a nervous double
    click one is frozen, and the other one sees it.

    Returns:
        Whether this call froze it.

    Raises:
        SelectionError: The message repeats another one, or its audience is far larger than the
            last one of its template.
    """
    person_ids = list_person_ids(audience.recipients)
    digest = digest_recipients(person_ids, digest_content(request.content))
    is_retry = request.follow_up is not None and request.follow_up.who == "not_reached"

    def guard(connection: Connection) -> None:
        if not is_retry:
            require_no_repeat(connection, message, digest, limits, now)
        require_usual_size(connection, message, len(audience.recipients), limits)

    is_unguarded = request.confirmed
    return freeze_audience(
        ledger, message.message_id, audience, channels, digest, None if is_unguarded else guard
    )
