"""Who acts at the desk, what they may, and how what they did is called."""

from dataclasses import dataclass
from typing import Final, Literal

Role = Literal["viewer", "sender", "admin"]
"""viewer: looks at everything and downloads it, changes nothing. sender: also sends, up to so many
people, stops, follows up, and keeps templates and filters. admin: all of it, without a limit."""

ROLES: Final[tuple[Role, ...]] = ("viewer", "sender", "admin")
"""Each may what those before it may."""

Action = Literal[
    "sign_in",
    "sign_out",
    "open_draft",
    "delete_draft",
    "send",
    "send_test",
    "open_chat",
    "stop",
    "retry",
    "correct",
    "post",
    "archive",
    "record_answer",
    "chase",
    "save_template",
    "rename_template",
    "delete_template",
    "save_filter",
    "rename_filter",
    "delete_filter",
    "save_schedule",
    "pause_schedule",
    "resume_schedule",
    "delete_schedule",
    "export",
    "refresh_source",
    "refresh_feeds",
    "add_user",
    "change_user",
    "remove_user",
]

ACTIONS: Final[dict[Action, str]] = {
    "sign_in": "signed in",
    "sign_out": "signed out",
    "open_draft": "began a draft",
    "delete_draft": "deleted a draft",
    "send": "sent a message",
    "send_test": "sent a test to themselves",
    "open_chat": "opened a chat",
    "stop": "stopped a message",
    "retry": "sent again to those not reached",
    "correct": "sent a correction",
    "post": "posted in a chat",
    "archive": "archived a chat",
    "record_answer": "recorded an answer given by telephone",
    "chase": "asked those again who have not answered",
    "save_template": "saved a template",
    "rename_template": "renamed a template",
    "delete_template": "deleted a template",
    "save_filter": "saved a dynamic filter",
    "rename_filter": "renamed a dynamic filter",
    "delete_filter": "deleted a dynamic filter",
    "save_schedule": "saved a schedule",
    "pause_schedule": "paused a schedule",
    "resume_schedule": "resumed a schedule",
    "delete_schedule": "deleted a schedule",
    "export": "downloaded recipients or a chat",
    "refresh_source": "refreshed the source",
    "refresh_feeds": "refreshed the feeds of incidents",
    "add_user": "added a user",
    "change_user": "changed a user",
    "remove_user": "removed a user",
}
"""Every act that is recorded, in words."""

Outcome = Literal["done", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever acts.

    Attributes:
        name: As they signed in.
        role: What they may do.
        limit: To how many people they may send at once; None: to all.
    """

    name: str
    role: Role
    limit: int | None = None

    def may(self, least: Role) -> bool:
        """Tell whether they may do what a role may."""
        return ROLES.index(self.role) >= ROLES.index(least)
