from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from rollcall.domain.content import MAX_TEXT_CHARS, MessageContent
from rollcall.domain.email_layout import EmailLayout, compile_layout
from rollcall.domain.rendering import CompiledContent, compile_content
from rollcall.domain.template_variables import (
    MAX_VALUE_CHARS,
    MessageVariables,
    RecipientVariables,
)
from rollcall.errors import TemplateError

SHIPPED_LAYOUT = Path(__file__).parents[3] / "data" / "templates" / "email.html.j2"
MESSAGE = MessageVariables(sent_on=date(2026, 11, 23), organisation="Meridian Relief")
ZOE = RecipientVariables(name="Zoë", language="de-AT", country="JP", home_country="AT")


@pytest.fixture(scope="module")
def layout() -> EmailLayout:
    return compile_layout(SHIPPED_LAYOUT.read_text(encoding="utf-8"))


def compile_fields(layout: EmailLayout, **fields: Any) -> CompiledContent:
    return compile_content(MessageContent(**{"subject": "S", "text": "T", **fields}), layout)


def test_every_variable_is_filled_in(layout: EmailLayout) -> None:
    text = (
        "{{ name }}|{{ language }}|{{ country }}|{{ country_name }}|{{ home_country }}|"
        "{{ subject }}|{{ organisation }}|{{ sent_on }}"
    )
    content = compile_fields(layout, subject="Hello {{ name }}", text=text)

    expected = "Zoë|de-AT|JP|Japan|AT|Hello Zoë|Meridian Relief|2026-11-23"
    assert content.render_email(ZOE, MESSAGE).text == expected
    assert content.render_sms(ZOE, MESSAGE).text == expected


def test_null_values_print_as_nothing_and_take_defaults(layout: EmailLayout) -> None:
    text = '[{{ country_name }}] {{ name | default("colleague") }}{% if language %}!{% endif %}'
    content = compile_fields(layout, text=text)

    assert content.render_sms(RecipientVariables(name=""), MESSAGE).text == "[] colleague"


def test_the_recipients_language_chooses_the_translation(layout: EmailLayout) -> None:
    content = compile_fields(
        layout,
        language="en",
        translations={
            "de": {"subject": "DE", "text": "{{ country_name }}, deutsch"},
            "pt-br": {"subject": "BR", "text": "{{ country_name }}, brasileiro", "sms": "curto"},
        },
    )

    german = content.render_email(ZOE, MESSAGE)
    brazilian = RecipientVariables(language="PT-BR", country="DE")
    assert (german.subject, german.text, german.language) == ("DE", "Japan, deutsch", "de")
    assert content.render_email(brazilian, MESSAGE).text == "Alemanha, brasileiro"
    assert content.render_sms(brazilian, MESSAGE).text == "curto"
    assert content.render_sms(brazilian, MESSAGE).language == "pt-BR"
    assert content.render_email(RecipientVariables(language="ja"), MESSAGE).language == "en"
    assert content.render_email(RecipientVariables(), MESSAGE).subject == "S"


def test_sms_is_the_short_text_with_its_size(layout: EmailLayout) -> None:
    sms = compile_fields(layout, text="long", sms="short {{ name }}").render_sms(ZOE, MESSAGE)

    assert (sms.text, sms.encoding, sms.segments) == ("short Zoë", "UCS-2", 1)


def test_accents_typed_apart_do_not_force_ucs2(layout: EmailLayout) -> None:
    content = compile_fields(layout, text="cafe\u0301 {{ name }}")
    sms = content.render_sms(RecipientVariables(name="Rene\u0301"), MESSAGE)

    assert (sms.text, sms.encoding) == ("caf\u00e9 Ren\u00e9", "GSM-7")


def test_line_breaks_in_a_subject_become_spaces(layout: EmailLayout) -> None:
    content = compile_fields(layout, subject="Alarm\r\nBcc: x@example.org\u2028{{ name }}")
    reader = RecipientVariables(name="A\nB")

    assert content.render_email(reader, MESSAGE).subject == "Alarm Bcc: x@example.org A B"


def test_a_name_cannot_start_a_paragraph_or_fill_a_mail(layout: EmailLayout) -> None:
    content = compile_fields(layout, text="{{ name }}")

    assert content.render_sms(RecipientVariables(name="A\n\n\nB"), MESSAGE).text == "A B"
    long_name = RecipientVariables(name="x" * 100_000)
    assert len(content.render_email(long_name, MESSAGE).text) == MAX_VALUE_CHARS


def test_html_escapes_what_was_written_and_who_reads_it(layout: EmailLayout) -> None:
    content = compile_fields(layout, subject="<S> & {{ name }}", text="<script>{{ name }}</script>")
    html = content.render_email(RecipientVariables(name='<img src="x">'), MESSAGE).html

    assert "<title>&lt;S&gt; &amp; &lt;img src=&#34;x&#34;&gt;</title>" in html
    assert "<p>&lt;script&gt;&lt;img src=&#34;x&#34;&gt;&lt;/script&gt;</p>" in html
    assert "<img" not in html
    assert "<script" not in html


