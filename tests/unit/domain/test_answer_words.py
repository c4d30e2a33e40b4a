"""What texts answer: nobody is taken for safe who may not be, and no call for help is missed."""
# ruff: noqa: E501, RUF001 - lists of what people write, in scripts of all widths

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.domain.answer_vocabulary import (
    ASIDES,
    FILLERS,
    HELP_PHRASES,
    HELP_STEMS,
    OK_PHRASES,
)
from rollcall.domain.answer_words import MOST_OK_UNITS, SaidAnswer, read_answer
from rollcall.domain.link_names import PORTAL_LANGUAGES

OK = {
    "en": [
        "ok", "OK", "Ok.", "ok!", "O.K.", "okay", "yes I am safe", "Yes, I'm safe!", "I’m OK",
        "im ok", "we are all safe", "All good, thanks", "I'm fine\nThank you", "  safe  ",
        "ok 👍", "OK 👍🏽", "I am safe 🙏🏿", "ok :)", "Hi, I'm okay", "SAFE AND SOUND",
    ],
    "ar": ["أنا بخير", "انا بخير", "أَنَا بِخَيْر", "بخير الحمد لله", "نعم، أنا بخير. شكرا", "بخـــير", "أنا آمنة"],
    "de": [
        "Ja, mir geht es gut", "mir geht’s gut", "Alles OK", "alles gut, danke", "bin in Sicherheit",
        "Ja ich bin wohlauf! Viele Grüße", "alles in Ordnung",
    ],
    "es": ["Sí, estoy bien", "si estoy bien", "ESTOY A SALVO", "todo bien, gracias", "bien"],
    "fr": ["Oui, je vais bien", "tout va bien, merci", "Je suis en sécurité", "sain et sauf", "à l’abri"],
    "ja": [
        "大丈夫です", "大丈夫", "はい、無事です。", "無事です。ありがとうございます", "私は大丈夫です！",
        "ＯＫ", "ｏｋです", "オーケー", "ｵｰｹｰ", "だいじょうぶ",
    ],
}  # fmt: skip

HELP = {
    "en": [
        "help", "HELP!!", "I need help", "sos", "S.O.S.", "🆘", "I'm ok but John needs help",
        "not ok", "I'm not safe", "unsafe", "we are trapped", "I am NOT okay", "ok? no, help me",
        "I can't move", "ok thanks for nothing, I am injured", "help?",
    ],
    "ar": ["مساعدة", "أحتاج إلى المساعدة", "ساعدوني", "النجدة!", "لست بخير", "أنا لست آمنا", "نحن محاصرون"],
    "de": [
        "Hilfe", "ich brauche hilfe", "Ich bin nicht sicher", "mir geht es nicht gut",
        "bin verletzt", "mir geht es gut aber Anna braucht Hilfe", "wir sind nicht in Sicherheit",
    ],
    "es": [
        "ayuda", "¡Ayúdenme!", "no estoy bien", "NO ESTOY A SALVO", "estoy bien pero necesito ayuda",
        "no necesito ayuda", "¡No! ¡Necesito ayuda!", "estamos atrapados",
    ],
    "fr": [
        "à l'aide", "au secours", "je ne vais pas bien", "je suis blessée", "ça va pas",
        "je ne suis pas en sécurité", "tout va bien mais Paul est coincé",
    ],
    "ja": [
        "助けて", "助けが必要です", "大丈夫ではありません", "大丈夫じゃない", "無事ではないです", "けがをしました",
        "ｹｶﾞをした", "HELPしてください", "大丈夫です、でも母が動けません", "安全ではない",
    ],
}  # fmt: skip

NOTHING_KNOWN = [
    "", " ", "👍", "👌", "🆗", "👎", "yes", "no", "ja", "oui", "はい", "sure", "sicher", "seguro",
    "OK?", "ok ?", "¿estoy bien?", "大丈夫？", "大丈夫ですか", "ça va?", "بخير؟", "ok\u037e", "Are you ok",
    "ok I will call you later", "ok but", "ok, but the office is not", "ok not", "no ok", "nok",
    "No, estoy bien", "ok...", "ok…", "okish", "ok-ish", "ok 😢", "ok :(", "I was ok",
    "John is ok", "ok John", "he is safe", "I think I'm ok", "not sure", "ok for now", "kinda ok",
    '"ok"', "“I am safe”", "> I am safe", "> ok\n", "I am n o t ok", "n't ok", "safe?", "keine Ahnung",
    "o\u0336k\u0336", "OK\u20e0", "我很安全", "OK STOP", "call me", "ok / no", "ok=no", "ich bin sicher",
    "estoy seguro", "I am safe at my sister's", "x" * 70_000, "ok " * 100,
]  # fmt: skip

LANGUAGES = st.sampled_from(PORTAL_LANGUAGES)
NEGATIONS = {
    "en": ["not", "no", "never", "n't", "isn't", "hardly"], "ar": ["لست", "لا", "ليس", "مش", "غير"],
    "de": ["nicht", "kein", "nein", "nie"], "es": ["no", "nunca", "ni"],
    "fr": ["pas", "ne", "non", "jamais"], "ja": ["ない", "ではない", "じゃない", "ません"],
}  # fmt: skip


def phrases(listed: dict[str, str], language: str) -> list[str]:
    return [one.strip() for one in listed.get(language, "").split(",") if one.strip()]


@pytest.mark.parametrize("language", PORTAL_LANGUAGES)
def test_every_language_of_the_portal_has_words_for_both(language: str) -> None:
    assert OK_PHRASES[language]
    assert FILLERS[language]
    assert ASIDES[language]
    assert HELP_PHRASES.get(language) or HELP_STEMS.get(language)


