import csv
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollcall.errors import SourceError
from rollcall.sources.csv_rows import read_csv_rows
from rollcall.sources.raw_rows import CHUNK_ROWS, RawRows
from rollcall.sources.tables import INCIDENTS, PEOPLE

POLYGON = json.dumps({"type": "Polygon", "coordinates": [[[1, 2], [3, 4], [5, 6], [1, 2]]]})
INCIDENT_HEADER = "incident_id,title,severity,latitude,longitude,occurred_at,area"


def read_people(tmp_path: Path, content: str | bytes) -> RawRows:
    path = tmp_path / "people.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_csv_rows(path, PEOPLE)


def read_incidents(tmp_path: Path, content: str) -> RawRows:
    path = tmp_path / "incidents.csv"
    path.write_text(content, encoding="utf-8", newline="")
    return read_csv_rows(path, INCIDENTS)


def people_of(raw: RawRows) -> list[tuple[int, str, str]]:
    return raw.rows.select("line", "person_id", "name").rows()


def rejections_of(raw: RawRows) -> list[tuple[int, str]]:
    return [(row.line, row.reason) for row in raw.rejected]


UNCLOSED = "a quote is not closed, or stands where none may stand"

NASTY: dict[str, tuple[str | bytes, list[tuple[int, str, str]], list[tuple[int, str]]]] = {
    "header only": ("person_id,name\n", [], []),
    "no line end at the end": ("person_id,name\np1,Ann", [(2, "p1", "Ann")], []),
    "semicolons": ("person_id;name\np1;Ann, Jr\n", [(2, "p1", "Ann, Jr")], []),
    "commas beat semicolons in unknown columns": (
        "person_id,name,a;b;c;d\np1,Ann,x\n",
        [(2, "p1", "Ann")],
        [],
    ),
    "header with spaces, capitals, quotes": (
        ' Person_ID ,"NAME"\np1,Ann\n',
        [(2, "p1", "Ann")],
        [],
    ),
    "cells are stripped": ("person_id,name\n  p1 ,\t Ann \n", [(2, "p1", "Ann")], []),
    "windows and old mac line ends": (
        "person_id,name\r\np1,Ann\rp2,Bob\r\n",
        [(2, "p1", "Ann"), (3, "p2", "Bob")],
        [],
    ),
    "blank lines count as lines": (
        "person_id,name\n\n  \np1,Ann\n",
        [(4, "p1", "Ann")],
        [],
    ),
    "ragged": (
        "person_id,name\np1\np2,Bob\np3,C,c\n",
        [(3, "p2", "Bob")],
        [
            (2, "the line has 1 cells, the header has 2"),
            (4, "the line has 3 cells, the header has 2"),
        ],
    ),
    "quoted separator and quote": (
        'person_id,name\np1,"Ann, ""the boss"""\n',
        [(2, "p1", 'Ann, "the boss"')],
        [],
    ),
    "quote in the middle of a cell": (
        'person_id,name\np1,5" Ann\np2,Bob "B" B\n',
        [(2, "p1", '5" Ann'), (3, "p2", 'Bob "B" B')],
        [],
    ),
    "space before a quote": ('person_id,name\np1, "Ann, A"\n', [(2, "p1", "Ann, A")], []),
    "unterminated quote": (
        'person_id,name\np1,"Ann\np2,Bob\np3,Cid\n',
        [(3, "p2", "Bob"), (4, "p3", "Cid")],
        [(2, UNCLOSED)],
    ),
    "unterminated quote in the last line": (
        'person_id,name\np1,Ann\np2,"Bob',
        [(2, "p1", "Ann")],
        [(3, UNCLOSED)],
    ),
    "two unterminated quotes that would close each other": (
        'person_id,name\np1,"Ann\np2,Bob\np3,Cid"\np4,Dan\n',
        [(3, "p2", "Bob"), (4, "p3", 'Cid"'), (5, "p4", "Dan")],
        [(2, UNCLOSED)],
    ),
    "unterminated quote before a quoted row": (
        'person_id,name\np1,"Ann\n"p2","Bob, B"\n',
        [(3, "p2", "Bob, B")],
        [(2, UNCLOSED)],
    ),
    "unterminated quote in every line": (
        'person_id,name\np1,"Ann\np2,"Bob\np3,"Cid\n',
        [],
        [(2, UNCLOSED), (3, UNCLOSED), (4, UNCLOSED)],
    ),
    "text behind a closing quote": (
        'person_id,name\np1,"Ann" A\np2,Bob\n',
        [(3, "p2", "Bob")],
        [(2, UNCLOSED)],
    ),
    "cell over several lines": (
        'person_id,name\np1,"Ann\nthe\nboss"\np2,Bob\n',
        [(2, "p1", "Ann\nthe\nboss"), (5, "p2", "Bob")],
        [],
    ),
    "first cell over several lines": (
        'name,person_id\n"Ann\nA","p1"\nBob,p2\n',
        [(2, "p1", "Ann\nA"), (4, "p2", "Bob")],
        [],
    ),
    "record over several lines of the wrong width": (
        'person_id,name\np1,"Ann\nA",x,y\np2,Bob\n',
        [(4, "p2", "Bob")],
        [
            (2, "the line has 4 cells, the header has 2"),
            (3, "the line has 3 cells, the header has 2"),
        ],
    ),
    "NUL": (
        "person_id,name\np1,A\0nn\np2,Bob\n",
        [(3, "p2", "Bob")],
        [(2, "the line holds a NUL character")],
    ),
    "NUL inside an open quote": (
        'person_id,name\np1,"Ann\n\0\np2,Bob\n',
        [(4, "p2", "Bob")],
        [(2, UNCLOSED), (3, "the line holds a NUL character")],
    ),
    "broken bytes": (
        "person_id,name\np1,Åsa\np2,".encode() + b"\xc5sa\np3,Cid\n",
        [(2, "p1", "Åsa"), (4, "p3", "Cid")],
        [(3, "the line holds bytes that are not UTF-8")],
    ),
    "byte order mark": (
        "\ufeffperson_id,name\np1,Ann\n",
        [(2, "p1", "Ann")],
        [],
    ),
    "utf-16 with semicolons": (
        "person_id;name\r\np1;Åsa\r\n".encode("utf-16"),
        [(2, "p1", "Åsa")],
        [],
    ),
    "cp1252": ("person_id,name\np1,Åsa\n".encode("cp1252"), [(2, "p1", "Åsa")], []),
}


