"""What a check-in asks, as an administrator says it."""

from collections.abc import Sequence

from rollcall.domain.literal_text import strip_braces
from rollcall.domain.message import MessageOptions, MessageRequest
from rollcall.domain.reminder_texts import write_question
from rollcall.domain.selection import Selection
from rollcall.errors import InputError

_SUBJECT_CHARS = 100


def ask_people(
    name: str, people: Sequence[str], groups: Sequence[str], *, include_sms: bool
) -> MessageRequest:
    """Return the question to people and groups, in all languages of the portal.

    Args:
        name: Of the check-in: the subject.
        people: By id.
        groups: By name.
        include_sms: Whether SMS are sent too.
    """
    return MessageRequest(
        content=write_question(strip_braces(name, _SUBJECT_CHARS)),
        selection=Selection(people=tuple(people), groups=tuple(groups)),
        options=MessageOptions(include_sms=include_sms, ok_request=True),
    )


def require_repeatable(request: MessageRequest) -> MessageRequest:
    """Return the request of a message as a check-in asks it again and again.

    Raises:
        InputError: It is one that can only be sent once; names the key.
    """
    once = {
        "follow_up": request.follow_up,
        "chat": request.chat,
        "notice_in": request.notice_in,
        "expires_at": request.expires_at,
        "expected_audience": request.expected_audience,
    }
    for key, value in once.items():
        if value is not None:
            raise InputError(f"message: {key}: a check-in is asked again and again, and has none")
    options = request.options.model_copy(update={"ok_request": True})
    return request.model_copy(update={"options": options})
