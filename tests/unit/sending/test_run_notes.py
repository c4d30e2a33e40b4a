"""What Prefect shows of a run holds counts, times and ids, and says what is missing."""

from rollcall.ledger.pace import Pace
from rollcall.sending.run_notes import tell_end, tell_progress, write_end, write_names
from rollcall.sending.steps import SendReport

MIXED = SendReport(
    "m1",
    "sent",
    {"email": {"accepted": 1200, "not_delivered": 2}, "sms": {"delivered": 7, "unconfirmed": 1}},
    {"mail": {"accepted": 1200, "refused": 2}, "alpha": {"accepted": 7, "uncertain": 1}},
    gave_up_count=1,
)
PACE = Pace(0.42, {50: 1.0, 90: 12.25, 99: None})
DESK = "https://desk.example.org"


def test_progress_is_nothing_before_anything_is_recorded() -> None:
    assert tell_progress({}) == (0.0, "preparing: nothing is recorded yet")


def test_progress_counts_what_is_done_and_names_what_was_taken_over() -> None:
    counts = {"email": {"accepted": 900, "waiting": 90, "not_delivered": 10}, "sms": {"waiting": 2}}
    assert tell_progress(counts) == (90.8, "910 of 1,002 done; email 900, sms 0 taken over")


def test_the_end_names_all_that_is_missing() -> None:
    assert (
        tell_end(MIXED) == "message m1: 1,207 of 1,210 taken over, 1 unconfirmed, 2 not delivered"
    )


def test_the_note_tells_counts_times_and_routes() -> None:
    note = write_end(MIXED, PACE, DESK, is_chat=False)
    for line in (
        "| channel | accepted | delivered | not delivered | unconfirmed |",
        "| email | 1,200 | 0 | 2 | 0 |",
        "| the first try | 0.4 |",
        "| 90 % taken over | 12.2 |",
        "| 99 % taken over | not reached |",
        "| route | accepted | refused | uncertain |",
        "| alpha | 7 | 0 | 1 |",
        "Every recipient: [message log](https://desk.example.org/log?message=m1), "
        "or `rollcall log m1`.",
    ):
        assert line in note.splitlines()
    assert "chat" not in note
    assert (
        "The answers: [chat](https://desk.example.org/chats?chat=c1), or `rollcall chat show c1`."
    ) in write_end(MIXED, PACE, DESK, is_chat=True)
    assert "## Tries\n\nNone." in write_end(
        SendReport("m1", "stopped", {"sms": {"stopped": 1}}, {}), PACE, DESK, is_chat=False
    )


def test_the_names_that_an_order_can_be_filled_in_with_are_shown_as_they_are() -> None:
    told = write_names(["Badge", "[a](b) *c* | d"], [], ["Japan now"])
    assert told == (
        "## Templates of messages\n\n* Badge\n* \\[a\\]\\(b\\) \\*c\\* \\| d\n\n"
        "## Templates of chats\n\nNone.\n\n## Dynamic filters\n\n* Japan now"
    )
