import json
from pathlib import Path

import pytest

from rollcall.errors import SourceError
from rollcall.sources.json_rows import read_json_rows
from rollcall.sources.raw_rows import CHUNK_ROWS, RawRows
from rollcall.sources.tables import INCIDENTS, PEOPLE, Table


def read_lines(tmp_path: Path, *lines: str, table: Table = PEOPLE) -> RawRows:
    path = tmp_path / f"{table.name}.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_json_rows(path, table)


def test_every_value_becomes_the_text_it_would_be_in_csv(tmp_path: Path) -> None:
    person = {
        "Person_ID ": 7,
        "name": " Ann ",
        "phone": 46701740605,
        "has_app": True,
        "groups": ["a", "b"],
        "tags": "c;d",
        "email": None,
        "shoe_size": {"eu": 43},
    }
    row = read_lines(tmp_path, json.dumps(person)).rows.row(0, named=True)
    assert row["person_id"] == "7"
    assert row["name"] == "Ann"
    assert row["phone"] == "46701740605"
    assert row["has_app"] == "True"
    assert row["groups"] == "a;b"
    assert row["tags"] == "c;d"
    assert row["email"] is None


def test_area_may_be_an_object(tmp_path: Path) -> None:
    area = {"type": "Point", "coordinates": [1.5, 2]}
    incident = dict.fromkeys(INCIDENTS.column_names(), "x") | {"area": area}
    raw = read_lines(tmp_path, json.dumps(incident), table=INCIDENTS)
    assert json.loads(raw.rows["area"][0]) == area


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"person_id": "p1"', "the line is not JSON"),
        ("[" * 100_000, "the line is not JSON"),
        ('["p1", "Ann"]', "the line is not a JSON object"),
        ('{"person_id": ["p1"], "name": "Ann"}', "person_id holds a list or an object"),
        ('{"person_id": "p1", "name": "\\ud800"}', "name holds half a character"),
        ('{"person_id": "p1", "name": "A", "tags": ["a;b"]}', "tags has a member that holds a `;`"),
    ],
)
def test_bad_line_costs_only_itself(tmp_path: Path, line: str, reason: str) -> None:
    raw = read_lines(tmp_path, line, "", '{"person_id": "p2", "name": "Bob"}')
    assert raw.rows.select("line", "person_id").rows() == [(3, "p2")]
    [rejected] = raw.rejected
    assert (rejected.table, rejected.line) == ("people", 1)
    assert rejected.reason.startswith(reason)


def test_broken_bytes_cost_only_their_line(tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    good = '{"person_id": "p1", "name": "Åsa"}\n'.encode()
    path.write_bytes(good + b'{"person_id": "p2", "name": "\xc5sa"}\n')
    raw = read_json_rows(path, PEOPLE)
    assert raw.rows["person_id"].to_list() == ["p1"]
    assert raw.rejected[0].reason == "the line holds bytes that are not UTF-8"


def test_required_column_that_no_object_has_stops_the_load(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"^people\.jsonl has no column name$"):
        read_lines(tmp_path, '{"person_id": "p1"}', '{"person_id": "p2"}')


def test_empty_file_is_an_empty_table(tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    path.write_bytes(b"")
    assert read_json_rows(path, PEOPLE).rows.height == 0


def test_file_larger_than_a_chunk_is_whole(tmp_path: Path) -> None:
    count = CHUNK_ROWS + 1
    lines = [json.dumps({"person_id": f"p{number}", "name": "N"}) for number in range(count)]
    assert read_lines(tmp_path, *lines).rows["line"].to_list() == list(range(1, count + 1))
