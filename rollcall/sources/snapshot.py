"""The DuckDB snapshot of one send: what was known, and where everybody was.

A snapshot file cannot be changed, and a query on one reaches neither files nor the network. No
DuckDB extension is needed: a machine without the internet could not get one.
"""

import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import polars as pl

from rollcall.domain.app_reports import AppReports
from rollcall.errors import ConfigError, SourceError
from rollcall.sources.app_reports import merge_app_reports
from rollcall.sources.durability import sync_to_disk
from rollcall.sources.kept import KeptVersion
from rollcall.sources.loaded import CLOSED_SETTINGS, LOADED_NAME, create_table, quote_name
from rollcall.sources.reference import load_booking_places, load_country_index
from rollcall.sources.tables import TABLES

SQL_FOLDER = Path(__file__).parents[2] / "data" / "sql"


class Snapshot:
    """A finished snapshot, for reading; a context manager that closes it.

    Its tables: the eight of the contract with `line`; `airports` (iata, country, latitude,
    longitude); `positions` (one row per person: person_id, country, latitude, longitude,
    accuracy_m, source, at); `snapshot_info` (one row: version, as_of, validated_at). What was
    reported with the app stands among `locations` and `emergencies` with a negative `line`, and
    `app_contacts` (person_id, last_app_contact_at) says who had it; there is no such table where
    no ledger could be asked. Timestamps are UTC.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def frame(self, table: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Return a table, or the columns of it that are asked for; safe from any thread.

        Raises:
            duckdb.Error: There is no such table or column.
        """
        listed = "*" if columns is None else ", ".join(map(quote_name, columns))
        query = f"select {listed} from {quote_name(table)}"  # noqa: S608 - names are quoted
        with self._connection.cursor() as cursor:
            rows: pl.DataFrame = cursor.sql(query).pl()
        return rows

    def close(self) -> None:
        """Let go of the file; safe to call twice."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def build_snapshot(
    version: KeptVersion, as_of: datetime, *, app: AppReports | None = None
) -> Snapshot:
    """Load a kept version into memory and find out where everybody is.

    Args:
        version: What to load.
        as_of: The moment that positions hold for; aware.
        app: What was reported with the app by `as_of`; None where nobody could be asked.

    Raises:
        SourceError: The kept version cannot be read.
        ValueError: `as_of` has no time zone.
    """
    _require_zone(as_of)
    connection = duckdb.connect(":memory:", config=CLOSED_SETTINGS)
    _fill(connection, version, as_of, app)
    return Snapshot(_lock(connection))


def write_snapshot(
    version: KeptVersion, as_of: datetime, path: Path, app: AppReports | None = None
) -> None:
    """Load a kept version into a file and find out where everybody is.

    The file is there in one step: a crash leaves no part of it.

    Args:
        version: What to load.
        as_of: The moment that positions hold for; aware.
        path: The file to write; one of that name is replaced.
        app: What was reported with the app by `as_of`; None where nobody could be asked.

    Raises:
        SourceError: The kept version cannot be read.
        ConfigError: The file cannot be written.
        ValueError: `as_of` has no time zone.
    """
    _require_zone(as_of)
    try:
        _write_file(path, version, as_of, app)
    except (OSError, duckdb.OperationalError) as exc:  # a full disk is a TransactionException too
        raise ConfigError(f"cannot write the snapshot {path}: {exc}") from exc


def _require_zone(as_of: datetime) -> None:
    if as_of.tzinfo is None:
        raise ValueError("as_of has no time zone")


def open_snapshot(path: Path) -> Snapshot:
    """Open a snapshot that was written earlier, for reading; any number of processes may.

    Raises:
        SourceError: There is none, or the file is no snapshot.
    """
    try:
        connection = duckdb.connect(path, read_only=True, config=CLOSED_SETTINGS)
    except duckdb.IOException as exc:
        raise SourceError(f"the snapshot {path} cannot be opened") from exc
    return Snapshot(_lock(connection))


def _write_file(path: Path, version: KeptVersion, as_of: datetime, app: AppReports | None) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as partial:
        written = Path(partial) / path.name
        with _open_copy(version, written) as connection:
            # to find out how it is best compressed takes longer than to write it as it is
            connection.execute("pragma force_compression = 'uncompressed'")
            _fill(connection, version, as_of, app)
        written.chmod(0o600)
        sync_to_disk(written)
        written.replace(path)
    sync_to_disk(path.parent)


def _open_copy(version: KeptVersion, path: Path) -> duckdb.DuckDBPyConnection:
    """Open a copy of a version as it was loaded once; an empty file where there is none.

    One that this DuckDB cannot read was written by a newer release: the tables are loaded anew.
    """
    with suppress(FileNotFoundError):
        shutil.copyfile(version.path / LOADED_NAME, path)
    try:
        return duckdb.connect(path, config=CLOSED_SETTINGS)
    except duckdb.Error:
        path.unlink(missing_ok=True)
        return duckdb.connect(path, config=CLOSED_SETTINGS)


def _fill(
    connection: duckdb.DuckDBPyConnection,
    version: KeptVersion,
    as_of: datetime,
    app: AppReports | None,
) -> None:
    """Load what is not loaded yet, and find out where everybody is."""
    loaded = {name for (name,) in connection.execute("show tables").fetchall()}
    rows = {name: _read_kept(version, name) for name in TABLES if name not in loaded}
    rows |= _merge(version, app) if app else {}
    if "airports" not in loaded:
        rows["airports"] = load_booking_places()
    rows["snapshot_info"] = pl.DataFrame(
        [
            {
                "version": version.version,
                "as_of": as_of.astimezone(UTC),
                "validated_at": version.validated_at,
            }
        ]
    )
    for name, its_rows in rows.items():
        create_table(connection, name, its_rows)
    _run_sql(connection, "latest_reports.sql")
    create_table(connection, "report_countries", _find_report_countries(connection))
    _run_sql(connection, "positions.sql")


def _merge(version: KeptVersion, app: AppReports) -> dict[str, pl.DataFrame]:
    """Return what there is to load because of the app."""
    if app.is_empty:
        return {"app_contacts": app.contacts}
    names = ("people", "locations", "emergencies")
    return merge_app_reports({name: _read_kept(version, name) for name in names}, app)


def _find_report_countries(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Return `line, country` of the latest reports that name none: where their point lies."""
    query = "select line, latitude, longitude from latest_reports where country is null"
    silent: pl.DataFrame = connection.sql(query).pl()
    countries = load_country_index().countries_at(
        silent["latitude"].to_numpy(), silent["longitude"].to_numpy()
    )
    return silent.select("line", countries.alias("country")).drop_nulls()


def _run_sql(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    connection.execute((SQL_FOLDER / name).read_text(encoding="utf-8"))


def _read_kept(version: KeptVersion, table: str) -> pl.DataFrame:
    try:
        return pl.read_parquet(version.path / f"{table}.parquet", glob=False)
    except (OSError, pl.exceptions.PolarsError) as exc:
        raise SourceError(f"the kept version {version.short_id} cannot be read: {table}") from exc


def _lock(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Show times in UTC, and let no query change a setting; a file's second opener finds it so."""
    locked = connection.execute("select current_setting('lock_configuration')").fetchone()
    if locked == (False,):
        connection.execute("set global TimeZone = 'UTC'")
        connection.execute("set lock_configuration = true")
    return connection
