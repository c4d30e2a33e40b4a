"""What a schedule sends: a template, to its own selection or to dynamic filters and groups."""

from dataclasses import dataclass
from typing import Any

from rollcall.domain.message_templates import TemplateKind
from rollcall.domain.selection import Selection


@dataclass(frozen=True, slots=True)
class ScheduledOrder:
    """What each run of a schedule sends; the people are looked up anew each time.

    Attributes:
        kind: Whether a message is sent one-way or a chat is opened.
        template: The template's name.
        groups: Names of groups, instead of the template's own selection.
        saved_filters: Names of dynamic filters, likewise.
        source: Folder of the travellers' data; None: that of the settings, when it runs.
        is_confirmed: It is meant although the guards would refuse it.
        has_more: Its form, filled in elsewhere, says more than that: of whom it means and how.
    """

    kind: TemplateKind
    template: str
    groups: tuple[str, ...] = ()
    saved_filters: tuple[str, ...] = ()
    source: str | None = None
    is_confirmed: bool = False
    has_more: bool = False

    @property
    def selection(self) -> Selection | None:
        """Return whom it names itself; None: those whom the template names."""
        if not self.groups and not self.saved_filters:
            return None
        return Selection(groups=self.groups, saved_filters=self.saved_filters)

    def tell_recipients(self) -> str:
        """Say whom it goes to."""
        named = [f"group {one!r}" for one in self.groups]
        named += [f"dynamic filter {one!r}" for one in self.saved_filters]
        if self.has_more:
            named.append("as its form says")
        return ", ".join(named) or "the template's selection"

    def to_json(self) -> dict[str, Any]:
        """Return the order as programs get it."""
        return {
            "kind": self.kind,
            "template": self.template,
            "groups": list(self.groups),
            "saved_filters": list(self.saved_filters),
            "source": self.source,
            "confirmed": self.is_confirmed,
            "has_more": self.has_more,
        }
