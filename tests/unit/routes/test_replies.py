import pytest

from rollcall.errors import RecipientError, RouteError
from rollcall.routes.email.replies import explain_refusal, read_queue_id


@pytest.mark.parametrize(
    ("code", "text", "fault"),
    [
        (421, "4.7.0 Too many", "throttled"),
        (454, "Throttling failure", "throttled"),
        (450, "4.2.1 later", "temporary"),
        (452, "", "temporary"),
        (452, "4.2.2 Mailbox full", "temporary"),
        (450, "4.7.1 Greylisted", "temporary"),
        (499, "", "temporary"),
        (552, "Mailbox full", "rejected"),
        (552, "5.3.4 Message too big", "rejected"),
        (530, "5.7.0 Authentication required", "rejected"),
        (550, "No such user", "rejected"),
        (550, "5.7.1 Relay denied", "rejected"),
        (250, "Ok?", "unavailable"),
        (-1, "garbage", "unavailable"),
    ],
)
def test_reply_is_a_refusal_of_the_route(code: int, text: str, fault: str) -> None:
    refusal = explain_refusal(code, text, "recipient", "relay")
    assert isinstance(refusal, RouteError)
    assert refusal.fault == fault


@pytest.mark.parametrize("text", ["5.1.1 <x@y>: unknown", "5.1.10 null MX", "5.2.1 disabled"])
def test_missing_mailbox_is_the_recipients(text: str) -> None:
    assert isinstance(explain_refusal(550, text, "recipient", "relay"), RecipientError)
    assert isinstance(explain_refusal(550, text, "sender", "relay"), RouteError)


def test_mailbox_that_is_full_for_good_is_the_recipients() -> None:
    refusal = explain_refusal(552, "5.2.2 over quota", "content", "relay")
    assert isinstance(refusal, RecipientError)
    assert refusal.reason == "the mailbox is full"


def test_only_codes_are_kept_of_a_reply() -> None:
    refusal = explain_refusal(550, "5.1.1 <anna@example.net> unknown", "recipient", "relay")
    assert refusal.provider_code == "550 5.1.1"
    assert "anna" not in str(refusal)


@pytest.mark.parametrize(
    ("text", "queue_id"),
    [
        ("2.0.0 Ok: queued as 4XYZ", "4XYZ"),
        ("2.0.0 Ok: QUEUED AS 4b-7", "4b-7"),
        ("OK id=1abc", None),
        ("", None),
    ],
)
def test_queue_id_is_read_where_there_is_one(text: str, queue_id: str | None) -> None:
    assert read_queue_id(text) == queue_id