@pytest.mark.parametrize("case", NASTY)
def test_good_rows_load_and_bad_lines_cost_only_themselves(tmp_path: Path, case: str) -> None:
    content, people, rejections = NASTY[case]
    raw = read_people(tmp_path, content)
    assert people_of(raw) == people
    assert rejections_of(raw) == rejections


def test_phone_stays_the_text_it_is(tmp_path: Path) -> None:
    raw = read_people(tmp_path, "person_id,name,phone\n007,Ann,0701740605\n")
    assert raw.rows.row(0, named=True)["phone"] == "0701740605"
    assert raw.rows.row(0, named=True)["person_id"] == "007"


def test_empty_cell_is_null_and_absent_column_too(tmp_path: Path) -> None:
    row = read_people(tmp_path, 'person_id,name,email\np1,"  ",\n').rows.row(0, named=True)
    assert row["name"] is None
    assert row["email"] is None
    assert row["phone"] is None


def test_columns_are_the_contracts_in_its_order(tmp_path: Path) -> None:
    raw = read_people(tmp_path, "shoe_size,name,person_id\n43,Ann,p1\n")
    assert raw.rows.columns == ["line", *PEOPLE.column_names()]


def test_geojson_over_many_lines_is_one_cell(tmp_path: Path) -> None:
    area = json.dumps(json.loads(POLYGON), indent=2)
    quoted = area.replace('"', '""')
    row = f'i1,Flood,minor,1,2,2026-11-23T06:00:00Z,"{quoted}"'
    raw = read_incidents(tmp_path, f"{INCIDENT_HEADER}\n{row}\ni2,Fire,minor,1,2,x,\n")
    assert raw.rejected == []
    assert raw.rows["incident_id"].to_list() == ["i1", "i2"]
    assert raw.rows["line"].to_list() == [2, 2 + len(area.splitlines())]
    assert json.loads(raw.rows["area"][0]) == json.loads(POLYGON)


