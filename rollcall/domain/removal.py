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

_HOLDING_PEOPLE: Final = frozenset({"people", "person_id", "notify"})
"""Keys of a request whose values are ids of people."""

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


def spell_terms(terms: Iterable[str]) -> list[str]:
    """Return how names and addresses stand in texts and in HTML, the longest first."""
    told = {one.strip() for one in terms if len(one.strip()) >= SHORTEST_TERM}
    spelled = told | {escape(one) for one in told} | {escape(one, quote=False) for one in told}
    return sorted(spelled, key=lambda one: (-len(one), one))


def compile_terms(terms: Iterable[str]) -> re.Pattern[str] | None:
    """Return what finds any of some names and addresses in texts.

    Only as whole words: of somebody called Ana no banana tells. None where there is nothing to
    look for.
    """
    spelled = "|".join(map(re.escape, spell_terms(terms)))
    return re.compile(rf"(?<!\w)(?:{spelled})(?!\w)", re.IGNORECASE) if spelled else None


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


def replace_person(told: Any, person_id: str, pseudonym: str) -> Any:
    """Return a request or selection in which a person's id is replaced wherever it means people.

    Not everywhere: a group may be called as somebody else is numbered.
    """
    if isinstance(told, list):
        return [replace_person(one, person_id, pseudonym) for one in told]
    if not isinstance(told, dict):
        return told
    return {
        key: _replace(one, person_id, pseudonym)
        if key in _HOLDING_PEOPLE
        else replace_person(one, person_id, pseudonym)
        for key, one in told.items()
    }


def _replace(told: Any, person_id: str, pseudonym: str) -> Any:
    if isinstance(told, list):
        return [_replace(one, person_id, pseudonym) for one in told]
    return pseudonym if told == person_id else told