@pytest.mark.parametrize("text", [text for texts in OK.values() for text in texts])
def test_text_that_says_nothing_but_ok_is_one(text: str) -> None:
    assert read_answer(text) == SaidAnswer("ok", is_bare=True)


@pytest.mark.parametrize("text", [text for texts in HELP.values() for text in texts])
def test_call_for_help_is_heard_whatever_else_is_said(text: str) -> None:
    assert read_answer(text).answer == "needs_help"


@pytest.mark.parametrize("text", NOTHING_KNOWN)
def test_what_may_mean_something_else_is_no_answer(text: str) -> None:
    assert read_answer(text) == SaidAnswer(None, is_bare=False)


@pytest.mark.parametrize(
    "text",
    [
        "safe at home", "I don't need help, I'm fine", "We are OK. No one injured.", "ok now",
        "Mir geht es gut, ich brauche keine Hilfe", "bin zu Hause, alles ok", "estoy bien, en casa",
        "tout va bien, pas besoin d'aide", "けがはありません。大丈夫です",
    ],
)  # fmt: skip
def test_what_tells_more_than_ok_is_one_whose_words_are_kept(text: str) -> None:
    assert read_answer(text) == SaidAnswer("ok", is_bare=False)


@pytest.mark.parametrize(
    ("text", "is_bare"), [("Help!", True), ("hilfe", True), ("help me, room 12", False)]
)
def test_words_beside_a_call_for_help_are_kept(text: str, *, is_bare: bool) -> None:
    assert read_answer(text) == SaidAnswer("needs_help", is_bare)


@given(st.data(), LANGUAGES)
def test_every_phrase_counts_in_any_case_width_and_punctuation(
    data: st.DataObject, language: str
) -> None:
    phrase = data.draw(st.sampled_from(phrases(OK_PHRASES, language)))
    change = data.draw(st.sampled_from([str.upper, str.title, str.lower, widen, decompose]))
    before = data.draw(st.sampled_from(["", " ", "\n"]))
    after = data.draw(st.sampled_from(["", " ", ".", "!!", "。", "！", " 👍", "\n"]))
    assert read_answer(before + change(phrase) + after).answer == "ok"


@given(st.data(), LANGUAGES)
def test_a_negation_anywhere_is_never_safe(data: st.DataObject, language: str) -> None:
    words = data.draw(st.sampled_from(phrases(OK_PHRASES, language))).split(" ")
    negation = data.draw(st.sampled_from(NEGATIONS[language]))
    at = data.draw(st.integers(0, len(words)))
    joint = data.draw(st.sampled_from([" ", ", ", "\n", ". "]))
    assert read_answer(joint.join([*words[:at], negation, *words[at:]])).answer != "ok"


@given(st.data(), LANGUAGES, LANGUAGES)
def test_help_outranks_ok_in_one_text(data: st.DataObject, language: str, other: str) -> None:
    ok = data.draw(st.sampled_from(phrases(OK_PHRASES, language)))
    calls = phrases(HELP_PHRASES, other) + phrases(HELP_STEMS, other)
    both = data.draw(st.permutations([ok, data.draw(st.sampled_from(calls))]))
    assert read_answer(data.draw(st.sampled_from([". ", " - ", "\n"])).join(both)).answer == (
        "needs_help"
    )


@given(st.data(), LANGUAGES, st.text(min_size=1, max_size=30))
def test_what_is_not_known_makes_of_an_ok_a_reply(
    data: st.DataObject, language: str, other: str
) -> None:
    """Everything that counts as OK is made of known phrases and signs, and of nothing else."""
    ok = data.draw(st.sampled_from(phrases(OK_PHRASES, language)))
    text = f"{ok} {other}"
    known = re.compile(r"[a-z0-9]")
    letters = "".join(known.findall(unicodedata.normalize("NFKD", other).lower()))
    listed = ",".join(
        table[one] for one in PORTAL_LANGUAGES for table in (OK_PHRASES, FILLERS, ASIDES)
    )
    spelled = "".join(known.findall(unicodedata.normalize("NFKD", listed).lower()))
    if letters and letters not in spelled:
        assert read_answer(text).answer != "ok"


@given(st.text(max_size=300), st.sampled_from("?？؟¿⁉❓"))
def test_a_question_is_never_an_ok(text: str, mark: str) -> None:
    for asked in (text + mark, mark + text, f"ok{mark}", f"{text}{mark}ok"):
        assert read_answer(asked).answer != "ok"


@given(st.text(max_size=2_000))
def test_any_text_can_be_read(text: str) -> None:
    said = read_answer(text)
    assert said.answer in (None, "ok", "needs_help")
    assert not (said.answer is None and said.is_bare)


@pytest.mark.parametrize("unit", ["ok ", "大丈夫", "👍ok"])
def test_a_part_of_a_long_text_is_no_ok(unit: str) -> None:
    """The part after it may say "but my leg is broken"."""
    for part in ((unit * 67)[:67], (unit * 153)[:153]):
        assert read_answer(part) == SaidAnswer(None, is_bare=False)


@given(st.integers(MOST_OK_UNITS, 4 * MOST_OK_UNITS))
def test_reading_never_takes_long(count: int) -> None:
    assert read_answer("ok " * count + "x").answer is None
    assert read_answer("大丈夫" * count + "か").answer is None


def widen(text: str) -> str:
    """Return ASCII as keyboards for Chinese and Japanese write it."""
    return "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in text)


def decompose(text: str) -> str:
    return unicodedata.normalize("NFD", text)
