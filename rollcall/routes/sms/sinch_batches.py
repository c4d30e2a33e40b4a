"""Cut messages into Sinch's batches so that every report finds its attempt.

A batch has one id, one reference and one callback address for all its recipients, and a report
names the recipient by number only. So the address holds a table: for each recipient a tag, which is
the beginning of a keyed hash of the number, and the attempt. Whoever reads the report computes the
hash of its number and finds the attempt, even where the answer to the submit was lost; no number is
kept anywhere.
"""

import base64
import hmac
import re
from collections.abc import Iterator, Sequence
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

TAG_CHARACTERS = 5
"""How much of a recipient's name stands in a table: enough to tell those of one batch apart."""

_NAME_CHARACTERS = 16
_ENTRY_CHARACTERS = TAG_CHARACTERS + 22 + 1
_FEW_TEXTS = 10
_HEX_ID = re.compile(r"[0-9a-f]{32}")
_PACKED_ID = re.compile(r"[A-Za-z0-9_-]{22}")


@dataclass(slots=True)
class Batch:
    """Messages that go in one request.

    Attributes:
        places: Where each stands in what was cut.
        submissions: The messages.
        names: The name of each recipient by tag; no two tags are the same, so neither are two
            recipients.
        echo_bytes: About how much the answer will repeat.
    """

    places: list[int] = field(default_factory=list)
    submissions: list[Submission] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    echo_bytes: int = 0

    def provider_ids(self, batch_id: str) -> list[str]:
        """Return an id for each recipient's part of the batch; holds no number."""
        return [name_part(batch_id, name) for name in self.names.values()]


class RecipientKey:
    """Names recipients without their numbers: by a keyed hash, the same in every process.

    Args:
        secret: The key; whoever has it can test a guessed number.
    """

    def __init__(self, secret: str) -> None:
        self._key = secret.encode()

    def name(self, number: str) -> str:
        """Return a recipient's name: 16 characters that tell all recipients apart."""
        digits = number.removeprefix("+")  # reports name recipients without it
        digest = hmac.digest(self._key, f"sinch recipient {digits}".encode(), "sha256")
        return digest.hex()[:_NAME_CHARACTERS]


def name_part(batch_id: str, name: str) -> str:
    """Return the id of one recipient's part of a batch."""
    return f"{batch_id}:{name}"


def cut_batches(
    submissions: Sequence[Submission], key: RecipientKey, callback: str | None
) -> list[Batch]:
    """Cut messages into batches that Sinch takes and whose reports can be told apart.

    Messages with a text in common go together where there are few texts; else those that need
    equally many parameters.

    Args:
        submissions: The messages.
        key: Names the recipients.
        callback: Where Sinch reports; None where it does not, and needs no table.
    """
    texts = {each.text for each in submissions}
    are_few = len(texts) * _FEW_TEXTS <= len(submissions)
    most, tag_characters = count_recipients(callback), TAG_CHARACTERS if callback else None
    groups: dict[str | int, list[Batch]] = {}
    for place, submission in enumerate(submissions):
        text, name = submission.text, key.name(submission.address)
        batches = groups.setdefault(text if are_few else len(split_text(text)), [])
        tag, echo_bytes = name[:tag_characters], count_echo_bytes(text)
        batch = _find_room(batches, tag, echo_bytes, most)
        batch.places.append(place)
        batch.submissions.append(submission)
        batch.names[tag] = name
        batch.echo_bytes += echo_bytes
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
    return TABLE + ".".join(map("".join, zip(batch.names, attempts, strict=True)))


def read_reference(reference: str, name: str) -> str | None:
    """Return the attempt that a reference names for a recipient, None where it names none."""
    if not reference.startswith(TABLE):
        return reference or None
    for entry in reference.removeprefix(TABLE).split("."):
        if entry.startswith(name[:TAG_CHARACTERS]):
            return _unpack(entry[TAG_CHARACTERS:])
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


def _find_room(batches: list[Batch], tag: str, echo_bytes: int, most: int) -> Batch:
    """Return the first batch that can take a message, a new one where none can."""
    for batch in batches:
        if (
            len(batch.places) < most
            and tag not in batch.names
            and batch.echo_bytes + echo_bytes <= MAX_ECHO_BYTES
        ):
            return batch
    batches.append(Batch())
    return batches[-1]


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
