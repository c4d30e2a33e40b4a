import pytest

from rollcall.domain.saved_names import fold_name, normalise_name, tell_taken, tell_unknown
from rollcall.errors import InputError


def test_a_name_is_kept_as_given_but_trimmed_and_composed() -> None:
    assert normalise_name("  Japan now \n") == "Japan now"
    assert normalise_name("Zu\u0308rich") == "Z\u00fcrich"
    assert normalise_name("東京 — 訓練") == "東京 — 訓練"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("", "the name is empty"),
        (" \t ", "the name is empty"),
        ("n" * 101, "the name has 101 characters, at most 100 are kept"),
        ("a\x1b[31mb", r"the name 'a\\x1b\[31mb' holds a character that cannot be printed"),
        ("a\nb", "holds a character that cannot be printed"),
        ("a\u202eb", "holds a character that cannot be printed"),
    ],
)
def test_a_name_that_could_not_be_read_is_refused(name: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        normalise_name(name)


def test_a_hundred_characters_are_a_name() -> None:
    assert normalise_name("n" * 100) == "n" * 100


@pytest.mark.parametrize("other", ["japan NOW", "JAPAN now", "Ｊａｐａｎ now"])  # noqa: RUF001 - on purpose
def test_names_that_would_be_mistaken_for_each_other_are_the_same_folded(other: str) -> None:
    assert fold_name(other) == fold_name("Japan now")


def test_what_was_probably_meant_is_suggested() -> None:
    known = ["Japan now", "France now"]
    assert tell_unknown("filter", "japan now", known) == (
        "there is no filter 'japan now' (did you mean 'Japan now'?)"
    )
    assert tell_unknown("filter", "Quito", known) == "there is no filter 'Quito'"


def test_a_taken_name_says_why_it_is_taken() -> None:
    assert tell_taken("filter", "A", "A") == "there is a filter 'A' already"
    assert "already, which differs from 'a' in case only" in tell_taken("filter", "a", "A")
