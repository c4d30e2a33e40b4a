"""JSON as other programs write it for us, with nothing silently dropped."""

import json
from typing import Any


def parse_json(text: str | bytes) -> Any:
    """Read JSON, refusing a key given twice: it would silently keep the last and drop the first.

    Raises:
        ValueError: Not JSON, or a key given twice.
    """
    return json.loads(text, object_pairs_hook=_each_key_once)


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    parsed: dict[str, Any] = {}
    for key, value in pairs:
        if key in parsed:
            raise ValueError(f"key {key!r} is given twice")
        parsed[key] = value
    return parsed