def test_html_keeps_paragraphs_and_line_breaks(layout: EmailLayout) -> None:
    html = compile_fields(layout, text="a\nb\n\n \nc").render_email(ZOE, MESSAGE).html

    assert "<p>a<br>\nb</p>\n<p>c</p>\n" in html


@pytest.mark.parametrize(
    ("language", "attributes"),
    [("ar", ' lang="ar" dir="rtl"'), ("ja", ' lang="ja" dir="ltr"'), (None, ' dir="auto"')],
)
def test_html_says_language_and_direction(
    layout: EmailLayout, language: str | None, attributes: str
) -> None:
    html = compile_fields(layout, language=language).render_email(ZOE, MESSAGE).html

    assert f"<html{attributes}>" in html


def test_html_loads_nothing_from_outside(layout: EmailLayout) -> None:
    html = compile_fields(layout).render_email(ZOE, MESSAGE).html

    assert not any(mark in html for mark in ("http:", "https:", "src=", "url(", "@import", "<link"))


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"subject": "{{ nme }}"}, "content (no language given), subject, line 1: "),
        ({"language": "en", "text": "a\n{% for x in name %}"}, "content (en), text, line 2: "),
        ({"sms": "{{ name"}, "content (no language given), sms, line 1: "),
        (
            {"translations": {"ja": {"subject": "S", "text": "T", "sms": "\n\n{{ name() }}"}}},
            "translation ja, sms, line 3: ",
        ),
        ({"subject": "{{ subject }}"}, "content (no language given), subject, line 1: "),
    ],
)
def test_mistakes_are_found_before_sending_with_their_place(
    layout: EmailLayout, fields: dict[str, Any], place: str
) -> None:
    with pytest.raises(TemplateError) as refusal:
        compile_fields(layout, **fields)

    assert str(refusal.value).startswith(place)


def test_an_sms_over_ten_segments_is_refused_before_sending(layout: EmailLayout) -> None:
    compile_fields(layout, sms="a" * 1530)
    with pytest.raises(TemplateError, match=r"content \(de\), sms: takes 11 SMS in GSM-7, 10 are"):
        compile_fields(layout, language="de", sms="a" * 1531)


def test_an_sms_that_a_foreign_name_makes_too_long_is_refused_before_sending(
    layout: EmailLayout,
) -> None:
    with pytest.raises(TemplateError, match="sms: takes 11 SMS in UCS-2"):
        compile_fields(layout, sms="a" * 700 + "{{ name }}")


def test_a_long_text_is_fine_where_no_sms_is_sent(layout: EmailLayout) -> None:
    content = MessageContent(subject="S", text="a" * 3000)

    assert compile_content(content, layout, include_sms=False).render_email(ZOE, MESSAGE)


def test_an_sms_too_long_for_one_recipient_does_not_name_them(layout: EmailLayout) -> None:
    content = compile_fields(layout, sms='{% if name == "Zoë" %}' + "a" * 1600 + "{% endif %}")

    with pytest.raises(TemplateError) as refusal:
        content.render_sms(ZOE, MESSAGE)
    assert "takes 11 SMS" in str(refusal.value)
    assert "Zoë" not in str(refusal.value)


@pytest.mark.parametrize("render", ["render_email", "render_sms"])
def test_an_empty_outcome_is_refused(layout: EmailLayout, render: str) -> None:
    content = compile_fields(layout, text='{% if country == "DE" %}a{% endif %}\n')

    with pytest.raises(TemplateError, match="comes out empty for at least one recipient"):
        getattr(content, render)(ZOE, MESSAGE)


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"subject": ""}, "subject"),
        ({"text": "x" * (MAX_TEXT_CHARS + 1)}, "text"),
        ({"sms": ""}, "sms"),
        ({"html": "<p>"}, "html"),
        ({"language": "german language"}, "is no language tag"),
        ({"translations": {"??": {"subject": "S", "text": "T"}}}, "is no language tag"),
        ({"translations": {"de": {"subject": "S", "text": "T", "note": "x"}}}, "note"),
        (
            {"translations": {tag: {"subject": "S", "text": "T"} for tag in ("pt-br", "pt-BR")}},
            "'pt-BR' is given twice",
        ),
        (
            {"language": "DE", "translations": {"de": {"subject": "S", "text": "T"}}},
            "needs no translation",
        ),
    ],
)
def test_content_that_is_not_well_formed_is_refused(fields: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        MessageContent(**{"subject": "S", "text": "T", **fields})


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("a\n{% if %}", "email layout, line 2: "),
        ("{{ sbject }}", "email layout: 'sbject' is undefined"),
    ],
)
def test_a_broken_layout_is_refused_when_compiled(source: str, complaint: str) -> None:
    with pytest.raises(TemplateError) as refusal:
        compile_layout(source)

    assert str(refusal.value).startswith(complaint)
