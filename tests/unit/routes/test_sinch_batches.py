import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.routes.base import Submission
from rollcall.routes.callbacks import callback_url
from rollcall.routes.sms.sinch_batches import (
    MAX_ECHO_BYTES,
    MAX_RECIPIENTS,
    MAX_URL_CHARACTERS,
    MAX_VALUE_CHARACTERS,
    TAG_CHARACTERS,
    RecipientKey,
    count_echo_bytes,
    count_recipients,
    cut_batches,
    describe_texts,
    read_reference,
    split_text,
    write_reference,
)
from tests.people import phone_of

KEY = RecipientKey("s" * 32)
BASE = "https://alerts.example.org/receipts/bravo/" + "s" * 43
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=700)


def message(number: int, **changes: Any) -> Submission:
    told: dict[str, Any] = {
        "delivery_id": f"d-{number}",
        "attempt_id": uuid.UUID(int=number * 7919).hex,
        "idempotency_key": f"k-{number}",
        "address": phone_of(number),
        "text": f"Text {number}",
    }
    return Submission(**(told | changes))


@given(TEXTS)
def test_pieces_are_the_text_and_each_is_short_enough(text: str) -> None:
    pieces = split_text(text)
    assert "".join(pieces) == text
    assert all(len(each.encode("utf-16-le")) <= 2 * MAX_VALUE_CHARACTERS for each in pieces)
    assert all(pieces) or text == ""


@given(TEXTS, TEXTS)
def test_no_text_is_changed_by_being_a_parameter(first: str, second: str) -> None:
    messages = [message(1, text=first), message(2, text=second)]
    batches = cut_batches(messages, KEY, BASE)
    rendered: dict[int, str] = {}
    for batch in batches:
        described = describe_texts(batch.submissions)
        for place, one in zip(batch.places, batch.submissions, strict=True):
            rendered[place] = render(described, one.address.removeprefix("+"))
    assert rendered == {0: first, 1: second}


def render(described: dict[str, Any], number: str) -> str:
    if "parameters" not in described:
        assert "${" not in described["body"]
        return str(described["body"])
    names = [each.rstrip("}") for each in described["body"].split("${")[1:]]
    return "".join(described["parameters"][name][number] for name in names)


def test_every_batch_names_its_attempts_within_one_address() -> None:
    messages = [message(number) for number in range(1000)]
    most = count_recipients(BASE)
    batches = cut_batches(messages, KEY, BASE)
    for batch in batches:
        reference = write_reference(batch)
        assert len(str(callback_url(BASE, reference))) <= MAX_URL_CHARACTERS
        for one in batch.submissions:
            assert read_reference(reference, KEY.name(one.address)) == one.attempt_id
    assert sorted(place for batch in batches for place in batch.places) == list(range(1000))
    assert max(len(each.submissions) for each in batches) == most > 60


def test_reference_of_one_is_its_attempt() -> None:
    (batch,) = cut_batches([message(1)], KEY, BASE)
    assert write_reference(batch) == message(1).attempt_id
    assert read_reference(message(1).attempt_id, "any name") == message(1).attempt_id


def test_attempts_of_another_form_are_named_too() -> None:
    messages = [message(number, attempt_id=f"a-{number}") for number in range(3)]
    (batch,) = cut_batches(messages, KEY, BASE)
    reference = write_reference(batch)
    found = [read_reference(reference, KEY.name(each.address)) for each in messages]
    assert found == ["a-0", "a-1", "a-2"]


@pytest.mark.parametrize("reference", ["b.", "b.abcde!!!", "b.xyzuvAAAA", "b.abcdeA", ""])
def test_table_that_does_not_name_the_recipient_names_nobody(reference: str) -> None:
    assert read_reference(reference, "abcdefgh") is None


def test_recipient_has_one_name_with_and_without_plus_and_another_under_another_key() -> None:
    number = phone_of(1)
    assert KEY.name(number) == KEY.name(number.removeprefix("+"))
    assert KEY.name(number) != RecipientKey("t" * 32).name(number)
    assert len(KEY.name(number)) == 16


def test_one_number_is_never_twice_in_a_batch() -> None:
    messages = [message(number, address=phone_of(number % 3)) for number in range(9)]
    batches = cut_batches(messages, KEY, BASE)
    assert [[each.address for each in batch.submissions] for batch in batches] == [
        [phone_of(0), phone_of(1), phone_of(2)]
    ] * 3


def test_two_recipients_with_the_same_tag_never_share_a_batch() -> None:
    """About one in a million pairs has the same; among so many one is sure to be found."""
    by_tag: dict[str, str] = {}
    numbers = (f"+1{number}" for number in range(2125550100, 2125560100))
    twins = next(
        (by_tag[tag], number)
        for number in numbers
        if by_tag.setdefault(tag := KEY.name(number)[:TAG_CHARACTERS], number) != number
    )
    messages = [message(place, address=number) for place, number in enumerate(twins)]
    batches = cut_batches(messages, KEY, BASE)
    assert [each.places for each in batches] == [[0], [1]]
    (shared,) = cut_batches(messages, KEY, None)
    assert shared.places == [0, 1]


def test_batch_stays_below_the_longest_answer_that_is_read() -> None:
    messages = [message(number, text=f"{number:03}" + "洪" * 800) for number in range(300)]
    batches = cut_batches(messages, KEY, None)
    assert len(batches) > 1
    for batch in batches:
        total = sum(count_echo_bytes(each.text) for each in batch.submissions)
        assert batch.echo_bytes == total <= MAX_ECHO_BYTES


def test_batch_holds_all_that_sinch_takes_where_no_reports_are_awaited() -> None:
    assert count_recipients(None) == MAX_RECIPIENTS
    assert count_recipients("https://x.example/" + "y" * 3000) == 1