def test_geojson_line_with_as_many_commas_as_a_row_stays_in_its_cell(tmp_path: Path) -> None:
    row = 'i1,Flood,minor,1,2,x,"[\n[1, 2], [3, 4], [5, 6],\n[7, 8]]"'
    raw = read_incidents(tmp_path, f"{INCIDENT_HEADER}\n{row}\n")
    assert raw.rejected == []
    assert raw.rows["area"].to_list() == ["[\n[1, 2], [3, 4], [5, 6],\n[7, 8]]"]


def test_unclosed_geojson_does_not_swallow_the_incidents_behind_it(tmp_path: Path) -> None:
    lines = [INCIDENT_HEADER, 'i1,Flood,minor,1,2,x,"[', "[1, 2],"]
    lines += [f"i{number},Fire,minor,1,2,x," for number in range(2, 50)]
    lines += ['i50,Storm,minor,1,2,x,"{}"']
    raw = read_incidents(tmp_path, "\n".join(lines))
    assert raw.rows["incident_id"].to_list() == [f"i{number}" for number in range(2, 51)]
    assert [row.line for row in raw.rejected] == [2, 3]


def test_cell_larger_than_csvs_default_limit_is_read(tmp_path: Path) -> None:
    outline = "x" * 300_000
    row = f'i1,Flood,minor,1,2,x,"{outline}"'
    raw = read_incidents(tmp_path, f"{INCIDENT_HEADER}\n{row}\n")
    assert raw.rows["area"].to_list() == [outline]


def test_file_larger_than_a_chunk_is_whole_and_in_order(tmp_path: Path) -> None:
    count = CHUNK_ROWS + 2
    raw = read_people(tmp_path, "person_id,name\n" + "".join(f"p{n},N\n" for n in range(count)))
    assert raw.rows["person_id"].to_list() == [f"p{n}" for n in range(count)]
    assert raw.rows["line"].to_list() == list(range(2, count + 2))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "people.csv has no header line"),
        ("\n\np1,Ann\n", "people.csv has no header line"),
        ("person_id,email\np1,a@x\n", "people.csv has no column name"),
        ("p1,Ann\np2,Bob\n", "people.csv has no column person_id"),
        ("person_id,name,Phone,phone \n", "people.csv has the column phone twice"),
        (b"person_id,name,n\xc5m\n" + "p1,Åsa,\n".encode() * 9, "header that is not UTF-8"),
    ],
)
def test_header_that_cannot_be_used_stops_the_load(
    tmp_path: Path, content: str | bytes, sentence: str
) -> None:
    with pytest.raises(SourceError, match=sentence):
        read_people(tmp_path, content)


def test_unknown_column_may_be_there_twice(tmp_path: Path) -> None:
    assert people_of(read_people(tmp_path, "person_id,name,,\np1,Ann,,\n")) == [(2, "p1", "Ann")]


one_line = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
several_lines = st.lists(st.text(st.sampled_from('ab"é '), max_size=5), min_size=2, max_size=4).map(
    "\n".join
)
"""No separators here: a line within a cell that is a whole row by itself ends an open quote."""


@settings(deadline=None)  # a busy machine is no failure
@given(st.lists(st.tuples(one_line | several_lines, one_line | several_lines, one_line)))
def test_what_csv_writes_is_read_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]]
) -> None:
    path = tmp_path_factory.mktemp("round-trip") / "people.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["person_id", "name", "email"])
        writer.writerows(rows)
    raw = read_csv_rows(path, PEOPLE)
    written = [tuple(cell.strip() or None for cell in row) for row in rows]
    assert raw.rejected == []
    assert raw.rows.select("person_id", "name", "email").rows() == written
