import codecs
from pathlib import Path

import pytest

from rollcall.errors import SourceError
from rollcall.sources.encoding import BROKEN_TEXT, read_lines, sniff_encoding

TEXT = "person_id,name\np1,Åsa Öberg\np2,Zoë\n"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        TEXT.encode("cp1252"),
    ],
    ids=["utf-8", "utf-8-bom", "utf-16-bom", "utf-16-be-bom", "utf-16-le", "utf-16-be", "cp1252"],
)
def test_every_encoding_gives_the_same_lines(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(content)
    assert list(read_lines(path)) == TEXT.splitlines(keepends=True)


def test_utf16_without_mark_is_told_by_its_header_alone(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes("person_id\n山田太郎\n".encode("utf-16-le"))
    assert list(read_lines(path)) == ["person_id\n", "山田太郎\n"]


def test_few_broken_lines_do_not_turn_utf8_into_cp1252(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(TEXT.encode() + b"p3,\xc5sa\n")
    *good, broken = read_lines(path)
    assert "".join(good) == TEXT
    assert BROKEN_TEXT.search(broken)


def test_character_cut_in_two_by_a_block_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(b"x" * (1024 * 1024 - 1) + "é\n".encode())
    assert sniff_encoding(path) == "utf-8-sig"


def test_only_line_ends_end_lines(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes("a\nb\r\nc\rd\u2028\x0b\x0c\x85e\n".encode())
    assert list(read_lines(path)) == ["a\n", "b\r\n", "c\r", "d\u2028\x0b\x0c\x85e\n"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (TEXT.encode("utf-32"), "UTF-32"),
        (b"person_id,name\n" + b"p1,\x81\x8d\xff\n" * 50, "unknown encoding"),
        (TEXT.encode("utf-16")[:-1], "damaged"),
    ],
    ids=["utf-32", "neither", "cut-off"],
)
def test_unknown_encoding_stops_the_load_and_names_the_file(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=rf"^people\.csv .*{reason}"):
        list(read_lines(path))


def test_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"^people\.csv cannot be read: No such file"):
        list(read_lines(tmp_path / "people.csv"))
