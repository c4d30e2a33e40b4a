"""Placeholders in a route's configured headers and body: replaced as text, encoded afterwards."""

import re
from collections.abc import Mapping

from pydantic import JsonValue

HEADER_PLACEHOLDERS = frozenset({"reference", "idempotency_key", "attempt"})
"""Only our own ids: what a person typed must not come near a header."""

PLACEHOLDERS = HEADER_PLACEHOLDERS | {"to", "text", "sender", "callback_url"}
"""Everything a body may hold."""

_PLACEHOLDER = re.compile(r"\{([A-Za-z_]+)\}")


def find_placeholders(template: JsonValue) -> frozenset[str]:
    """Name every `{word}` in a template, however deeply nested."""
    if isinstance(template, str):
        return frozenset(_PLACEHOLDER.findall(template))
    if isinstance(template, dict):
        return frozenset().union(*map(find_placeholders, template.values()))
    if isinstance(template, list):
        return frozenset().union(*map(find_placeholders, template))
    return frozenset()


def split_text(text: str) -> tuple[list[str], list[str]]:
    """Return what stands before, between and after the placeholders of a text, and their names."""
    parts = _PLACEHOLDER.split(text)
    return parts[::2], parts[1::2]


def fill_text(template: str, values: Mapping[str, str]) -> str:
    """Replace each `{word}` once; what is put in is never read again as a template."""
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), template)
