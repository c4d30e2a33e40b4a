"""What came back by mail, in the shapes that mail systems give it (tests/data/bounces)."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rollcall.domain.receipts import Receipt
from rollcall.routes.email.dsn import MAX_BOUNCE_BYTES, BounceIds, read_bounce

BOUNCES = Path(__file__).parents[2] / "data" / "bounces"
DELIVERY = "4f6c1d2e8a9b4c3d9e0f1a2b3c4d5e6f"
ATTEMPT = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
IDS = BounceIds("example.org", "bounces+{attempt}@bounces.example.org")


def load(name: str) -> bytes:
    return (BOUNCES / f"{name}.eml").read_bytes()


def at(hour: int, minute: int, second: int, day: int = 23) -> datetime:
    return datetime(2026, 11, day, hour, minute, second, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("postfix_unknown", Receipt("failed", DELIVERY, None, "carrier", True, "5.1.1")),
        ("exim_report", Receipt("failed", DELIVERY, None, "carrier", True, "5.2.1")),
        ("exim_old", Receipt("failed", DELIVERY, None, "carrier", False, "550")),
        ("exchange_encoded", Receipt("failed", DELIVERY, None, "carrier", True, "5.1.10")),
        ("gmail", Receipt("failed", DELIVERY, None, "carrier", True, "5.2.2")),
        ("qmail", Receipt("failed", DELIVERY, None, "carrier", True, "5.1.1")),
        ("sendmail_latin1", Receipt("failed", DELIVERY, None, "carrier", False, "5.7.1")),
        ("ses_replaced_id", Receipt("failed", DELIVERY, None, "carrier", True, "5.1.1")),
        ("cut_report", Receipt("failed", DELIVERY, None, "carrier", True, "5.1.1")),
        ("wrapped_by_scanner", Receipt("failed", DELIVERY, None, "carrier", True, "5.1.2")),
        ("postfix_expired", Receipt("failed", ATTEMPT, None, "carrier", False, "4.4.1")),
        ("verp_only", Receipt("failed", ATTEMPT, None, "carrier", True, "5.1.1")),
        ("postfix_delayed", Receipt("accepted", DELIVERY, None, "carrier", False, "4.4.1")),
        ("exim_warning", Receipt("accepted", DELIVERY, None, "carrier", False, None)),
        ("relayed", Receipt("delivered", DELIVERY, None, "carrier", False, "2.1.5")),
    ],
)
def test_bounce_of_every_mail_system_is_understood(name: str, expected: Receipt) -> None:
    receipt = read_bounce(load(name), IDS)
    assert receipt is not None
    told = (receipt.state, receipt.reference, receipt.is_permanent, receipt.code, receipt.level)
    meant = (expected.state, expected.reference, expected.is_permanent, expected.code)
    assert told == (*meant, "carrier")
    assert receipt.occurred_at is not None
    assert receipt.occurred_at.tzinfo is not None


@pytest.mark.parametrize("name", sorted(path.stem for path in BOUNCES.glob("no_*.eml")))
def test_what_is_no_bounce_of_ours_says_nothing(name: str) -> None:
    assert read_bounce(load(name), IDS) is None


@pytest.mark.parametrize("name", sorted(path.stem for path in BOUNCES.glob("*.eml")))
def test_bounce_of_another_installation_says_nothing(name: str) -> None:
    assert read_bounce(load(name), BounceIds("elsewhere.example")) is None


@pytest.mark.parametrize(
    ("name", "moment"),
    [
        ("postfix_expired", at(6, 0, 7, day=28)),  # the last attempt
        ("postfix_unknown", at(6, 0, 3)),  # the bounce itself
        ("gmail", at(6, 0, 5)),  # in another zone
        ("qmail", at(6, 0, 5)),  # in no zone
        ("exim_old", at(6, 1, 10)),
    ],
)
def test_it_happened_when_the_bounce_says_so(name: str, moment: datetime) -> None:
    receipt = read_bounce(load(name), IDS)
    assert receipt is not None
    assert receipt.occurred_at == moment


def test_same_bounce_read_twice_is_the_same_report() -> None:
    first, second = (read_bounce(load("gmail"), IDS) for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.digest("relay") == second.digest("relay")


def test_receipt_holds_no_address_and_no_text() -> None:
    for path in BOUNCES.glob("*.eml"):
        receipt = read_bounce(path.read_bytes(), IDS)
        assert "@" not in repr(receipt)


def test_strongest_of_several_recipients_counts() -> None:
    """We send to one; several are those whom its server forwards to."""
    failed = load("postfix_unknown")
    group = b"\r\n\r\nFinal-Recipient: rfc822; kim@example.com\r\nAction: relayed\r\nStatus: 2.0.0"
    both = failed.replace(b"rejected: User unknown\r\n\r\n--", b"x" + group + b"\r\n\r\n--", 1)
    assert both != failed
    receipt = read_bounce(both, IDS)
    assert receipt is not None
    assert receipt.state == "delivered"


def test_mail_without_end_is_read_up_to_a_limit() -> None:
    for depth in (900, 5000):
        shells = (
            b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
            for n in range(depth)
        )
        assert read_bounce(b"".join(shells), IDS) is None
    assert read_bounce(b"Content-Type: message/rfc822\r\n\r\n" * 20_000, IDS) is None
    assert read_bounce(load("postfix_unknown") + b"x" * MAX_BOUNCE_BYTES, IDS) is not None


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(sorted(BOUNCES.glob("*.eml"))), st.data())
@example(BOUNCES / "gmail.eml", None)
def test_no_damage_makes_reading_fail(path: Path, data: st.DataObject | None) -> None:
    octets = path.read_bytes()
    if data is not None:
        start = data.draw(st.integers(0, len(octets)))
        length = data.draw(st.integers(0, 200))
        octets = octets[:start] + data.draw(st.binary(max_size=20)) + octets[start + length :]
    receipt = read_bounce(octets, IDS)
    assert receipt is None or receipt.reference
