"""Texts of people and administrators on a page: shown as they are, never read as anything else.

Streamlit reads most of what it shows as Markdown, with pictures, links, formulas and icons.
"""

import html
import re
from typing import Final

from rollcall.domain.country_names import name_country
from rollcall.domain.languages import find_direction

_SIGNS: Final = re.compile(r"([!-/:-@\[-`{-~])")
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What has no shape of its own; also what turns the direction of all text after it."""


def literal(text: str) -> str:
    """Return a text for where Streamlit reads Markdown: each sign stands for itself."""
    return _SIGNS.sub(r"\\\1", one_line(text))


def one_line(text: str) -> str:
    """Return a text without line breaks and without what cannot be seen."""
    return " ".join(_CONTROLS.sub(" ", text).split())


def lines_as_html(text: str) -> str:
    """Return a text for `st.html` in the lines that it was written in."""
    return "<br>".join(html.escape(one_line(line)) for line in text.splitlines())


def as_html(text: str | None) -> str:
    """Return a text for `st.html`; a dash where there is none."""
    return html.escape(one_line(text)) if text else "–"  # noqa: RUF001 - a dash is meant


def as_block(text: str, language: str | None = None) -> str:
    """Return a text of several lines for `st.html`, as it was broken, in its own direction.

    Args:
        text: What it says.
        language: BCP 47 tag of it, for screen readers and for the direction.
    """
    lines = (_CONTROLS.sub(" ", line) for line in text.splitlines())
    told = f' lang="{html.escape(language)}"' if language else ""
    style = "white-space:pre-wrap;overflow-wrap:anywhere"
    return (
        f'<div{told} dir="{find_direction(language)}" style="{style}">'
        f"{html.escape(chr(10).join(lines))}</div>"
    )


def country_html(code: str | None) -> str:
    """Return a country's name for `st.html`; the code, or what stands for it, where it has none."""
    return as_html((name_country(code) if code else None) or code)
