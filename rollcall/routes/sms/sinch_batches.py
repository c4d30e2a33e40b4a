"""Cut messages into Sinch's batches so that every report finds its attempt.

A batch has one id, one reference and one callback address for all its recipients, and a report
names the recipient by number only. So the address holds a table: for each recipient a tag, which is
a keyed hash of the number, and the attempt. Whoever reads the report computes the tag of its number
and finds the attempt, even where the answer to the submit was lost, and no number is kept anywhere.
"""

import base64
import hmac
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from rollcall.routes.base import Submission
from rollcall.routes.callbacks import callback_url
from rollcall.routes.transport import MAX_ANSWER_BYTES

MAX_RECIPIENTS = 1000
"""Of a batch (vendor's description of the API)."""

MAX_URL_CHARACTERS = 2048
"""Of a callback's address (vendor's description of the API)."""

MAX_VALUE_CHARACTERS = 160
"""Of one parameter's value, by the vendor's older guide; the newer one names no limit. A longer
text travels as several parameters in a row."""

MAX_ECHO_BYTES = MAX_ANSWER_BYTES * 3 // 4
"""Most that the texts of a batch may come to: Sinch's answer repeats them, and we read no more."""

TABLE = "b."
"""How a reference begins that is a table of attempts."""

_TAG_CHARACTERS = 3
_ENTRY_CHARACTERS = 26
_FEW_TEXTS = 10
_HEX_ID = re.compile(r"[0-9a-f]{32}")
_PACKED_ID = re.compile(r"[A-Za-z0-9_-]{22}")


@dataclass(slots=True)
class Batch:
    """Messages that go in one request.

    Attributes:
        places: Where each stands in what was cut.
        submissions: The messages.
        tags: The tag of each; no two are the same, so neither are two recipients.
        echo_bytes: About how much the answer will repeat.
    """

    places: list[int] = field(default_factory=list)
    submissions: list[Submission] = field(default_factory=list)
    tags: dict[str, None] = field(default_factory=dict)
    echo_bytes: int = 0

    def add(self, place: int, submission: Submission, tag: str) -> None:
        """Take one more message."""
        self.places.append(place)
        self.submissions.append(submission)
        self.tags[tag] = None
        self.echo_bytes += count_echo_bytes(submission.text)


class RecipientKey:
    """Names recipients without their numbers: by a keyed hash, the same in every process.

    Args:
        secret: The key; whoever has it can test a guessed number.
    """

    def __init__(self, secret: str) -> None:
        self._key = secret.encode()

    def tag(self, number: str) -> str:
        """Return a recipient's tag, which tells the few recipients of a batch apart."""
        return base64.urlsafe_b64encode(self._digest(number)).decode()[:_TAG_CHARACTERS]

    def name(self, number: str) -> str:
        """Return a recipient's name, which tells all recipients apart."""
        return self._digest(number).hex()[:16]

    def provider_id(self, batch_id: str, number: str) -> str:
        """Return an id for one recipient's part of a batch."""
        return f"{batch_id}:{self.name(number)}"

    def _digest(self, number: str) -> bytes:
        digits = number.removeprefix("+")  # reports name recipients without it
        return hmac.digest(self._key, f"sinch recipient {digits}".encode(), "sha256")


def cut_batches(
    submissions: Sequence[Submission], tag_of: Callable[[str], str], max_recipients: int
) -> list[Batch]:
    """Cut messages into batches that Sinch takes and whose reports can be told apart.

    Messages with a text in common go together where there are few texts; else those that need
    equally many parameters.

    Args:
        submissions: The messages.
        tag_of: Names a recipient by number; two of one name never share a batch.
        max_recipients: Most in one batch.
    """
    texts = {each.text for each in submissions}
    are_few = len(texts) * _FEW_TEXTS <= len(submissions)
    groups: dict[str | int, list[Batch]] = {}
    for place, submission in enumerate(submissions):
        group: str | int = submission.text if are_few else len(split_text(submission.text))
        tag = tag_of(submission.address)
        batches = groups.setdefault(group, [])
        batch = _find_room(batches, submission, tag, max_recipients)
        if batch is None:
            batches.append(batch := Batch())
        batch.add(place, submission, tag)
    return [batch for batches in groups.values() for batch in batches]


