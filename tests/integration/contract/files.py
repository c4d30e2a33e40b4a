"""Writes a world as a source, in each of the three file formats."""

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import Any

import polars as pl

from tests.integration.contract.oracle_criteria import Row, Tables

ZONES = (UTC, timezone(timedelta(hours=9)), timezone(-timedelta(hours=3, minutes=30)))
TRUE_WORDS, FALSE_WORDS = ("true", "1", "yes"), ("false", "0", "no", "")


def write_csv(draw: Random, tables: Tables, folder: Path) -> None:
    """Write CSV files, each value in one of the spellings that the contract allows."""
    folder.mkdir()
    for name, rows in _filled(tables):
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, delimiter=draw.choice(",;"))
            writer.writerow(rows[0])
            writer.writerows([_spell(draw, value) for value in row.values()] for row in rows)


def write_json_lines(draw: Random, tables: Tables, folder: Path) -> None:
    """Write JSON Lines files; what is unknown is null or left out."""
    folder.mkdir()
    for name, rows in _filled(tables):
        lines = [json.dumps(_to_json(draw, row)) for row in rows]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_parquet(_draw: Random, tables: Tables, folder: Path) -> None:
    """Write Parquet files."""
    folder.mkdir()
    for name, rows in _filled(tables):
        pl.DataFrame(rows, infer_schema_length=None).write_parquet(folder / f"{name}.parquet")


WRITERS: dict[str, Callable[[Random, Tables, Path], None]] = {
    "csv": write_csv,
    "jsonl": write_json_lines,
    "parquet": write_parquet,
}


def spell_moment(draw: Random, moment: datetime) -> str:
    """Return a moment as text, in any zone."""
    return moment.astimezone(draw.choice(ZONES)).isoformat()


def _filled(tables: Tables) -> list[tuple[str, list[Row]]]:
    """Return the tables that have rows: one that is absent is empty."""
    return [(name, rows) for name, rows in tables.items() if rows]


def _spell(draw: Random, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return draw.choice(TRUE_WORDS if value else FALSE_WORDS)
    if isinstance(value, list):
        return ";".join(value)
    if isinstance(value, datetime):
        return spell_moment(draw, value)
    return str(value)


def _to_json(draw: Random, row: Row) -> Row:
    return {
        key: spell_moment(draw, value) if isinstance(value, datetime) else value
        for key, value in row.items()
        if value is not None or draw.random() < 0.5
    }
