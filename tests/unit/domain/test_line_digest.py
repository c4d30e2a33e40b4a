import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.domain.line_digest import RUN_LINES, LineDigest


def digest(*parts: list[str]) -> str:
    lines = LineDigest()
    for part in parts:
        lines.add(part)
    return lines.hexdigest()


def digest_in_memory(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


@given(st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]))))
def test_digest_is_that_of_the_sorted_lines(lines: list[str]) -> None:
    assert digest(lines) == digest_in_memory(lines)


@pytest.mark.parametrize("count", [RUN_LINES - 1, RUN_LINES, RUN_LINES + 1, 3 * RUN_LINES + 7])
def test_lines_that_were_packed_count_as_the_others(count: int) -> None:
    lines = [f'["p{number % 50_000}", "é\u2028😀", ""]' for number in range(count)]
    lines = lines[::2] + lines[1::2][::-1]
    assert digest(lines) == digest_in_memory(lines)


def test_lines_may_come_in_parts() -> None:
    assert digest(["c", "a"], [], ["b"]) == digest(["a", "b", "c"])


def test_digest_can_be_asked_for_midway() -> None:
    lines = LineDigest()
    lines.add(["b"])
    assert lines.hexdigest() == digest_in_memory(["b"])
    lines.add(["a"])
    assert lines.hexdigest() == digest_in_memory(["a", "b"])
