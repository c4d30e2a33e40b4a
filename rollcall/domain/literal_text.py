"""Put texts of others into templates so that they say what they say, whatever is in them."""

import re
from collections.abc import Sequence
from typing import Final

from rollcall.domain.template_variables import fold_line

_OPENING: Final = re.compile(r"\{(?=[{%#]|$)")
"""A brace that opens something in Jinja2, or would with what follows the text."""

_BRACE: Final = "{%+ raw %}{{% endraw +%}"
"""One that opens nothing; the plus signs keep white space around it, which Jinja2 would trim."""


def shorten(text: str, max_chars: int) -> str:
    """Return a text as one line of at most so many characters."""
    line = " ".join(fold_line(text).split())
    return line if len(line) <= max_chars else line[: max_chars - 1] + "…"


def quote_literally(text: str, max_chars: int) -> str:
    """Return a template that prints a text as it is, as `shorten` makes it."""
    return _OPENING.sub(_BRACE, shorten(text, max_chars))


def strip_braces(text: str, max_chars: int) -> str:
    """Return a text without what could be template syntax: for a subject, which must stay short."""
    return shorten(text, max_chars).replace("{", "(").replace("}", ")")


def quote_list(
    texts: Sequence[str], between: str, *, most: int, max_chars: int, budget_chars: int
) -> str:
    """Return a template that prints the first of some texts, and how many more there are.

    Args:
        texts: What is listed.
        between: What stands between two.
        most: How many are printed.
        max_chars: How much of each.
        budget_chars: How long the template becomes at the most, but for the count at its end.
    """
    listed: list[str] = []
    left_chars = budget_chars
    for text in texts[:most]:
        quoted = quote_literally(text, max_chars)
        left_chars -= len(quoted) + len(between)
        if left_chars < 0:
            break
        listed.append(quoted)
    if left_count := len(texts) - len(listed):
        listed.append(f"… (+{left_count})")
    return between.join(listed)
