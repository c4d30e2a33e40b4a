from rollcall.cli.demo import compare
from rollcall.domain.delivery import Status
from rollcall.ledger.log import LogEntry
from rollcall.ledger.recording import derive_delivery_id
from rollcall.sandbox.journal import JournalEntry


def a_line(person_id: str, *, is_delivered: bool = True) -> JournalEntry:
    reference = derive_delivery_id("m", person_id, "sms")
    return JournalEntry("bravo", "1", reference, None, "+12025550100", "", is_delivered, "none")


def an_entry(person_id: str, status: Status = "delivered") -> LogEntry:
    nothing = (None, "bravo", "1", 1, status, None, None)
    return LogEntry(person_id, person_id, "N", "sms", *nothing)


def test_sent_again_after_a_failed_receipt_is_not_twice() -> None:
    assert compare("m", [an_entry("p1")], [a_line("p1", is_delivered=False), a_line("p1")]) == (
        0,
        0,
    )


def test_arrived_twice_is_told() -> None:
    assert compare("m", [an_entry("p1", "at_carrier")], [a_line("p1"), a_line("p1")]) == (0, 1)


def test_shown_as_reached_without_having_arrived_is_lost() -> None:
    entries = [an_entry("p1", "accepted"), an_entry("p2"), an_entry("p3", "unconfirmed")]
    assert compare("m", entries, [a_line("p1", is_delivered=False)]) == (2, 0)
