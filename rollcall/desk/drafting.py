"""Drafts at the desk: begun, changed, deleted by whom they belong to, and by admins.

That one is begun or deleted is recorded; not each change, for nobody gets anything of it.
"""

import uuid
from dataclasses import dataclass
from typing import Final

from rollcall.desk.acting import Acting
from rollcall.domain.acts import Actor
from rollcall.domain.drafts import Body, Draft, DraftKind, Edit
from rollcall.domain.message_templates import describe_settings
from rollcall.ledger.drafts import (
    DraftAccess,
    change_draft,
    delete_draft,
    list_drafts,
    load_draft,
    open_draft,
)
from rollcall.ledger.templates import TemplateRecord

EMPTY_BODIES: Final[dict[DraftKind, Body]] = {"message": {}, "chat": {}}
"""What a new draft says: nothing, so that what is not chosen is as for the command line."""


@dataclass(frozen=True, slots=True)
class Drafting:
    """Keeps drafts for those who write them.

    Attributes:
        acting: Asks whether somebody may, and records what they do.
    """

    acting: Acting

    def open(
        self, actor: Actor, kind: DraftKind, body: Body | None = None, draft_id: str | None = None
    ) -> Draft:
        """Begin a draft.

        Args:
            actor: Whose it is.
            kind: What it is to become.
            body: What it says already.
            draft_id: The same twice is one draft: whoever clicks four times begins one.

        Raises:
            NotAllowedError: The actor may not.
            InputError: They have too many, or it is too large.
        """
        return self._open(actor, kind, body or EMPTY_BODIES[kind], draft_id, None)

    def open_from(
        self, actor: Actor, template: TemplateRecord, draft_id: str | None = None
    ) -> Draft:
        """Begin a draft that says what a template does.

        Raises:
            NotAllowedError: The actor may not.
            InputError: They have too many.
        """
        kind: DraftKind = "chat" if template.kind == "chat" else "message"
        body = describe_settings(template.kind, template.settings)
        return self._open(actor, kind, body, draft_id, template.name)

    def load(self, actor: Actor, draft_id: str) -> Draft:
        """Return a draft of theirs; an admin sees everybody's.

        Raises:
            NotAllowedError: The actor may not.
            InputError: There is none, or it is somebody else's.
        """
        self.acting.require(actor, "sender")
        return load_draft(self.acting.ledger, draft_id, _access(actor))

    def list_all(self, actor: Actor) -> list[Draft]:
        """Return the drafts they may see that are not sent, the last changed first.

        Raises:
            NotAllowedError: The actor may not.
        """
        self.acting.require(actor, "sender")
        return list_drafts(self.acting.ledger, _access(actor))

    def change(self, actor: Actor, draft_id: str, edit: Edit) -> Draft:
        """Change a draft as it is now, also if somebody else has changed it since they looked.

        Raises:
            NotAllowedError: The actor may not.
            InputError: There is none, it is somebody else's or sent, or it grew too large.
        """
        self.acting.require(actor, "sender")
        ledger, now = self.acting.ledger, self.acting.clock.now()
        return change_draft(ledger, draft_id, edit, _access(actor), now)

    def delete(self, actor: Actor, draft_id: str) -> None:
        """Delete a draft; the message it has become, if any, stays.

        Raises:
            NotAllowedError: The actor may not.
            InputError: There is none, or it is somebody else's.
        """
        with self.acting.act(actor, "sender", "delete_draft", draft_id):
            delete_draft(self.acting.ledger, draft_id, _access(actor))

    def _open(
        self,
        actor: Actor,
        kind: DraftKind,
        body: Body,
        draft_id: str | None,
        template: str | None,
    ) -> Draft:
        draft_id = draft_id or uuid.uuid4().hex
        now = self.acting.clock.now()
        draft = Draft(draft_id, kind, actor.name, body, now, now, template)
        with self.acting.act(actor, "sender", "open_draft", draft_id):
            return open_draft(self.acting.ledger, draft)


def _access(actor: Actor) -> DraftAccess:
    return DraftAccess(actor.name, sees_all=actor.may("admin"))
