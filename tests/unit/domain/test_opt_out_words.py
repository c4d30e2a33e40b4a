"""A word of the list is one however it is typed; a sentence with such a word in it is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.domain.opt_out_words import read_wish

CTIA_AND_FCC = (
    "STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPT OUT", "OPT-OUT",
    "OPTOUT",
)  # fmt: skip
DECORATIONS = st.text(" \t\n.!?,;:'\"()«»…-*_🙏\u2013\u200b\ufe0f", max_size=12)


@pytest.mark.parametrize("word", CTIA_AND_FCC)
def test_what_carriers_and_law_name_is_an_opt_out(word: str) -> None:
    assert read_wish(word) == "stop"
    assert read_wish(word.lower()) == "stop"


@pytest.mark.parametrize(
    "text",
    [
        "stop.", " Stop!\n", "“STOP”", "STOP 🙏", "\uff33\uff34\uff2f\uff30", "Stopp",
        "ABMELDEN", "Arrêt", "ARRET",
        "ARRE\u0302T", "baja", "Pare", "İPTAL", "iptal", "СТОП", "ΣΤΟΠ", "配信停止", "停止。",
        "ｽﾄｯﾌﾟ", "ストップ", "수신거부", "退订", "TD", "הסר", "توقف", "\u200fتوقف", "बंद",
        "หยุด", "DỪNG", "stop all", "STOP\u0000",
    ],
)  # fmt: skip
def test_it_is_one_however_and_in_whatever_language_it_is_typed(text: str) -> None:
    assert read_wish(text) == "stop"


@pytest.mark.parametrize("text", ["START", "unstop", "Start!", "subscribe", "Alta", "再開", "订阅"])
def test_who_asks_for_texts_again_is_understood(text: str) -> None:
    assert read_wish(text) == "start"


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "...", "🙏", "please stop the noise", "I am safe, stop worrying", "stopped",
        "the end", "nonstop", "don't stop", "yes", "Ja", "ok", "help", "1", "STOP" * 30, "t d",
        "re start", "cancel my flight", "seis",
    ],
)  # fmt: skip
def test_other_texts_change_nothing(text: str) -> None:
    assert read_wish(text) is None


def test_a_yes_answers_a_question_and_is_no_opt_in() -> None:
    assert read_wish("YES") is None


@given(st.sampled_from(CTIA_AND_FCC), DECORATIONS, DECORATIONS)
def test_decoration_around_a_word_does_not_hide_it(word: str, before: str, after: str) -> None:
    assert read_wish(before + word + after) == "stop"


@given(st.text(max_size=200))
def test_no_text_is_too_strange(text: str) -> None:
    assert read_wish(text) in {"stop", "start", None}
