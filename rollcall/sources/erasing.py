"""One person in kept versions and snapshots: are they in it, and the same without them."""

import tempfile
from pathlib import Path
from typing import Final

import duckdb
import polars as pl

from rollcall.errors import ConfigError, SourceError
from rollcall.sources.durability import sync_to_disk
from rollcall.sources.kept import KeptVersion
from rollcall.sources.snapshot import open_snapshot

_TERMS: Final = ("name", "email", "phone")


def find_in_version(version: KeptVersion, person_id: str) -> frozenset[str] | None:
    """Return somebody's name, address and number in a kept version; None: they are not in it.

    Raises:
        SourceError: The kept version cannot be read.
    """
    columns = ["person_id", *_TERMS]
    try:
        people = pl.read_parquet(version.path / "people.parquet", columns=columns, glob=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise SourceError(f"the kept version {version.short_id} cannot be read: people") from error
    return _terms_of(people, person_id)


def find_in_snapshot(path: Path, person_id: str) -> frozenset[str] | None:
    """Return somebody's name, address and number in a snapshot; None: they are not in it.

    Raises:
        SourceError: It is no snapshot.
    """
    try:
        with open_snapshot(path) as snapshot:
            return _terms_of(snapshot.frame("people", ("person_id", *_TERMS)), person_id)
    except duckdb.Error as error:
        raise SourceError(f"the snapshot {path} cannot be read") from error


def erase_from_snapshot(path: Path, person_id: str) -> None:
    """Replace a snapshot by one that knows nothing of somebody, in one step.

    Raises:
        ConfigError: It cannot be written; the snapshot is what it was.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as partial:
            written = Path(partial) / path.name
            with duckdb.connect(written) as connection:
                _copy_tables(connection, path, person_id)
            written.chmod(0o600)
            sync_to_disk(written)
            written.replace(path)
        sync_to_disk(path.parent)
    except (OSError, duckdb.Error) as error:
        raise ConfigError(f"the snapshot {path} cannot be written anew") from error


def _terms_of(people: pl.DataFrame, person_id: str) -> frozenset[str] | None:
    rows = people.filter(pl.col("person_id") == person_id)
    if rows.is_empty():
        return None
    return frozenset(str(one) for row in rows.select(_TERMS).rows() for one in row if one)


def _copy_tables(connection: duckdb.DuckDBPyConnection, path: Path, person_id: str) -> None:
    quoted = str(path).replace("'", "''")
    connection.execute(f"attach '{quoted}' as whole (read_only)")
    names = "select table_name from duckdb_tables() where database_name = 'whole' order by 1"
    for (name,) in connection.execute(names).fetchall():
        source = f"""whole.main."{name}\""""
        columns = [one[0] for one in connection.execute(f"describe {source}").fetchall()]
        rows = f'create table "{name}" as select * from {source}'  # noqa: S608 - a table's name
        if "person_id" in columns:
            connection.execute(f"{rows} where person_id is distinct from ?", [person_id])
        else:
            connection.execute(rows)
