"""Bodies of requests, by a template of which all that never changes is encoded once.

JSON and forms encode a text letter by letter: to put an encoded value into an encoded template is
the same as to fill the template first and encode it then, in a fifth of the time.
"""

import json
from collections.abc import Callable, Mapping
from typing import Literal
from urllib.parse import quote_plus

from pydantic import JsonValue

from rollcall.routes.templates import find_placeholders, split_text

_Encode = Callable[[str], str]


class BodyTemplate:
    """A body made ready to be filled for many messages.

    Args:
        body: What it holds, with placeholders.
        body_format: `json`, or a form, which may also stand in the address.
    """

    def __init__(
        self, body: Mapping[str, JsonValue], body_format: Literal["json", "form", "query"]
    ) -> None:
        is_json = body_format == "json"
        self._encode: _Encode = _write_text if is_json else quote_plus
        self._pattern = _json_pattern(dict(body)) if is_json else _form_pattern(body)
        self._names = tuple(find_placeholders(dict(body)))

    def fill(self, values: Mapping[str, str]) -> bytes:
        """Return the body for one message.

        Args:
            values: What stands for each placeholder; those that the body names must be there.
        """
        encode = self._encode
        return (self._pattern % {name: encode(values[name]) for name in self._names}).encode()


def _json_pattern(part: JsonValue) -> str:
    """Write JSON in which each placeholder is one of Python's `%(name)s`."""
    match part:
        case str():
            return f'"{_text_pattern(part, _write_text)}"'
        case dict():
            names = (f'"{_literal(name, _write_text)}": ' for name in part)
            return f"{{{', '.join(map(str.__add__, names, map(_json_pattern, part.values())))}}}"
        case list():
            return f"[{', '.join(map(_json_pattern, part))}]"
        case _:
            return json.dumps(part)


def _form_pattern(body: Mapping[str, JsonValue]) -> str:
    return "&".join(
        f"{_literal(name, quote_plus)}={_text_pattern(str(part), quote_plus)}"
        for name, part in body.items()
    )


def _text_pattern(text: str, encode: _Encode) -> str:
    literals, names = split_text(text)
    gaps = [f"%({name})s" for name in names] + [""]
    return "".join(_literal(each, encode) + gap for each, gap in zip(literals, gaps, strict=True))


def _literal(text: str, encode: _Encode) -> str:
    return encode(text).replace("%", "%%")


def _write_text(text: str) -> str:
    return json.dumps(text)[1:-1]
