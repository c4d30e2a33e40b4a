"""Language tags (BCP 47): spelling, the choice between translations, the direction of writing."""

import re
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Final, Literal

Direction = Literal["ltr", "rtl", "auto"]
"""The values of HTML's `dir`; `auto` where the language is not known."""

_TAG: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
"""RFC 5646 §2.1 as far as it can be checked without the registry: subtags of 1 to 8 letters and
digits."""

_MAX_TAG_CHARS: Final = 35
"""RFC 5646 §4.4.1: applications should allow for at least 35."""

_SCRIPT_CHARS: Final = 4
_REGION_CHARS: Final = 2

_RIGHT_TO_LEFT: Final = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
"""Languages that CLDR's likely subtags write in Arabic, Hebrew or Thaana script."""


def normalise_language(tag: str) -> str:
    """Spell a language tag as RFC 5646 §2.1.1 recommends: `pt-BR`, `zh-Hant-TW`.

    Raises:
        ValueError: The text is no language tag; names it.
    """
    if len(tag) > _MAX_TAG_CHARS or not _TAG.fullmatch(tag):
        raise ValueError(f"{tag!r} is no language tag (write for example ja, pt-BR or zh-Hant)")
    primary, *others = tag.lower().split("-")
    return "-".join([primary, *(_spell_subtag(subtag) for subtag in others)])


@lru_cache(maxsize=4096)
def choose_language(wanted: str | None, available: AbstractSet[str]) -> str | None:
    """Look up the content for a reader, as RFC 4647 §3.4 does; case does not matter.

    Args:
        wanted: The reader's language tag as their record has it, perhaps malformed (`pt_BR` is read
            as `pt-BR`).
        available: Normalised tags; a frozenset.

    Returns:
        The member of `available` that is the longest prefix of `wanted` in whole subtags, None
        where there is none.
    """
    by_folded_tag = {tag.lower(): tag for tag in available}
    subtags = (wanted or "").lower().replace("_", "-").split("-")
    while subtags:
        if (found := by_folded_tag.get("-".join(subtags))) is not None:
            return found
        subtags.pop()
        if subtags and len(subtags[-1]) == 1:  # `x` or `u` alone introduces what was just cut off
            subtags.pop()
    return None


def find_direction(language: str | None) -> Direction:
    """Tell which way a language is written."""
    if language is None:
        return "auto"
    return "rtl" if language.lower().split("-")[0] in _RIGHT_TO_LEFT else "ltr"


def _spell_subtag(subtag: str) -> str:
    if len(subtag) == _SCRIPT_CHARS and subtag.isalpha():
        return subtag.title()
    return subtag.upper() if len(subtag) == _REGION_CHARS else subtag
