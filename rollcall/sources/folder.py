"""A source that is a folder of files: which file holds which table, and reading them."""

from collections.abc import Callable
from pathlib import Path

from rollcall.errors import SourceError
from rollcall.sources.csv_rows import read_csv_rows
from rollcall.sources.json_rows import read_json_rows
from rollcall.sources.parquet_rows import read_parquet_rows
from rollcall.sources.raw_rows import RawRows, build_text_rows
from rollcall.sources.tables import TABLES, Table

READERS: dict[str, Callable[[Path, Table], RawRows]] = {
    ".csv": read_csv_rows,
    ".jsonl": read_json_rows,
    ".parquet": read_parquet_rows,
}
"""How a file is read, by the end of its name."""


def find_files(folder: Path) -> dict[str, Path]:
    """Return the file of each table that the folder has, in the contract's order.

    Raises:
        SourceError: There is no such folder, a table has two files, or `people` has none.
    """
    files: dict[str, Path] = {}
    for path in _list_files(folder):
        name = path.stem.casefold()
        if name in files:
            first, second = sorted((files[name].name, path.name))
            raise SourceError(f"the table {name} is there twice in {folder}: {first} and {second}")
        files[name] = path
    for table in TABLES.values():
        if table.required and table.name not in files:
            expected = " or ".join(table.name + suffix for suffix in READERS)
            raise SourceError(f"there is no {expected} in {folder}")
    return {name: files[name] for name in TABLES if name in files}


def read_table(files: dict[str, Path], table: Table) -> RawRows:
    """Read one table's rows as they are; none where the source has no file for it.

    Raises:
        SourceError: Its file cannot be read at all.
    """
    path = files.get(table.name)
    if path is None:
        return RawRows(build_text_rows(table, [], {}), [])
    return READERS[path.suffix.casefold()](path, table)


def _list_files(folder: Path) -> list[Path]:
    """Return the files that are tables by their names."""
    try:
        paths = sorted(folder.iterdir())
    except OSError as exc:
        raise SourceError(f"the source {folder} cannot be read: {exc.strerror}") from exc
    return [
        path
        for path in paths
        if path.stem.casefold() in TABLES and path.suffix.casefold() in READERS and path.is_file()
    ]
