import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from rollcall.domain.message import FollowUp, MessageRequest, digest_request, parse_request
from rollcall.errors import RequestError, SelectionError
from tests.unit.domain.test_selection import SQUARE

CONTENT = {"subject": "Drill", "text": "This is a drill."}


def request(**parts: Any) -> MessageRequest:
    return parse_request(json.dumps({"content": CONTENT, "selection": {"everyone": True}} | parts))


def refuse(**parts: Any) -> str:
    with pytest.raises(RequestError) as refusal:
        request(**parts)
    return str(refusal.value)


def test_email_is_always_used_and_sms_only_when_asked_for() -> None:
    assert request().channels() == ("email",)
    assert request(options={"include_sms": True}).channels() == ("email", "sms")


def test_high_quality_without_sms_is_refused() -> None:
    assert refuse(options={"high_quality_sms": True}) == (
        "message: options: high_quality_sms needs include_sms"
    )


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"opitons": {}}, "message: unknown key 'opitons' (did you mean 'options'?)"),
        (
            {"content": {"subject": "s", "txt": "t"}},
            "message: content: unknown key 'txt' (did you mean 'text'?)",
        ),
        (
            {"options": {"include_smss": True}},
            "message: options: unknown key 'include_smss' (did you mean 'include_sms'?)",
        ),
    ],
)
def test_unknown_key_is_named(parts: dict[str, Any], expected: str) -> None:
    assert refuse(**parts) == expected


@pytest.mark.parametrize(
    ("parts", "where"),
    [
        ({"content": {"subject": "", "text": "t"}}, "content.subject"),
        ({"content": {"subject": "s"}}, "content.text"),
        ({"content": None}, "content"),
        ({"expires_at": "2026-11-23T06:00:00"}, "expires_at"),
        ({"selection": ["p1"]}, "selection"),
        ({"options": {"include_sms": "perhaps"}}, "options.include_sms"),
    ],
)
def test_wrong_value_is_told_by_its_place(parts: dict[str, Any], where: str) -> None:
    assert refuse(**parts).startswith(f"message: {where}: ")


@pytest.mark.parametrize("text", ["", "{", '{"content": {}, "content": {}}', "[" * 100_000])
def test_text_that_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match=r"^message is not valid JSON: "):
        parse_request(text)


@pytest.mark.parametrize("other", ["[]", "null", '"hello"'])
def test_json_that_is_no_object_is_refused(other: str) -> None:
    with pytest.raises(RequestError, match=r"^message: "):
        parse_request(other)


@pytest.mark.parametrize("selection", [{}, {"filters": [{}]}, {"nobody": 1}])
def test_selection_is_checked_as_on_its_own(selection: dict[str, Any]) -> None:
    with pytest.raises(SelectionError, match=r"^selection"):
        request(selection=selection)


def test_what_is_stored_is_read_back_as_it_was() -> None:
    asked = request(
        content=CONTENT | {"language": "en", "translations": {"pt-br": CONTENT}},
        selection={
            "filters": [
                {
                    "area": {
                        "type": "Feature",
                        "properties": None,
                        "geometry": SQUARE,
                    }
                }
            ]
        },
        options={"include_sms": True},
        expires_at="2026-11-24T06:00:00+09:00",
    )
    stored = asked.model_dump(mode="json", exclude_none=True)
    assert MessageRequest.model_validate(json.loads(json.dumps(stored))) == asked


def test_digest_ignores_how_a_request_was_written() -> None:
    one = parse_request(
        '{"selection": {"everyone": true}, "content": {"text": "t", "subject": "s"}}'
    )
    other = parse_request(
        '{"content": {"subject": "s", "text": "\\u0074"}, "options": {},'
        ' "selection": {"everyone": true, "people": []}}'
    )
    assert digest_request(one, "/data", None) == digest_request(other, "/data", None)


def test_digest_tells_different_requests_apart() -> None:
    moment = datetime(2026, 11, 23, 6, tzinfo=UTC)
    digests = [
        digest_request(request(), "/data", None),
        digest_request(request(), "/other", None),
        digest_request(request(), "/data", moment),
        digest_request(request(options={"include_sms": True}), "/data", None),
        digest_request(request(options={"managers_only": True}), "/data", None),
        digest_request(request(selection={"people": ["p1"]}), "/data", None),
        digest_request(request(content=CONTENT | {"text": "Run."}), "/data", None),
        digest_request(request(expires_at="2026-11-24T06:00:00Z"), "/data", None),
        digest_request(request(expected_audience="a" * 64), "/data", None),
    ]
    assert len(set(digests)) == len(digests)


def test_digest_stays_what_keys_of_earlier_versions_stand_for() -> None:
    assert digest_request(request(), "/data", None) == (
        "23fb8395cd203e2c6352daa53d02856ffb2fcaaf1147a5fde206c00ecadfb20e"
    )


@pytest.mark.parametrize("moment", [20261123, "20261123", "9999-12-31T23:59:59-14:00"])
def test_expiry_is_a_timestamp_and_never_seconds_since_1970(moment: object) -> None:
    with pytest.raises(RequestError, match="expires_at"):
        request(expires_at=moment)


def test_follow_up_of_one_member_names_the_person_and_no_other_does() -> None:
    follow_up = FollowUp.model_validate({"message_id": "m-1", "who": "member", "person_id": "p1"})
    assert follow_up.person_id == "p1"
    for told in ({"who": "member"}, {"who": "members", "person_id": "p1"}):
        with pytest.raises(ValidationError, match='goes with who = "member"'):
            FollowUp.model_validate({"message_id": "m-1"} | told)
