"""What is said, as filled in."""

from typing import Any, Final

from pydantic import ConfigDict

from rollcall.domain.forms.fields import FormPart, entry, said

STORED: Final = "Prefect keeps what is typed here: no names and no numbers of people."

_LANGUAGE: Final = "Tag of the language, such as en or pt-BR. Empty: not said."


class MessageWording(FormPart):
    """What a message says; `{{ name }}` and the like are filled in for each recipient."""

    model_config = ConfigDict(title="A text of its own")

    subject: str = entry(0, "Subject", f"Of the email. {STORED}", min_length=1)
    text: str = entry(1, "Text", f"The email. {STORED}", min_length=1)
    sms: str = entry(2, "SMS", "A shorter text for SMS. Empty: the text.", "")
    language: str = entry(3, "Language", _LANGUAGE, "")

    def to_json(self) -> dict[str, Any]:
        """Return the keys of a message that it stands for."""
        told = said(sms=self.sms, language=self.language)
        return {"content": {"subject": self.subject, "text": self.text} | told}


class ChatWording(FormPart):
    """What a chat begins with; everybody reads the same."""

    model_config = ConfigDict(title="A text of its own")

    title: str = entry(0, "Title", f"Also the subject of the invitation. {STORED}", min_length=1)
    post: str = entry(1, "First post", f"Plain text. {STORED}", min_length=1)
    sms: str = entry(2, "SMS", "What the SMS says instead. Empty: the post.", "")
    language: str = entry(3, "Language", _LANGUAGE, "")

    def to_json(self) -> dict[str, Any]:
        """Return the keys of a chat that it stands for.

        All of a template's words are replaced: its translations would say what they said before.
        """
        told = {"title": self.title, "post": self.post, "sms": self.sms or None}
        return told | {"language": self.language or None, "translations": {}}