def count_recipients(callback: str | None) -> int:
    """Return how many recipients a batch can have: as many as its callback's address can name."""
    address = callback_url(callback, TABLE)
    if address is None:
        return MAX_RECIPIENTS
    return max(1, min(MAX_RECIPIENTS, (MAX_URL_CHARACTERS - len(address)) // _ENTRY_CHARACTERS))


def write_reference(batch: Batch) -> str:
    """Return the reference that names a batch's attempts: of one its id, of more a table."""
    if len(batch.submissions) == 1:
        return batch.submissions[0].attempt_id
    attempts = (_pack(each.attempt_id) for each in batch.submissions)
    return TABLE + ".".join(map("".join, zip(batch.tags, attempts, strict=True)))


def read_reference(reference: str, tag: str) -> str | None:
    """Return the attempt that a reference names for a recipient's tag, None where it names none."""
    if not reference.startswith(TABLE):
        return reference or None
    for entry in reference.removeprefix(TABLE).split("."):
        if entry.startswith(tag):
            return _unpack(entry[_TAG_CHARACTERS:])
    return None


def describe_texts(submissions: Sequence[Submission]) -> dict[str, Any]:
    """Return `body` and, where it needs any, `parameters` of a batch.

    A body that holds `${` by chance would be read as naming a parameter, and fail; such a text is a
    parameter itself.
    """
    text = submissions[0].text
    if "${" not in text and all(each.text == text for each in submissions):
        return {"body": text}
    parameters: dict[str, dict[str, str]] = {}
    for submission in submissions:
        for number, piece in enumerate(split_text(submission.text)):
            values = parameters.setdefault(f"t{number}", {})
            values[submission.address.removeprefix("+")] = piece
    return {"body": "".join(f"${{{name}}}" for name in parameters), "parameters": parameters}


def split_text(text: str) -> list[str]:
    """Split a text into parameters' values, without splitting a character.

    Characters are counted as UTF-16 does it, in which one beyond the basic plane counts twice.
    """
    if len(text) <= MAX_VALUE_CHARACTERS // 2 or (
        len(text) <= MAX_VALUE_CHARACTERS and text.isascii()
    ):
        return [text]
    return list(_cut_pieces(text))


def count_echo_bytes(text: str) -> int:
    """Return about how much of an answer repeats a message: its text, escaped, and two numbers."""
    return (len(text) if text.isascii() else 6 * len(text)) + 64


def _find_room(
    batches: list[Batch], submission: Submission, tag: str, max_recipients: int
) -> Batch | None:
    added_bytes = count_echo_bytes(submission.text)
    for batch in batches:
        if (
            len(batch.submissions) < max_recipients
            and tag not in batch.tags
            and batch.echo_bytes + added_bytes <= MAX_ECHO_BYTES
        ):
            return batch
    return None


def _cut_pieces(text: str) -> Iterator[str]:
    start = units = 0
    for place, character in enumerate(text):
        width = 2 if character > "\uffff" else 1
        if units + width > MAX_VALUE_CHARACTERS:
            yield text[start:place]
            start, units = place, 0
        units += width
    yield text[start:]


def _pack(attempt_id: str) -> str:
    """Write an attempt's id as 22 characters; one of another form as it is, marked."""
    if not _HEX_ID.fullmatch(attempt_id):
        return f"~{attempt_id}"
    return base64.urlsafe_b64encode(bytes.fromhex(attempt_id)).decode().rstrip("=")


def _unpack(packed: str) -> str | None:
    if packed.startswith("~"):
        return packed[1:]
    if not _PACKED_ID.fullmatch(packed):
        return None
    return base64.urlsafe_b64decode(f"{packed}==").hex()
