import pytest

from rollcall.domain.guards import GuardLimits, digest_recipients, is_far_larger, is_typed


@pytest.mark.parametrize(
    ("then", "now", "is_larger"),
    [
        (100, 300, False),
        (100, 301, True),
        (10, 109, False),
        (10, 110, True),
        (1_000, 400, False),
        (0, 100, True),
    ],
)
def test_far_larger_is_both_several_times_and_many_more(
    then: int, now: int, is_larger: bool
) -> None:
    assert is_far_larger(then, now, GuardLimits()) is is_larger


def test_same_people_and_words_have_one_digest_in_any_order() -> None:
    digest = digest_recipients(["p1", "p2"], "words")
    assert digest_recipients(["p2", "p1"], "words") == digest
    assert digest_recipients(["p1", "p2"], "other words") != digest
    assert digest_recipients(["p1"], "words") != digest
    assert digest_recipients(["p1\np2"], "words") != digest_recipients(["p1"], "words")


@pytest.mark.parametrize(
    ("typed", "count", "is_enough"),
    [
        ("", 100, True),
        ("", 101, False),
        ("101", 101, True),
        ("1,234", 1234, True),
        (" 1 234 ", 1234, True),
        ("123", 1234, False),
        ("-1234", 1234, False),
    ],
)
def test_more_people_than_a_hundred_have_to_be_typed(
    typed: str, count: int, is_enough: bool
) -> None:
    assert is_typed(typed, count) is is_enough
