"""Reading what providers answer in JSON, and judging it: the same for each of them."""

import json
from typing import cast

from pydantic import JsonValue
from pydantic_core import from_json

from rollcall.routes.verdicts import CodeMeanings, Verdict, judge_status


def read_json(body: bytes) -> JsonValue:
    """Read a body as JSON; None where it is none, whatever it is instead.

    pydantic's reader takes a tenth of the time of Python's, which is asked again about what the
    former refuses: a byte order mark, UTF-16, half a surrogate pair.
    """
    try:
        return cast(JsonValue, from_json(body, cache_strings="keys"))
    except ValueError:
        return _read_leniently(body)


def _read_leniently(body: bytes) -> JsonValue:
    try:
        return cast(JsonValue, json.loads(body))
    except (ValueError, RecursionError):
        return None


def pick(document: JsonValue, *steps: str | int) -> JsonValue:
    """Follow names and positions into a document; None where they lead nowhere."""
    place = document
    for step in steps:
        if isinstance(place, dict) and isinstance(step, str):
            place = place.get(step)
        elif isinstance(place, list) and isinstance(step, int) and step < len(place):
            place = place[step]
        else:
            return None
    return place


def pick_text(document: JsonValue, *steps: str | int) -> str | None:
    """Follow names and positions to a text or a whole number; None for anything else, or ""."""
    found = pick(document, *steps)
    is_plain = isinstance(found, str | int) and not isinstance(found, bool)
    return str(found) if is_plain and found != "" else None


def judge_answer(
    codes: CodeMeanings, status: int, code: str | None, provider_id: str | None
) -> Verdict:
    """Judge the answer to a submit: by the provider's code where it is listed, else by the status.

    An accepting 2xx is doubted, so unknown, if it holds an error that nobody listed or lacks the
    provider's id: a proxy's page, a broken answer (see `rollcall/routes/sms/answers.py`).

    Args:
        codes: What the provider's codes mean.
        status: The HTTP status.
        code: The provider's code of an error, None where the answer held none.
        provider_id: The provider's id for the message, None where the answer held none.
    """
    if code is not None and code in codes:
        return codes[code]
    verdict = judge_status(status)
    is_doubtful = code is not None or provider_id is None
    return "unknown" if verdict == "accepted" and is_doubtful else verdict
