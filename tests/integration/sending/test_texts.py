"""Texts that everybody gets are read once; those of their own do not fill the memory."""

from rollcall.clock import SystemClock
from rollcall.ledger.engine import Ledger
from rollcall.ledger.messages import accept_message
from rollcall.ledger.recording import NewContent
from rollcall.sending.texts import MOST_KEPT, Texts
from tests.integration.ledger.outages import outage_of
from tests.integration.ledger.records import (
    NOW,
    a_message,
    an_audience,
    freeze_audience,
    queue_message,
    record_deliveries,
)

COMMON = "text of sms"


async def test_a_text_that_everybody_gets_is_read_once(ledger: Ledger) -> None:
    texts = Texts(ledger, queue_message(ledger, 3), SystemClock())
    first = await texts.read({COMMON})

    with outage_of(ledger, "contents"):
        again = await texts.read({COMMON})

    assert first[COMMON].text == again[COMMON].text == "This is a drill."


async def test_of_texts_of_their_own_only_some_are_kept_and_all_are_found(ledger: Ledger) -> None:
    digests = [f"own {number}" for number in range(3 * MOST_KEPT)]
    message, _ = accept_message(ledger, a_message("own"), NOW)
    freeze_audience(ledger, message.message_id, an_audience(1))
    contents = [NewContent(digest, f"Dear {digest}") for digest in digests]
    record_deliveries(ledger, message.message_id, contents, [], NOW)
    texts = Texts(ledger, message.message_id, SystemClock())

    for start in range(0, len(digests), 60):
        asked = set(digests[start : start + 60])
        found = await texts.read(asked | {digests[0]})
        assert {found[one].text for one in asked} == {f"Dear {one}" for one in asked}

    assert len(texts._kept) <= MOST_KEPT
    assert (await texts.read({digests[0], digests[-1]}))[digests[-1]].text == f"Dear {digests[-1]}"
