"""JSON as other programs write it for us, with nothing silently dropped."""

import json
from typing import Any, NoReturn


def parse_json(text: str | bytes) -> Any:
    """Read JSON, refusing a key given twice: it would silently keep the last and drop the first.

    What Python reads and no other program would (`NaN`, half of a surrogate pair) is refused too:
    it could be neither compared nor stored.

    Raises:
        ValueError: Not JSON, a key given twice, or text that is none.
    """
    try:
        parsed = json.loads(text, object_pairs_hook=_each_key_once, parse_constant=_refuse_constant)
        json.dumps(parsed, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except UnicodeEncodeError as error:
        raise ValueError("half of a surrogate pair is no character") from error
    return parsed


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    parsed: dict[str, Any] = {}
    for key, value in pairs:
        if key in parsed:
            raise ValueError(f"key {key!r} is given twice")
        parsed[key] = value
    return parsed


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
