"""What somebody wrote themselves stays, what they quote goes; where it is unsure it stays."""
# ruff: noqa: E501, RUF001 - mails as programs write them

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollcall.domain.quoted_text import cut_quotation, cut_signature

QUOTED = "> Flood in Example City\n> Are you safe?\n>\n> If you need help, say so."
ABOVE = [
    "On Mon, Nov 23, 2026 at 6:00 AM Crisis Team <crisis@example.org> wrote:",
    "On Mon, Nov 23, 2026 at 6:00 AM Crisis Team\n<crisis@example.org> wrote:\n",
    "Am 23.11.2026 um 06:00 schrieb Crisis Team <crisis@example.org>:",
    "Am Mo., 23. Nov. 2026 um 06:00 Uhr schrieb Crisis Team <\ncrisis@example.org>:\n",
    "El lun, 23 nov 2026 a las 6:00, Crisis Team (<crisis@example.org>) escribió:",
    "Le lun. 23 nov. 2026 à 06:00, Crisis Team <crisis@example.org> a écrit :",
    "2026年11月23日(月) 6:00 Crisis Team <crisis@example.org>:",
    "في الاثنين، 23 نوفمبر 2026 في 6:00 ص تمت كتابة ما يلي بواسطة كتب Crisis Team:",
    "",
]
HEADERS = [
    "From: Crisis Team <crisis@example.org>\nSent: Monday, November 23, 2026 6:00 AM\nTo: p0@example.org\nSubject: Flood",
    "Von: Crisis Team\nGesendet: Montag, 23. November 2026 06:00\nAn: p0\nBetreff: Hochwasser",
    "De: Crisis Team\nEnviado: lunes\nPara: p0\nAsunto: Flood",
    "De : Crisis Team\nEnvoyé : lundi\nÀ : p0\nObjet : Flood",
    "差出人: Crisis Team\n送信日時: 2026年11月23日\n宛先: p0\n件名: Flood",
    "من: Crisis Team\nتاريخ الإرسال: الاثنين\nإلى: p0\nالموضوع: Flood",
    "________________________________\nFrom: Crisis Team\nDate: Monday\nTo: p0",
    "*From:* Crisis Team\n*Sent:* Monday\n*To:* p0",
    "-----Original Message-----",
    "-----Ursprüngliche Nachricht-----",
    "-----Mensaje original-----",
    "-------- Message d'origine --------",
    "-----元のメッセージ-----",
    "----- الرسالة الأصلية -----",
]


@pytest.mark.parametrize("above", ABOVE)
def test_quoted_lines_go_with_the_line_that_says_whose_they_are(above: str) -> None:
    assert cut_quotation(f"I am safe\n\n{above}\n{QUOTED}\n") == "I am safe"


@pytest.mark.parametrize("above", ABOVE)
def test_what_is_written_below_or_between_stays(above: str) -> None:
    assert cut_quotation(f"{above}\n{QUOTED}\n\nhelp, room 12") == "help, room 12"
    between = f"{above}\n> Are you safe?\nno\n> Where?\nroom 12"
    assert cut_quotation(between) == "no\nroom 12"


@pytest.mark.parametrize("headers", HEADERS)
def test_mail_that_is_set_apart_goes(headers: str) -> None:
    assert cut_quotation(f"I am safe\r\n\r\n{headers}\n\nIf you need help, say so.") == "I am safe"


@pytest.mark.parametrize("headers", HEADERS)
def test_mail_that_begins_with_it_stays_whole(headers: str) -> None:
    """Somebody may have written below."""
    text = f"{headers}\n\nhelp"
    assert cut_quotation(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "On Monday he wrote: help", "From: my room I see water", "to: be sure", "a > b", "wrote:",
        "On Mon, Nov 23, 2026 Team wrote:\n\nAre you safe?", "Von: mir\nist alles gut",
        "--\nI have no name", "5 > 3\nAm I safe?",
    ],
)  # fmt: skip
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert cut_quotation(text) == text.strip()


def test_nothing_but_quotation_is_nothing() -> None:
    assert cut_quotation(f"\n{ABOVE[0]}\n{QUOTED}") == ""


@given(st.text(alphabet="ab >\n:-_", max_size=300))
def test_no_line_is_lost_that_is_not_marked(text: str) -> None:
    kept = cut_quotation(text).split("\n")
    for line in text.split("\n"):
        if line.strip() and not line.startswith(">"):
            assert line.strip() in "\n".join(kept)


@settings(deadline=timedelta(seconds=2))
@given(st.sampled_from("ab1<@:0 >-_年"), st.integers(1, 60_000))
def test_no_text_takes_long(character: str, count: int) -> None:
    cut_quotation(character * count + "\n> x")
    cut_signature("x\n" + character * count, character * 9)


@pytest.mark.parametrize(
    "below",
    [
        "-- \nPerson 0\nHelp desk", "--\nHelp desk", "Sent from my iPhone", "Von meinem iPhone gesendet",
        "Envoyé de mon iPhone", "Enviado desde mi iPhone", "iPhoneから送信", "أرسلت من الـ iPhone",
        "Get Outlook for iOS<https://aka.ms/o0ukef>", "Outlook für iOS beziehen", "Person 0", "person",
        "\nPerson 0\n\nSent from my iPad", "Gesendet mit der mobilen Mail App",
    ],
)  # fmt: skip
def test_signature_answers_nothing(below: str) -> None:
    assert cut_signature(f"I am safe\n{below}", "Person 0").strip() == "I am safe"


@pytest.mark.parametrize("below", ["No", "not", "but my leg is broken", "- not", "Person 0 is not"])
def test_what_may_be_said_is_no_signature(below: str) -> None:
    text = f"I am safe\n{below}"
    assert cut_signature(text, "Anna No") == text
    assert cut_signature("--", "x") == "--"
