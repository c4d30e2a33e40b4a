"""Insist that the audience of a send is the one that was previewed."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rollcall.domain.audience import Audience, Recipient, digest_preview, iterate_members
from rollcall.errors import SelectionError

SHOWN_DIGEST_CHARS = 12

FINGERPRINT_BYTES = 16
"""Enough to tell people apart, and nothing to tell who they are by looking at it."""


@dataclass(frozen=True, slots=True)
class PreviewDifference:
    """How an audience differs from the one previewed, in people.

    Attributes:
        added_count: Who was not in the preview.
        removed_count: Who was in it only.
        changed_count: Who is in both, with another address or other reasons.
    """

    added_count: int
    removed_count: int
    changed_count: int

    def tell(self) -> str:
        """Say the difference in words."""
        return (
            f"+{self.added_count} −{self.removed_count} people, "  # noqa: RUF001 - a minus
            f"{self.changed_count} with another address or reason"
        )


def require_expected(audience: Audience, digest: str, previewed: Mapping[str, str] | None) -> None:
    """Refuse an audience that is not the one previewed.

    Args:
        audience: Who is meant now.
        digest: That of the preview.
        previewed: The fingerprints of the people in the preview (`fingerprint_members`); None where
            they are not known here.

    Raises:
        SelectionError: Another audience; says in numbers how it differs.
    """
    if digest_preview(audience.recipients) == digest:
        return
    now = f"it means {len(audience.recipients)} people now"
    if previewed is None:
        how = f"{now}, and that preview is not kept here to compare with"
    else:
        difference = compare_fingerprints(previewed, fingerprint_members(audience.recipients))
        how = f"{difference.tell()}; {now}"
    raise SelectionError(
        f"selection does not mean the audience previewed as {digest[:SHOWN_DIGEST_CHARS]}…: "
        f"{how}; nothing was sent"
    )


def compare_fingerprints(before: Mapping[str, str], now: Mapping[str, str]) -> PreviewDifference:
    """Count how two audiences differ by the fingerprints of their people."""
    both = before.keys() & now.keys()
    return PreviewDifference(
        added_count=len(now.keys() - both),
        removed_count=len(before.keys() - both),
        changed_count=sum(before[one] != now[one] for one in both),
    )


def fingerprint_members(recipients: Iterable[Recipient]) -> dict[str, str]:
    """Return what is kept of a preview: for everybody a fingerprint of who and one of the rest.

    Neither shows a person's id, address or reason.
    """
    return {
        _fingerprint(person_id): _fingerprint(line)
        for person_id, line in iterate_members(recipients)
    }


def _fingerprint(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=FINGERPRINT_BYTES).hexdigest()
