"""Which messages go with one request, and that each has one outcome whatever is refused."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.errors import OutcomeUnknownError, RecipientError, RouteError
from rollcall.routes.base import Acceptance, Submission
from rollcall.routes.email.batches import (
    MOST_RECIPIENTS,
    SHARED_FROM,
    Batch,
    BatchPlan,
    Letter,
    Outcome,
    hand_over,
)

FITS = BatchPlan(lambda letter: len(letter.submission.text) < 100)


def submission(number: int, text: str = "same", **changes: Any) -> Submission:
    plain: dict[str, Any] = {
        "delivery_id": f"d-{number}",
        "attempt_id": f"a-{number}",
        "idempotency_key": "k",
    }
    plain |= {"address": f"p{number}@example.org", "text": text, "subject": "S"}
    return Submission(**(plain | changes))


def letters(submissions: Sequence[Submission]) -> list[Letter]:
    return [Letter(place, each, each.address) for place, each in enumerate(submissions)]


async def accept(batch: Batch) -> list[Outcome | None]:
    return [Acceptance(letter.mailbox) for letter in batch.letters]


def test_content_of_many_has_a_request_of_its_own() -> None:
    many = [submission(number) for number in range(SHARED_FROM)]
    few = [submission(100 + number, f"own {number}") for number in range(10)]
    batches = FITS.group(letters(many + few))
    assert sorted((len(batch.letters), batch.is_shared) for batch in batches) == [
        (10, False),
        (SHARED_FROM, True),
    ]


def test_thousand_own_texts_are_one_request() -> None:
    own = [submission(number, f"own {number}") for number in range(1000)]
    assert [len(batch.letters) for batch in FITS.group(letters(own))] == [1000]


def test_no_request_has_more_than_providers_take() -> None:
    many = [submission(number) for number in range(2 * MOST_RECIPIENTS + 1)]
    assert [len(batch.letters) for batch in FITS.group(letters(many))] == [1000, 1000, 1]


def test_address_is_in_a_request_once_however_it_is_spelled() -> None:
    spelled = ("p@example.org", "P@Example.org", "p@example.org", "q@example.org")
    same = [submission(number, address=address) for number, address in enumerate(spelled)]
    batches = FITS.group(letters(same))
    assert [[letter.place for letter in batch.letters] for batch in batches] == [[0, 3], [1], [2]]


def test_long_content_travels_once_for_as_few_as_get_it() -> None:
    long = [submission(1, "x" * 200), submission(2, "x" * 200), submission(3, "y" * 200)]
    batches = FITS.group(letters([*long, submission(4)]))
    assert sorted(len(batch.letters) for batch in batches) == [1, 1, 2]
    assert all(batch.is_shared for batch in batches)


def test_html_and_text_alone_are_never_mixed() -> None:
    html = [submission(1, "a", html="<b>a</b>"), submission(2, "b", html="<b>b</b>")]
    batches = FITS.group(letters([*html, submission(3, "c"), submission(4, "d")]))
    assert sorted([letter.place for letter in batch.letters] for batch in batches) == [
        [0, 1],
        [2, 3],
    ]


def test_request_of_own_texts_has_a_size_limit() -> None:
    own = [submission(number, f"{number:050}") for number in range(10)]
    batches = BatchPlan(FITS.fits, most_bytes=200).group(letters(own))
    assert [len(batch.letters) for batch in batches] == [3, 3, 3, 1]


@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.sampled_from(["s", "t", "u" * 200]), st.booleans())
    )
)
def test_every_letter_is_in_one_request(rows: list[tuple[str, str, bool]]) -> None:
    several = [
        submission(number, text, address=f"{who}@example.org", **({"html": "h"} if html else {}))
        for number, (who, text, html) in enumerate(rows)
    ]
    batches = FITS.group(letters(several))
    places = [letter.place for batch in batches for letter in batch.letters]
    assert sorted(places) == list(range(len(rows)))
    for batch in batches:
        mailboxes = [letter.mailbox for letter in batch.letters]
        assert len(set(mailboxes)) == len(mailboxes)
        assert len({letter.submission.html is None for letter in batch.letters}) == 1


async def test_outcomes_are_in_the_order_of_submissions() -> None:
    several = [submission(number, f"own {number % 3}") for number in range(20)]
    outcomes = await hand_over(several, accept, FITS, "r", 1.0)
    assert outcomes == [Acceptance(f"p{number}@example.org") for number in range(20)]


@pytest.mark.parametrize(
    ("address", "error"),
    [
        ("nobody", RecipientError),
        ("a b@example.org", RecipientError),
        ("dóra@example.org", RouteError),
    ],
)
async def test_bad_address_is_refused_by_itself(address: str, error: type[Exception]) -> None:
    several = [submission(1), submission(2, address=address), submission(3)]
    first, second, third = await hand_over(several, accept, FITS, "r", 1.0)
    assert isinstance(second, error)
    assert address not in str(second)
    assert isinstance(first, Acceptance)
    assert isinstance(third, Acceptance)


async def test_domain_beyond_ascii_is_written_in_ascii() -> None:
    outcomes = await hand_over([submission(1, address="p@bücher.example")], accept, FITS, "r", 1.0)
    assert outcomes == [Acceptance("p@xn--bcher-kva.example")]


async def test_failed_request_is_the_outcome_of_its_letters_only() -> None:
    async def post(batch: Batch) -> list[Outcome | None]:
        if batch.letters[0].submission.html is not None:
            raise OutcomeUnknownError("lost", "r")
        return await accept(batch)

    several = [submission(1), submission(2, html="h"), submission(3)]
    outcomes = await hand_over(several, post, FITS, "r", 1.0)
    assert [type(each) for each in outcomes] == [Acceptance, OutcomeUnknownError, Acceptance]


@pytest.mark.parametrize("bad_count", [1, 2, 5])
async def test_unnamed_bad_letters_are_found_by_halving(bad_count: int) -> None:
    requests: list[int] = []
    bad = {f"p{number * 97}@example.org" for number in range(bad_count)}

    async def post(batch: Batch) -> list[Outcome | None]:
        requests.append(len(batch.letters))
        if not bad & {letter.mailbox for letter in batch.letters}:
            return await accept(batch)
        if len(batch.letters) > 1:
            return [None] * len(batch.letters)
        return [RouteError("refused", "r")]

    several = [submission(number) for number in range(1000)]
    outcomes = await hand_over(several, post, FITS, "r", 30.0)
    refused = [place for place, each in enumerate(outcomes) if isinstance(each, RouteError)]
    assert refused == [number * 97 for number in range(bad_count)]
    assert len(requests) <= 1 + 20 * bad_count


async def test_rest_of_a_request_that_is_never_taken_waits_for_another_time() -> None:
    requests: list[int] = []

    async def post(batch: Batch) -> list[Outcome | None]:
        requests.append(len(batch.letters))
        return [RouteError("refused", "r"), *[None] * (len(batch.letters) - 1)]

    several = [submission(number) for number in range(100)]
    outcomes = await hand_over(several, post, FITS, "r", 30.0)
    faults = [each.fault for each in outcomes if isinstance(each, RouteError)]
    assert len(faults) == 100
    assert faults.count("temporary") == 100 - len(requests)
    assert len(requests) == 13


async def test_nothing_goes_again_after_its_time() -> None:
    requests: list[int] = []

    async def post(batch: Batch) -> list[Outcome | None]:
        requests.append(len(batch.letters))
        return [None] * len(batch.letters)

    outcomes = await hand_over([submission(1), submission(2)], post, FITS, "r", -1.0)
    assert [each.fault for each in outcomes if isinstance(each, RouteError)] == ["temporary"] * 2
    assert requests == [2]


def test_what_can_be_answered_goes_apart_from_what_cannot() -> None:
    """A request has one header for answers: all of its recipients have one, or none."""
    several = [submission(one, f"own {one}", reply_token="t" * 22) for one in range(3)]
    several += [submission(10 + one, f"own {one}") for one in range(3)]
    batches = FITS.group(letters(several))
    assert [{one.submission.reply_token is None for one in batch.letters} for batch in batches] == [
        {False},
        {True},
    ]
