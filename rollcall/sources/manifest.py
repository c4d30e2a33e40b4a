"""What is written beside a kept version, and the pointer to the one in use."""

from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError


class Manifest(BaseModel):
    """What a kept version is; its presence says that the version is complete.

    Attributes:
        version: Hash of the source's files and of the rules they were checked by.
        source: The folder it was read from; absolute, so that it is the same from everywhere.
        validated_at: When, aware UTC.
        row_counts: Good rows of every table.
        file_sizes: Bytes of every Parquet file of the version.
    """

    model_config = ConfigDict(frozen=True)

    version: str
    source: str
    validated_at: datetime
    row_counts: dict[str, int]
    file_sizes: dict[str, int]


class Pointer(BaseModel):
    """Which version of a source is in use.

    Attributes:
        version: Its id.
        fingerprint: The source's files as they were seen: while they look the same, they are.
    """

    model_config = ConfigDict(frozen=True)

    version: str
    fingerprint: str


MANIFEST_NAME = "manifest.json"
POINTER_NAME = "current.json"


def read_manifest(version_folder: Path) -> Manifest | None:
    """Read the manifest of a version; None where the version is missing, or is not whole."""
    try:
        manifest = Manifest.model_validate_json((version_folder / MANIFEST_NAME).read_bytes())
        sizes = {name: (version_folder / name).stat().st_size for name in manifest.file_sizes}
    except (OSError, ValidationError):
        return None
    return manifest if sizes == manifest.file_sizes else None


def read_pointer(source_folder: Path) -> Pointer | None:
    """Read which version is in use; None where none is, or the pointer is damaged."""
    try:
        return Pointer.model_validate_json((source_folder / POINTER_NAME).read_bytes())
    except (OSError, ValidationError):
        return None


def read_pointer_date(source_folder: Path) -> datetime | None:
    """Read when the version in use was last looked at, aware UTC; None where none is in use."""
    try:
        return datetime.fromtimestamp((source_folder / POINTER_NAME).stat().st_mtime, UTC)
    except OSError:
        return None
