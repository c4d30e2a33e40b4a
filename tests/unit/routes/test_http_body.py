"""A template that was encoded once says what filling and encoding each time would say."""

import json
from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from rollcall.routes.sms.http_body import BodyTemplate
from rollcall.routes.templates import fill_text

WHOLE_TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
PARTS = WHOLE_TEXTS | st.sampled_from(["{to}", "{text}", "100% {to}", "%(to)s", "{to}{text}", "{}"])


def fill_template(template: JsonValue, values: dict[str, str]) -> JsonValue:
    """Fill every text in a template: slower than what is tested, and plain."""
    if isinstance(template, str):
        return fill_text(template, values)
    if isinstance(template, dict):
        return {name: fill_template(part, values) for name, part in template.items()}
    if isinstance(template, list):
        return [fill_template(part, values) for part in template]
    return template


@given(
    st.dictionaries(
        WHOLE_TEXTS | st.just("{to}"),
        st.recursive(
            PARTS | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False),
            lambda parts: (
                st.lists(parts, max_size=3) | st.dictionaries(WHOLE_TEXTS, parts, max_size=3)
            ),
        ),
        max_size=4,
    ),
    WHOLE_TEXTS,
)
def test_json_is_what_encoding_the_filled_template_gives(
    body: dict[str, JsonValue], text: str
) -> None:
    values = {"to": "+12025550100", "text": text}
    filled = {name: fill_template(part, values) for name, part in body.items()}
    assert BodyTemplate(body, "json").fill(values) == json.dumps(filled).encode()


@given(st.dictionaries(WHOLE_TEXTS, PARTS | st.integers(), max_size=4), WHOLE_TEXTS)
def test_a_form_is_what_encoding_the_filled_template_gives(
    body: dict[str, JsonValue], text: str
) -> None:
    values = {"to": "+12025550100", "text": text}
    filled = {name: fill_template(part, values) for name, part in body.items()}
    assert BodyTemplate(body, "form").fill(values) == urlencode(filled).encode()


def test_a_text_that_looks_like_a_placeholder_is_left_alone() -> None:
    values = {"to": "%(text)s {text}", "text": "%s {to}"}
    filled = BodyTemplate({"to": "{to}", "text": "{text}"}, "json").fill(values)
    assert json.loads(filled) == values
