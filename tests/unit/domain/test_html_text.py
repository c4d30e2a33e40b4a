"""HTML mails as text: words, lines, and what is quoted."""
# ruff: noqa: E501 - documents as programs write them

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.domain.html_text import read_html


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ("<p>I am <b>safe</b></p>", "I am safe"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<html><head><title>x</title><style>p{}</style></head><body>ok</body></html>", "ok"),
        ("<script>alert(1)</script>ok", "ok"),
        ("I&#39;m ok &amp; well&nbsp;now", "I'm ok & well now"),
        ("<div>ok</div><blockquote type=cite><p>Are you safe?</p>Say.</blockquote>", "ok\n> Are you safe?\n> Say."),
        ("ok<div class='gmail_quote'>On x wrote:<blockquote>Help?</blockquote></div>no", "ok\n> On x wrote:\n> Help?\nno"),
        ("<blockquote>a<div>b</blockquote>c", "> a\n> b\nc"),
        ("<p>never closed", "never closed"),
        ("</div>ok</blockquote>", "ok"),
        ("", ""),
    ],
)  # fmt: skip
def test_document_is_read_as_text(document: str, text: str) -> None:
    assert read_html(document) == text


@given(st.text(max_size=500))
def test_any_document_can_be_read(document: str) -> None:
    read_html(document)
    read_html(f"<div>{document}")
