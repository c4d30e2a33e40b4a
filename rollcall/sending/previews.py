"""Previews that were made on this machine, so that a send can say how its audience differs."""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from rollcall.domain.audience import Audience
from rollcall.domain.preview.expectation import fingerprint_members
from rollcall.errors import ConfigError

KEPT_COUNT = 50
"""Older previews are forgotten; a send that insists on one is still refused, without numbers."""

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class PreviewStore:
    """A folder with one file for each digest; it holds fingerprints, no ids and no addresses.

    Attributes:
        folder: Made when the first preview is kept.
    """

    folder: Path

    def remember(self, digest: str, audience: Audience) -> None:
        """Keep what a preview showed; the same twice is once.

        Raises:
            ConfigError: The folder cannot be written.
        """
        fingerprints = fingerprint_members(audience.recipients)
        columns = {"person": list(fingerprints), "entry": list(fingerprints.values())}
        rows = pl.DataFrame(columns, schema={"person": pl.String, "entry": pl.String})
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.folder) as partial:
                written = Path(partial) / "preview"
                rows.write_parquet(written)
                written.replace(self._path(digest))
            self._forget_old()
        except OSError as error:
            told = f"the preview cannot be kept in {self.folder}: {error.strerror}"
            raise ConfigError(told) from error

    def recall(self, digest: str) -> dict[str, str] | None:
        """Return the fingerprints of a preview's people; None where it is not kept here."""
        path = self._path(digest) if _DIGEST.fullmatch(digest) else None
        if path is None or not path.is_file():
            return None
        try:
            rows = pl.read_parquet(path, glob=False)
            return dict(rows.select("person", "entry").iter_rows())
        except (OSError, pl.exceptions.PolarsError):
            return None  # whatever became of the file, the digest alone decides

    def _path(self, digest: str) -> Path:
        return self.folder / f"{digest}.parquet"

    def _forget_old(self) -> None:
        kept = sorted(self.folder.glob("*.parquet"), key=_age, reverse=True)
        for path in kept[KEPT_COUNT:]:
            path.unlink(missing_ok=True)


def _age(path: Path) -> float:
    return path.stat().st_mtime
