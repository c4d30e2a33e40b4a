import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rollcall.domain.audience import Audience, Position, Recipient
from rollcall.domain.preview.expectation import fingerprint_members
from rollcall.errors import ConfigError
from rollcall.sending.previews import KEPT_COUNT, PreviewStore

ANA = Recipient("ana", "Ana", "ana@example.org", "+12025550100", None, None, Position("none"), ())
AUDIENCE = Audience(datetime(2026, 11, 23, 6, tzinfo=UTC), (ANA, replace(ANA, person_id="bo")), ())
DIGEST = "a" * 64


@pytest.fixture
def previews(tmp_path: Path) -> PreviewStore:
    return PreviewStore(tmp_path / "previews")


def test_preview_is_recalled_as_it_was(previews: PreviewStore) -> None:
    previews.remember(DIGEST, AUDIENCE)
    previews.remember(DIGEST, AUDIENCE)
    assert previews.recall(DIGEST) == fingerprint_members(AUDIENCE.recipients)


@pytest.mark.parametrize("digest", ["b" * 64, "", "../" + "a" * 64, "A" * 64])
def test_what_was_never_previewed_is_not_known(previews: PreviewStore, digest: str) -> None:
    previews.remember(DIGEST, AUDIENCE)
    assert previews.recall(digest) is None


def test_spoilt_file_is_no_preview(previews: PreviewStore) -> None:
    previews.remember(DIGEST, AUDIENCE)
    (previews.folder / f"{DIGEST}.parquet").write_bytes(b"PAR1")
    assert previews.recall(DIGEST) is None


def test_only_the_newest_are_kept(previews: PreviewStore) -> None:
    for number in range(KEPT_COUNT + 1):
        digest = f"{number:064x}"
        previews.remember(digest, AUDIENCE)
        os.utime(previews.folder / f"{digest}.parquet", (number, number))
    previews.remember(DIGEST, AUDIENCE)
    assert len(list(previews.folder.iterdir())) == KEPT_COUNT
    assert previews.recall(f"{0:064x}") is None
    assert previews.recall(DIGEST)


def test_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "previews").write_text("a file is in the way")
    with pytest.raises(ConfigError, match="previews"):
        PreviewStore(tmp_path / "previews").remember(DIGEST, AUDIENCE)


def test_nothing_of_a_person_lies_in_the_file(previews: PreviewStore) -> None:
    previews.remember(DIGEST, AUDIENCE)
    kept = (previews.folder / f"{DIGEST}.parquet").read_bytes()
    assert b"example.org" not in kept
    assert b"2025550100" not in kept
