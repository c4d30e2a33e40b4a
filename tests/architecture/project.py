"""Where the project's own files are."""

from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
MADE_BY_TOOLS = {".git", ".venv", "__pycache__", "build", "dist", "node_modules"}


def list_files(suffix: str = "") -> Iterator[Path]:
    """Yield the files that people write, below the project and relative to it."""
    for path in sorted(PROJECT.rglob(f"*{suffix}")):
        relative = path.relative_to(PROJECT)
        if path.is_file() and not _is_made_by_tools(relative):
            yield relative


def _is_made_by_tools(path: Path) -> bool:
    is_cache = any(part.endswith(("_cache", ".egg-info")) for part in path.parts)
    is_local = path.parts[:2] == ("data", "local") or path.parts[0] == ".hypothesis"
    return is_cache or is_local or not MADE_BY_TOOLS.isdisjoint(path.parts)
