"""Tables of commands: what somebody reads out or copies is never broken."""

import io
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from rollcall.cli.output import make_cell, make_lines, new_table

PHONE = "+13125550195"


def printed(width: int) -> str:
    table = new_table("id", "need", "name", "phone", "km", "how", "invitation")
    invitation = "email accepted, sms at carrier, and some more that has to be folded"
    cells = ("p0041", "needs help", "Somebody With A Long Name", PHONE, "100", "page", invitation)
    table.add_row(*map(make_cell, cells))
    paper = io.StringIO()
    Console(file=paper, width=width).print(table)
    return paper.getvalue()


def test_a_number_stays_in_one_line_on_a_narrow_terminal() -> None:
    told = printed(60)
    assert PHONE in told
    assert max(map(len, told.splitlines())) <= 60


def test_texts_of_a_cell_stand_on_lines_of_their_own_and_give_no_orders() -> None:
    assert make_lines(["Mon 07:00", "Tue\n07:00"]).plain == "Mon 07:00\nTue\ufffd07:00"
    assert make_lines([]).plain == "-"


def test_what_goes_into_a_pipe_is_not_folded_to_a_terminals_width() -> None:
    code = "from rollcall.cli.output import console; print(console.width)"
    environment = {"PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout == "200\n"
