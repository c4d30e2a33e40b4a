"""What stays of a message or person whose personal data was removed: pure rewriting."""

import re
from collections.abc import Callable, Iterable
from html import escape
from typing import Any, Final

REMOVED: Final = "removed by retention"
"""Stands where a name or text was that is gone by its age."""

ERASED: Final = "erased"
"""Stands where a name or text was that is gone because its person is."""

ERASED_PREFIX: Final = "erased-"
"""How the ids begin that stand for people who were erased."""

_KEPT_OF_CONTENT: Final = ("language",)

SHORTEST_TERM: Final = 3
"""What is shorter is part of too many words to be looked for in texts."""


def remove_content(request: dict[str, Any]) -> dict[str, Any]:
    """Return a request without what it said; whom it was for and how it travelled stay.

    It still is a request that can be read, so that whatever looks at old messages goes on to work.
    """
    content = {
        name: told
        for name, told in request.get("content", {}).items()
        if name in _KEPT_OF_CONTENT and told is not None
    }
    return request | {"content": {"subject": REMOVED, "text": REMOVED} | content}


def compile_terms(terms: Iterable[str]) -> re.Pattern[str] | None:
    """Return what finds any of some names and addresses in texts, also as HTML escapes them.

    Only as whole words: of somebody called Ana no banana tells. None where there is nothing to
    look for.
    """
    told = {one.strip() for one in terms if len(one.strip()) >= SHORTEST_TERM}
    spelled = told | {escape(one) for one in told} | {escape(one, quote=False) for one in told}
    if not spelled:
        return None
    longest_first = sorted(spelled, key=lambda one: (-len(one), one))
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)


def erase_terms(text: str, terms: re.Pattern[str] | None) -> str:
    """Return a text in which every such name or address is replaced."""
    return terms.sub(ERASED, text) if terms else text


def rewrite_strings(told: Any, rewrite: Callable[[str], str]) -> Any:
    """Return JSON with every string in it rewritten; keys stay."""
    if isinstance(told, str):
        return rewrite(told)
    if isinstance(told, dict):
        return {key: rewrite_strings(one, rewrite) for key, one in told.items()}
    if isinstance(told, list):
        return [rewrite_strings(one, rewrite) for one in told]
    return told
