"""How a message travels, and what it asks, as filled in."""

from typing import Any

from pydantic import ConfigDict

from rollcall.domain.forms.fields import FormPart, Name, Usual, entry, said
from rollcall.domain.message import Channel


class MessageChoices(FormPart):
    """The options of a message."""

    model_config = ConfigDict(title="Options")

    include_email: Usual = entry(0, "Email", "Usually yes.", "as usual")
    include_sms: Usual = entry(1, "SMS", "Usually no.", "as usual")
    include_push: Usual = entry(2, "App", "Notify those who have it.", "as usual")
    high_quality_sms: Usual = entry(
        3, "High quality SMS", "Try other routes, many times, until accepted.", "as usual"
    )
    ok_request: Usual = entry(4, 'Ask "Are you OK?"', "By a personal link.", "as usual")
    managers_only: Usual = entry(
        5, "Managers only", "Facilities stand for their managers alone.", "as usual"
    )
    life_safety: Usual = entry(
        6, "Life safety", "SMS also to those who asked for no more (STOP).", "as usual"
    )

    def to_json(self) -> dict[str, bool]:
        """Return the options that are not as usual."""
        chosen = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: one == "yes" for name, one in chosen.items() if one != "as usual"}


class ChatChoices(MessageChoices):
    """The options of a chat."""

    model_config = ConfigDict(title="Options")

    members_see_replies: Usual = entry(
        7, "Members see replies", "Of each other; usually only administrators do.", "as usual"
    )


class ReminderForm(FormPart):
    """One reminder of those who have not answered."""

    model_config = ConfigDict(title="Reminder")

    after_min: int = entry(0, "After minutes", "Since the chat was opened.", ge=1)
    channels: tuple[Channel, ...] = entry(1, "By", "How they are reminded.", ("email",))
    notify: tuple[Name, ...] = entry(
        2, "Tell instead", "`manager`, or ids of people. Empty: they are reminded.", ()
    )

    def to_json(self) -> dict[str, Any]:
        """Return a rung of the ladder."""
        told = said(channels=self.channels, notify=self.notify)
        return {"after_min": self.after_min} | told
