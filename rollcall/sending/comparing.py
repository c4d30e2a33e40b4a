"""How the audience of a message differs from the one before it that was made with the same."""

from dataclasses import dataclass

from rollcall.domain.comparison import AudienceChange, compare_places
from rollcall.ledger.audiences import EarlierMessage, find_earlier_message, load_places
from rollcall.ledger.engine import Ledger
from rollcall.ledger.messages import load_message


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed since an earlier message, and which one that is."""

    earlier: EarlierMessage
    change: AudienceChange

    def tell(self) -> str:
        """Say what changed in one line that names no person."""
        earlier = f"message {self.earlier.message_id} with {self.earlier.shared}"
        return f"compared with {earlier}: {self.change.tell()}"


def compare_with_earlier(ledger: Ledger, message_id: str) -> Comparison | None:
    """Compare the frozen audience of a message with that of the one before.

    Returns:
        None where it was made neither from a template nor with a dynamic filter as its whole
        selection, is the first one, or was not selected yet, or where retention has removed from
        one of both where people were.

    Raises:
        InputError: There is no such message.
    """
    message = load_message(ledger, message_id)
    earlier = find_earlier_message(ledger, message)
    if earlier is None or message.audience_digest is None:
        return None
    before, now = load_places(ledger, earlier.message_id), load_places(ledger, message_id)
    both = (earlier.message_id, message_id)  # asked after the places were read
    if any(load_message(ledger, one).erased_at is not None for one in both):
        return None
    return Comparison(earlier, compare_places(before, now))
