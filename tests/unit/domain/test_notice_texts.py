"""Notices of people say what they say, whatever people are called."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollcall.domain.content import MessageContent
from rollcall.domain.email_layout import compile_layout
from rollcall.domain.link_names import PORTAL_LANGUAGES
from rollcall.domain.literal_text import quote_literally, shorten
from rollcall.domain.notice_texts import MOST_LINES, write_notice
from rollcall.domain.reminder_texts import write_question, write_reminder
from rollcall.domain.rendering import compile_content
from rollcall.domain.template_variables import MessageVariables, RecipientVariables
from rollcall.domain.templates import compile_template

LAYOUT = compile_layout(Path("data/templates/email.html.j2").read_text("utf-8"))
TODAY = MessageVariables(sent_on=date(2026, 11, 23), organisation="Example Org")
ODD_NAMES = ("{{ name }}", "{% raw %}x{% endraw %}", "{# gone #}", "{", "a{", "{{{", "Ana\nB}}")

braced = st.text(st.sampled_from("{}%# \nabé人-endraw"), max_size=40)


def render(content: MessageContent, language: str) -> tuple[str, str, str]:
    compiled = compile_content(content, LAYOUT)
    reader = RecipientVariables("Reader", language)
    email = compiled.render_email(reader, TODAY)
    return email.subject, email.text, compiled.render_sms(reader, TODAY).text


@settings(deadline=None)
@given(before=braced, text=braced)
def test_whatever_is_in_a_name_is_printed_and_never_obeyed(before: str, text: str) -> None:
    for between in (", ", "\n", " \n  "):
        template = quote_literally(before, 100) + between + quote_literally(text, 100) + "\n."
        wanted = shorten(before, 100) + between + shorten(text, 100) + "\n."
        assert compile_template(template, frozenset()).render({}) == wanted


@pytest.mark.parametrize("language", PORTAL_LANGUAGES)
@pytest.mark.parametrize("about", ["silent", "needs_help", "not_asked"])
def test_odd_names_are_listed_as_they_are(about: str, language: str) -> None:
    content = write_notice(about, "{{ name }} {% if", ODD_NAMES, len(ODD_NAMES))  # type: ignore[arg-type]  # one of the three
    subject, text, sms = render(content, language)

    assert "Reader" not in subject + text + sms
    assert [shorten(name, 99) for name in ODD_NAMES] == text.split("\n\n")[1].splitlines()
    assert sms.endswith(", ".join(shorten(name, 99) for name in ODD_NAMES[:5]) + ", … (+2)")


@settings(deadline=None)
@given(name=st.text(min_size=1, max_size=300), count=st.integers(0, 2_000))
def test_any_number_of_people_of_any_name_fits(name: str, count: int) -> None:
    content = write_notice("silent", name, [name] * count, count)
    compiled = compile_content(content, LAYOUT)
    for language in PORTAL_LANGUAGES:
        compiled.render_email(RecipientVariables("Ana", language), TODAY)
        compiled.render_sms(RecipientVariables("Ana", language), TODAY)


def test_who_is_not_listed_is_counted() -> None:
    _, text, _ = render(write_notice("silent", "Drill", ["Ana"] * 900, 900), "en")
    assert text.count("Ana") == MOST_LINES
    assert f"… (+{900 - MOST_LINES})" in text


def test_reminder_has_the_title_of_the_chat_in_the_readers_language() -> None:
    invitation = MessageContent.model_validate(
        {
            "subject": "Flood in {{ country_name }}",
            "text": "Are you safe?",
            "language": "en",
            "translations": {"de": {"subject": "Hochwasser", "text": "Sicher?"}},
        }
    )
    reminder = write_reminder(invitation)
    link = "https://safe.example.org/c/-personal-link-token--"
    compiled = compile_content(reminder, LAYOUT, link=link)

    german = compiled.render_sms(RecipientVariables("Ana", "de-AT", country="JP"), TODAY).text
    assert german.startswith("Wir haben noch nichts von Ihnen gehört: Hochwasser")
    other = compiled.render_sms(RecipientVariables("Ana", "pt", country="JP"), TODAY).text
    assert other.startswith("We have not heard from you yet: Flood in Japan")
    assert german.endswith(link)
    assert other.endswith(link)


def test_a_check_in_without_a_text_asks_in_all_languages() -> None:
    question = write_question("Night shift")
    assert set(question.translations) | {question.language} == set(PORTAL_LANGUAGES)
    assert render(question, "fr")[1].startswith("Allez-vous bien")
