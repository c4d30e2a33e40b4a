"""A kept version as a DuckDB file: each send's snapshot begins as a copy of it.

To load tables anew takes most of what building a snapshot takes, and every send would do the same.
"""

from pathlib import Path
from typing import Final

import duckdb
import polars as pl

from rollcall.sources.durability import sync_to_disk
from rollcall.sources.reference import load_booking_places

LOADED_NAME: Final = "loaded.duckdb"
"""Its name in the version's folder; versions that were kept by older releases have none."""

CLOSED_SETTINGS: Final[dict[str, str | bool | int | float | list[str]]] = {
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,  # a query names tables, never variables of Python
    "temp_directory": "",  # people's data is not spilled beside the snapshot
}


def write_loaded(folder: Path, tables: dict[str, pl.DataFrame]) -> None:
    """Write a version's tables, and the airports.

    Args:
        folder: The version's.
        tables: All of them, by name.

    Raises:
        OSError: It cannot be written.
    """
    path = folder / LOADED_NAME
    try:
        with duckdb.connect(path, config=CLOSED_SETTINGS) as connection:
            for name, rows in tables.items():
                create_table(connection, name, rows)
            create_table(connection, "airports", load_booking_places())
    except duckdb.Error as error:  # a full disk is one of several kinds
        raise OSError(f"{LOADED_NAME} cannot be written: {type(error).__name__}") from error
    path.chmod(0o600)
    sync_to_disk(path)


def create_table(connection: duckdb.DuckDBPyConnection, name: str, rows: pl.DataFrame) -> None:
    """Create a table with these rows; one of that name is replaced."""
    connection.register("incoming", rows.to_arrow())
    connection.execute(f"create or replace table {quote_name(name)} as select * from incoming")  # noqa: S608 - quoted
    connection.unregister("incoming")


def quote_name(name: str) -> str:
    """Return a name as SQL takes it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'
