"""What each part of the composer gets: the draft, who writes it, and how it is changed.

A change is made to the draft as it is in the ledger at that moment, and to nothing but its part:
of two windows with one draft neither undoes the other's other parts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dashboards.session import act, house
from rollcall.domain.acts import Actor
from rollcall.domain.drafts import Body, Draft, Edit, merge, read_path, set_value


@dataclass(frozen=True, slots=True)
class Composition:
    """A draft while it is written.

    `change`, `set` and `edit` are for callbacks. They return whether it was kept; if not, the page
    says why in its next run.

    Attributes:
        draft: As it was when the page was drawn.
        actor: Who writes it.
    """

    draft: Draft
    actor: Actor

    @property
    def body(self) -> Body:
        """Return what is written: as `rollcall send` or `rollcall chat open` reads it."""
        return self.draft.body

    @property
    def is_chat(self) -> bool:
        """Tell whether it opens a chat."""
        return self.draft.kind == "chat"

    def get(self, *path: str) -> Any:
        """Return what stands at a path of keys, as `get("options", "include_sms")`; else None."""
        return read_path(self.body, path)

    def key(self, name: str) -> str:
        """Return the key of a widget of this draft: another draft's fields are other fields."""
        return f"{name}_{self.draft.draft_id}"

    def change(self, part: Mapping[str, Any]) -> bool:
        """Change a part: objects by their keys, all else in place of before; None takes away."""
        return self.edit(lambda body: merge(body, part))

    def set(self, path: tuple[str, ...], value: Any) -> bool:
        """Put a value at a path of keys in place of what is there; None takes it away."""
        return self.edit(lambda body: set_value(body, path, value))

    def edit(self, edit: Edit) -> bool:
        """Change it by a function of the body as it is in the ledger now, as to add to a list."""

        def change(actor: Actor) -> None:
            house().drafting.change(actor, self.draft.draft_id, edit)

        return act(change)
