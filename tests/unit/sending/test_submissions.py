"""What a route is handed: links and addresses for answers are the recipient's own."""

from dataclasses import dataclass

from rollcall.domain.personal_links import PLACEHOLDER, PersonalLinks, derive_token
from rollcall.ledger.attempts import AttemptStart
from rollcall.ledger.queue import ClaimedDelivery
from rollcall.sending.submissions import make_submission

KEY = bytes(range(32))
LINKS = PersonalLinks(KEY, "https://safe.example.org", "c-1")


@dataclass(frozen=True)
class Content:
    subject: str = "Flood"
    text: str = f"See https://safe.example.org/c/{PLACEHOLDER}"
    html: str | None = None


def a_delivery(channel: str) -> ClaimedDelivery:
    return ClaimedDelivery("d-1", channel, "x@example.org", "digest", (), person_id="p-1")  # type: ignore[arg-type] # any


def test_email_of_a_conversation_can_be_answered_to_an_address_of_the_recipients_own() -> None:
    start = AttemptStart("d-1", "mail", "a-1")
    email, sms = (
        make_submission(a_delivery(channel), Content(), start, (), LINKS)
        for channel in ("email", "sms")
    )
    page, reply = (derive_token(KEY, "c-1", "p-1", use) for use in ("page", "reply"))
    assert (email.reply_token, sms.reply_token) == (reply, None)
    assert reply != page
    assert email.text.endswith(page)


def test_other_email_is_answered_to_the_sender() -> None:
    start = AttemptStart("d-1", "mail", "a-1")
    assert make_submission(a_delivery("email"), Content(), start, ()).reply_token is None
