"""What members write: plain text without what could deceive whoever reads it."""

import re
from typing import Final, Literal, NamedTuple

from rollcall.domain.chats import MOST_POST_CHARS

TextProblem = Literal["empty", "long", "controls"]
"""Why a text is not taken: there is none, it is too long, or it holds what is no text."""

_STEERING: Final = re.compile("[\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff]")
"""Embeddings, overrides and isolates of the bidirectional algorithm, and separators: phones paste
some of them along with numbers, others write "exe.fdp" for a file; no text needs them."""

_CONTROLS: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffd\ufffe\uffff]"
)
"""Neither tab nor line feed; also what stands for bytes that are no UTF-8."""


class MemberText(NamedTuple):
    """A text as it can be kept, and why the one that was written is refused, if it is."""

    text: str
    problem: TextProblem | None


def clean_text(written: str) -> MemberText:
    """Return what can be kept of a text that somebody wrote.

    Signs that only steer the direction of writing are left out without a word. Control characters
    are left out too, but then the text is refused: its writer should look at it once more.
    """
    lines = written.replace("\r\n", "\n").replace("\r", "\n")
    told = _STEERING.sub("", lines)
    text = _CONTROLS.sub("", told)
    if text != told:
        return MemberText(text.strip(), "controls")
    text = text.strip()
    if len(text) > MOST_POST_CHARS:
        return MemberText(text, "long")
    return MemberText(text, None if text else "empty")
