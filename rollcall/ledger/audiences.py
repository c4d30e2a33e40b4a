"""Frozen audiences, looked at later: are they as they were, and whom did the one before mean?"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select
from sqlalchemy.orm import InstrumentedAttribute

from rollcall.domain.audience import Recipient, write_canonically
from rollcall.domain.line_digest import LineDigest
from rollcall.domain.message_templates import TemplateKind
from rollcall.domain.removal import ERASED_PREFIX
from rollcall.domain.saved_names import fold_name, spell_name
from rollcall.errors import InputError, LedgerError
from rollcall.ledger.engine import Ledger
from rollcall.ledger.messages import MessageRecord, load_message
from rollcall.ledger.pending import is_unrecorded
from rollcall.ledger.recording import CHUNK_ROWS, load_audience
from rollcall.ledger.tables import AudienceMember, Message, MessageFilter, SavedFilter, Template

_DIGESTED = ("person_id", "name", "email", "phone", "language", "position", "via")
"""The columns that hold what `Recipient.to_json` tells."""


@dataclass(frozen=True, slots=True)
class FrozenAudience:
    """The recipients of a message as they are stored now.

    Attributes:
        message: The message.
        recipients: By `person_id`.
        digest: Computed from the stored rows.
    """

    message: MessageRecord
    recipients: tuple[Recipient, ...]
    digest: str

    @property
    def is_intact(self) -> bool:
        """Tell whether the rows still are those that were frozen."""
        return self.digest == self.message.audience_digest

    @property
    def erased_count(self) -> int:
        """Return how many people in it were erased since."""
        return sum(one.person_id.startswith(ERASED_PREFIX) for one in self.recipients)

    @property
    def is_reduced(self) -> bool:
        """Tell whether personal data was removed from it, so that its digest proves nothing."""
        return self.message.erased_at is not None or self.erased_count > 0


@dataclass(frozen=True, slots=True)
class EarlierMessage:
    """The message that an audience is compared with.

    Attributes:
        message_id: Its id.
        shared: What both were made with, e.g. `template 'Quake'`.
    """

    message_id: str
    shared: str


def read_frozen_audience(ledger: Ledger, message_id: str) -> FrozenAudience:
    """Return the frozen audience of a message and the digest of what is stored.

    Raises:
        InputError: There is no such message, or nobody was selected for it yet.
        LedgerError: The rows cannot be read as recipients at all.
    """
    message = load_message(ledger, message_id)
    if message.audience_digest is None:
        why = f"it was refused: {message.reason}" if message.reason else f"it is {message.state}"
        raise InputError(f"message {message_id} has no audience: {why}")
    try:
        recipients = tuple(load_audience(ledger, message_id))
        digest = _digest_rows(ledger, message_id)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise LedgerError(f"the audience of {message_id} cannot be read: it was changed") from error
    return FrozenAudience(message, recipients, digest)


def load_places(ledger: Ledger, message_id: str) -> dict[str, str | None]:
    """Return the country where each recipient of a message was, by `person_id`."""
    country = AudienceMember.position["country"].as_string().label("country")
    query = select(AudienceMember.person_id, country).where(AudienceMember.message_id == message_id)
    with ledger.read() as connection:
        return {row.person_id: row.country for row in connection.execute(query)}


def find_previous_audience(
    ledger: Ledger, *, template: str | None = None, saved_filter: str | None = None
) -> list[Recipient] | None:
    """Return whom the latest message meant that was made with the same.

    Args:
        ledger: Where to look.
        template: Name of a template for one-way messages; counts before the dynamic filter.
        saved_filter: Name of the dynamic filter that the selection consists of.

    Returns:
        Its recipients by `person_id`; None where there is no such message, or retention has removed
        who they were.
    """
    message_id = find_previous_message(ledger, template=template, saved_filter=saved_filter)
    recipients = load_audience(ledger, message_id) if message_id else None
    if message_id is None or load_message(ledger, message_id).erased_at is not None:
        return None
    return recipients


def find_previous_message(
    ledger: Ledger,
    *,
    template: str | None = None,
    saved_filter: str | None = None,
    kind: TemplateKind = "one_way",
) -> str | None:
    """Return the id of the latest message that was made with the same; None where there is none.

    Args:
        ledger: Where to look.
        template: Name of a template; counts before the dynamic filter.
        saved_filter: Name of the dynamic filter that the selection consists of.
        kind: What the template is for.
    """
    with ledger.read() as connection:
        if template is not None:
            template_id = _find_template(connection, template, kind)
            return template_id and find_latest(connection, Message.template_id == template_id)
        if saved_filter is not None:
            filter_id = _find_filter(connection, saved_filter)
            return filter_id and find_latest(connection, _consists_of(filter_id))
    return None


def find_earlier_message(ledger: Ledger, message: MessageRecord) -> EarlierMessage | None:
    """Return the message before this one that was made from its template, else with its filter.

    Only a dynamic filter that is the whole selection of both counts.
    """
    with ledger.read() as connection:
        if message.template_id is not None:
            made_alike = Message.template_id == message.template_id
            earlier_id = find_latest(connection, made_alike, message)
            shared = f"template {message.template_name!r}"
            return EarlierMessage(earlier_id, shared) if earlier_id else None
        query = select(MessageFilter.saved_filter_id, MessageFilter.name).where(
            MessageFilter.message_id == message.message_id, MessageFilter.is_whole
        )
        whole = connection.execute(query).one_or_none()
        if whole is None:
            return None
        earlier_id = find_latest(connection, _consists_of(whole.saved_filter_id), message)
    return EarlierMessage(earlier_id, f"dynamic filter {whole.name!r}") if earlier_id else None


def _digest_rows(ledger: Ledger, message_id: str) -> str:
    """Compute what `digest_audience` gave when the rows were frozen, from the rows themselves.

    Not from the recipients made of them: a later version may know more of a position than was
    frozen.
    """
    query = (
        select(*(getattr(AudienceMember, name) for name in _DIGESTED))
        .where(AudienceMember.message_id == message_id)
        .execution_options(yield_per=CHUNK_ROWS)
    )
    digest = LineDigest()
    with ledger.read() as connection, connection.execute(query) as rows:
        digest.add(write_canonically(dict(row)) for row in rows.mappings())
    return digest.hexdigest()


def _find_template(connection: Connection, name: str, kind: TemplateKind) -> str | None:
    query = select(Template.template_id).where(
        Template.kind == kind, Template.folded_name == fold_name(spell_name(name))
    )
    return connection.execute(query).scalar_one_or_none()


def _find_filter(connection: Connection, name: str) -> str | None:
    query = select(SavedFilter.saved_filter_id).where(
        SavedFilter.folded_name == fold_name(spell_name(name))
    )
    return connection.execute(query).scalar_one_or_none()


def _consists_of(saved_filter_id: str) -> ColumnElement[bool]:
    return Message.message_id.in_(
        select(MessageFilter.message_id).where(
            MessageFilter.saved_filter_id == saved_filter_id, MessageFilter.is_whole
        )
    )


def find_latest(
    connection: Connection, made_alike: ColumnElement[bool], before: MessageRecord | None = None
) -> str | None:
    """Return the id of the latest such message that has an audience and was not refused.

    Args:
        connection: Any transaction.
        made_alike: Which messages count.
        before: Only those accepted before this one do; None: all.
    """
    query = latest_first(Message.message_id).where(made_alike)
    if before is not None:
        query = query.where(
            Message.message_id != before.message_id, Message.accepted_at <= before.accepted_at
        )
    return connection.execute(query.limit(1)).scalar_one_or_none()


def latest_first(*columns: ColumnElement[Any] | InstrumentedAttribute[Any]) -> Select[Any]:
    """Return a query for messages that have an audience and were not refused, the latest first."""
    query = select(*columns).where(
        Message.audience_digest.is_not(None) | is_unrecorded(), Message.state != "refused"
    )
    return query.order_by(Message.accepted_at.desc(), Message.message_id.desc())
