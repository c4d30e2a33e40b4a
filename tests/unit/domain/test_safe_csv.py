import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.domain.safe_csv import write_csv


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1", "+15550100", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1",
        '=HYPERLINK("http://x.example","y")', "＝1",  # noqa: RUF001 - a full-width sign
    ],
)  # fmt: skip
def test_what_a_spreadsheet_would_run_is_a_text(cell: str) -> None:
    [[written]] = read("".join(write_csv([[cell]])))
    assert written == f"'{cell}"


@given(st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_no_cell_begins_with_a_formula_and_none_breaks_out_of_its_quotes(text: str) -> None:
    rows = read("".join(write_csv([["a", text, "z"], ["next", None, 1.5]])))
    assert [len(row) for row in rows] == [3, 3]
    assert rows[0][1].removeprefix("'") == text.removeprefix("'")
    assert not rows[0][1].lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))
    assert rows[1] == ["next", "", "1.5"]
