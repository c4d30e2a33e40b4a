from dataclasses import replace
from datetime import UTC, datetime

import pytest

from rollcall.domain.audience import Audience, Position, Recipient, digest_preview
from rollcall.domain.preview.expectation import fingerprint_members, require_expected
from rollcall.errors import SelectionError

MOMENT = datetime(2026, 11, 23, 6, tzinfo=UTC)
ANA = Recipient("ana", "Ana", "ana@example.org", "+12025550100", None, None, Position("none"), ())
BO, CY, DI = (replace(ANA, person_id=name) for name in ("bo", "cy", "di"))
PREVIEWED = (ANA, BO, CY)
DIGEST = digest_preview(PREVIEWED)


def refusal(*recipients: Recipient, keeps_preview: bool = True) -> str:
    previewed = fingerprint_members(PREVIEWED) if keeps_preview else None
    with pytest.raises(SelectionError) as refused:
        require_expected(Audience(MOMENT, recipients, ()), DIGEST, previewed)
    return str(refused.value)


def test_audience_that_was_previewed_passes_whether_the_preview_is_kept_or_not() -> None:
    moved = replace(ANA, position=Position("report", "JP", 35.0, 139.0, MOMENT))
    audience = Audience(MOMENT, (moved, BO, CY), ())
    require_expected(audience, DIGEST, None)
    require_expected(audience, DIGEST, fingerprint_members(PREVIEWED))


def test_difference_is_told_in_numbers() -> None:
    told = refusal(ANA, replace(BO, phone=None), DI, replace(DI, person_id="ed"))
    assert told == (
        f"selection does not mean the audience previewed as {DIGEST[:12]}…: +2 −1 people, "  # noqa: RUF001
        "1 with another address or reason; it means 4 people now; nothing was sent"
    )


def test_preview_that_is_not_kept_here_refuses_all_the_same() -> None:
    told = refusal(ANA, keeps_preview=False)
    assert "it means 1 people now, and that preview is not kept here" in told


def test_fingerprints_show_nothing_of_a_person() -> None:
    shown = str(fingerprint_members([ANA]))
    assert not any(part in shown for part in ("ana", "example.org", "2025550100"))
