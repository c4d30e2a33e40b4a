"""What administrators keep under names: templates and dynamic filters, saved, renamed, deleted.

As for the command line: what a schedule uses by its name stays, and a text that cannot be rendered
is told when it is saved, in a quiet hour.
"""

from dataclasses import dataclass

from rollcall.desk.desk import Desk
from rollcall.domain.acts import Actor
from rollcall.domain.message_templates import MessageSettings, TemplateKind
from rollcall.domain.rendering import compile_content
from rollcall.domain.selection import Selection
from rollcall.errors import InputError
from rollcall.ledger.filter_rows import FilterRecord
from rollcall.ledger.saved_filters import delete_filter, load_filter, rename_filter, save_filter
from rollcall.ledger.templates import (
    TemplateRecord,
    delete_template,
    load_template,
    rename_template,
    save_template,
)
from rollcall.schedules.in_use import require_unscheduled_filter, require_unscheduled_template


@dataclass(frozen=True, slots=True)
class Keeping:
    """Changes what is kept under names.

    Attributes:
        desk: Asks whether the actor may, and records what they do.
    """

    desk: Desk

    def save_template(
        self,
        actor: Actor,
        kind: TemplateKind,
        name: str,
        settings: MessageSettings,
    ) -> TemplateRecord:
        """Save the settings of a message under a new name.

        Raises:
            NotAllowedError: The actor may not.
            InputError: The name cannot be used, or is taken.
            TemplateError: A text uses what it may not.
        """
        with self.desk.acting.act(actor, "sender", "save_template") as noted:
            self._require_renderable(settings)
            acting = self.desk.acting
            saved = save_template(acting.ledger, kind, name, settings, acting.clock.now())
            noted.subject_id = saved.template_id
            return saved

    def change_template(
        self, actor: Actor, seen: TemplateRecord, settings: MessageSettings
    ) -> TemplateRecord:
        """Give a template other settings, unless somebody else has changed it meanwhile.

        Args:
            actor: Who wants that.
            seen: The template as they saw it.
            settings: What it is to keep.

        Raises:
            NotAllowedError: The actor may not.
            InputError: It was changed, renamed or deleted since they looked.
            TemplateError: A text uses what it may not.
        """
        acting = self.desk.acting
        with acting.act(actor, "sender", "save_template", seen.template_id):
            self._require_renderable(settings)
            known = load_template(acting.ledger, seen.kind, seen.name)
            _require_unchanged(known.updated_at == seen.updated_at, seen.name)
            now = acting.clock.now()
            return save_template(acting.ledger, seen.kind, seen.name, settings, now, replace=True)

    def rename_template(
        self, actor: Actor, kind: TemplateKind, name: str, new_name: str
    ) -> str | None:
        """Rename a template; return what could not be checked about schedules, if anything.

        Raises:
            NotAllowedError: The actor may not.
            InputError: A schedule sends it, or the new name cannot be used or is taken.
        """
        acting = self.desk.acting
        known = load_template(acting.ledger, kind, name)
        with acting.act(actor, "sender", "rename_template", known.template_id):
            unchecked = require_unscheduled_template(kind, known.name)
            rename_template(acting.ledger, kind, known.name, new_name, acting.clock.now())
            return unchecked

    def delete_template(self, actor: Actor, kind: TemplateKind, name: str) -> str | None:
        """Delete a template; return what could not be checked about schedules, if anything.

        Raises:
            NotAllowedError: The actor may not.
            InputError: There is none of this name, or a schedule sends it.
        """
        ledger = self.desk.acting.ledger
        known = load_template(ledger, kind, name)
        with self.desk.acting.act(actor, "sender", "delete_template", known.template_id):
            unchecked = require_unscheduled_template(kind, known.name)
            delete_template(ledger, kind, known.name)
            return unchecked

    def save_filter(self, actor: Actor, name: str, selection: Selection) -> FilterRecord:
        """Save a selection as a new dynamic filter.

        Raises:
            NotAllowedError: The actor may not.
            InputError: The name cannot be used, or is taken.
            SelectionError: It uses a dynamic filter that does not exist, or itself.
        """
        acting = self.desk.acting
        with acting.act(actor, "sender", "save_filter") as noted:
            now = acting.clock.now()
            saved = save_filter(acting.ledger, name, selection, now)
            noted.subject_id = saved.saved_filter_id
            return saved

    def change_filter(self, actor: Actor, seen: FilterRecord, selection: Selection) -> FilterRecord:
        """Let a dynamic filter stand for something else, unless it was changed meanwhile.

        Args:
            actor: Who wants that.
            seen: The filter as they saw it.
            selection: What it is to stand for.

        Raises:
            NotAllowedError: The actor may not.
            InputError: It was changed, renamed or deleted since they looked.
            SelectionError: It uses a dynamic filter that does not exist, or itself.
        """
        acting = self.desk.acting
        with acting.act(actor, "sender", "save_filter", seen.saved_filter_id):
            known = load_filter(acting.ledger, seen.name)
            _require_unchanged(known.updated_at == seen.updated_at, seen.name)
            now = acting.clock.now()
            return save_filter(acting.ledger, seen.name, selection, now, replace=True)

    def rename_filter(self, actor: Actor, name: str, new_name: str) -> str | None:
        """Rename a dynamic filter wherever it is used; return what could not be checked.

        Raises:
            NotAllowedError: The actor may not.
            InputError: A schedule uses it, or the new name cannot be used or is taken.
        """
        acting = self.desk.acting
        known = load_filter(acting.ledger, name)
        with acting.act(actor, "sender", "rename_filter", known.saved_filter_id):
            unchecked = require_unscheduled_filter(known.name)
            rename_filter(acting.ledger, known.name, new_name, acting.clock.now())
            return unchecked

    def delete_filter(self, actor: Actor, name: str) -> str | None:
        """Delete a dynamic filter that nothing uses; return what could not be checked.

        Raises:
            NotAllowedError: The actor may not.
            InputError: There is none of this name, or something uses it.
        """
        ledger = self.desk.acting.ledger
        known = load_filter(ledger, name)
        with self.desk.acting.act(actor, "sender", "delete_filter", known.saved_filter_id):
            unchecked = require_unscheduled_filter(known.name)
            delete_filter(ledger, known.name)
            return unchecked

    def _require_renderable(self, settings: MessageSettings) -> None:
        steps = self.desk.steps
        has_link = settings.chat is not None or settings.options.ok_request
        link = steps.links.placeholder() if has_link else None
        include_sms = settings.options.include_sms
        compile_content(settings.content, steps.layout, include_sms=include_sms, link=link)


def _require_unchanged(is_unchanged: bool, name: str) -> None:
    if not is_unchanged:
        raise InputError(f"{name!r} was changed by somebody else meanwhile: look again")
