"""What an administrator posts in a chat that goes on, and the notice that tells members of it."""

from typing import Any, Final

from pydantic import Field, ValidationError, field_validator

from rollcall.domain.chat_request import require_plain
from rollcall.domain.content import MAX_TEXT_CHARS, Language, MessageContent
from rollcall.domain.message import Channel, FollowUp, MessageOptions, MessageRequest
from rollcall.domain.strict_json import parse_json
from rollcall.domain.strict_model import StrictModel
from rollcall.domain.validation_text import first_mistake
from rollcall.errors import RequestError


class PostText(StrictModel):
    """A post in one language; everybody reads the same.

    Attributes:
        post: Plain text.
        sms: What the SMS of a notice says instead; a template.
    """

    post: str = Field(min_length=1, max_length=MAX_TEXT_CHARS)
    sms: str | None = Field(default=None, min_length=1, max_length=MAX_TEXT_CHARS)

    @field_validator("post")
    @classmethod
    def _refuse_template(cls, text: str) -> str:
        return require_plain(text)


class PostRequest(PostText):
    """A post as an administrator writes it, in one language or several.

    Attributes:
        translations: The same by BCP 47 tag.
    """

    translations: dict[Language, PostText] = Field(default_factory=dict)

    def texts(self) -> dict[str, str]:
        """Return the translations of the post, by tag."""
        return {tag: one.post for tag, one in self.translations.items()}


_KNOWN_KEYS: Final = [*PostRequest.model_fields]


def parse_post(text: str | bytes) -> PostRequest:
    """Read a post from JSON.

    Raises:
        RequestError: Not JSON, an unknown key, or a wrong value.
    """
    try:
        asked = parse_json(text)
    except ValueError as error:
        raise RequestError(f"post is not valid JSON: {error}") from error
    return make_post(asked)


def make_post(asked: Any) -> PostRequest:
    """Return a post, checked.

    Raises:
        RequestError: An unknown key, or a wrong value.
    """
    try:
        return PostRequest.model_validate(asked)
    except ValidationError as error:
        raise RequestError(f"post: {first_mistake(error, _KNOWN_KEYS)}") from error


def make_notice(
    post: PostRequest,
    opening: MessageRequest,
    opening_id: str,
    chat_id: str,
    channels: tuple[Channel, ...],
) -> MessageRequest:
    """Return the message that tells all members of a post.

    It needs no confirmation: the same post twice is two posts, each under a key of its own.

    Args:
        post: What was posted.
        opening: The message that opened the chat: its title and its care for SMS are kept.
        opening_id: Its id.
        chat_id: The chat.
        channels: How members are told; at least one.
    """
    sms = "sms" in channels
    options = MessageOptions(
        include_email="email" in channels,
        include_sms=sms,
        include_push="push" in channels,
        high_quality_sms=sms and opening.options.high_quality_sms,
        life_safety=opening.options.life_safety,
    )
    return MessageRequest(
        content=_write_notice(post, opening.content),
        follow_up=FollowUp(message_id=opening_id, who="members"),
        options=options,
        notice_in=chat_id,
        confirmed=True,
    )


def _write_notice(post: PostRequest, opened: MessageContent) -> MessageContent:
    titles = {tag: one.subject for tag, one in opened.translations.items()}
    told = {
        "subject": opened.subject,
        "text": post.post,
        "sms": post.sms,
        "language": opened.language,
        "translations": {
            tag: {"subject": titles.get(tag, opened.subject), "text": one.post, "sms": one.sms}
            for tag, one in post.translations.items()
        },
    }
    try:
        return MessageContent.model_validate(told)
    except ValidationError as error:
        raise RequestError(f"post: {first_mistake(error, _KNOWN_KEYS)}") from error
