"""Bounces in a mailbox of a real IMAP server (Dovecot)."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from rollcall.domain.receipts import Receipt
from rollcall.errors import ConfigError, LedgerError
from rollcall.routes.email.dsn import BounceIds, read_bounce
from rollcall.routes.email.mailbox import MailboxError, open_mailbox
from rollcall.routes.email.mailbox_settings import MailboxSettings
from rollcall.sending.bounces import BounceReport, collect_bounces
from tests.dovecot import PASSWORD, USER, Dovecot, run_dovecot
from tests.ports import find_free_port

BOUNCES = Path(__file__).parents[2] / "data" / "bounces"
IDS = BounceIds("example.org")
READ = partial(read_bounce, ids=IDS)


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with run_dovecot() as dovecot:
        yield dovecot


@pytest.fixture
def dovecot(server: Dovecot) -> Dovecot:
    server.empty()
    return server


def load(name: str) -> bytes:
    return (BOUNCES / f"{name}.eml").read_bytes()


def describe(dovecot: Dovecot, **changes: object) -> MailboxSettings:
    told = {
        "route": "relay",
        "host": "127.0.0.1",
        "port": dovecot.tls_port,
        "security": "tls",
        "ca_file": dovecot.ca_file,
        "username": USER,
        "password": PASSWORD,
        "answer_timeout_s": 10,
    }
    return MailboxSettings.model_validate(told | changes)


class Records:
    """Keeps receipts, and commits nothing while it is told to fail."""

    def __init__(self) -> None:
        self.kept: list[Receipt] = []
        self.fails = False

    def __call__(self, receipts: Sequence[Receipt]) -> int:
        if self.fails:
            raise LedgerError("the ledger does not answer")
        known = {receipt.digest("relay") for receipt in self.kept}
        new = [receipt for receipt in receipts if receipt.digest("relay") not in known]
        self.kept += new
        return len(new)


@pytest.mark.parametrize("security", ["tls", "starttls", "none"])
def test_bounces_are_read_over_every_kind_of_connection(dovecot: Dovecot, security: str) -> None:
    dovecot.deliver(load("postfix_unknown"))
    port = dovecot.tls_port if security == "tls" else dovecot.port
    records = Records()
    report = collect_bounces(describe(dovecot, security=security, port=port), IDS, records)
    assert report == BounceReport(read_count=1, bounce_count=1, new_count=1)
    assert [receipt.code for receipt in records.kept] == ["5.1.1"]


def test_recorded_bounce_is_seen_and_not_read_again(dovecot: Dovecot) -> None:
    name = dovecot.deliver(load("gmail"))
    records = Records()
    collect_bounces(describe(dovecot), IDS, records)
    assert dovecot.flags() == {name: "S"}
    assert collect_bounces(describe(dovecot), IDS, records) == BounceReport()


def test_recorded_bounce_is_moved_where_that_is_configured(dovecot: Dovecot) -> None:
    dovecot.create("Done")
    dovecot.deliver(load("gmail"))
    collect_bounces(describe(dovecot, processed_folder="Done"), IDS, Records())
    assert dovecot.flags() == {}
    assert len(dovecot.flags("Done")) == 1


def test_recorded_bounce_is_deleted_where_that_is_configured(dovecot: Dovecot) -> None:
    dovecot.deliver(load("qmail"))
    collect_bounces(describe(dovecot, when_recorded="delete"), IDS, Records())
    assert dovecot.flags() == {}


@pytest.mark.parametrize(
    "changes", [{}, {"when_recorded": "delete"}, {"processed_folder": "Done"}], ids=str
)
def test_answer_of_a_person_stays_unread_and_is_not_read_twice(
    dovecot: Dovecot, changes: dict[str, object]
) -> None:
    dovecot.create("Done")
    name = dovecot.deliver(load("no_reply_of_a_person"))
    settings = describe(dovecot, **changes)
    assert collect_bounces(settings, IDS, Records()) == BounceReport(read_count=1)
    assert "S" not in dovecot.flags()[name]
    assert collect_bounces(settings, IDS, Records()) == BounceReport()


def test_bounce_that_was_not_recorded_is_read_again(dovecot: Dovecot) -> None:
    name = dovecot.deliver(load("exim_report"))
    records = Records()
    records.fails = True
    with pytest.raises(LedgerError):
        collect_bounces(describe(dovecot, when_recorded="delete"), IDS, records)
    assert dovecot.flags() == {name: ""}
    records.fails = False
    assert collect_bounces(describe(dovecot), IDS, records).new_count == 1


def test_crash_between_recording_and_marking_records_nothing_twice(dovecot: Dovecot) -> None:
    dovecot.deliver(load("exim_report"))
    records = Records()
    with open_mailbox(describe(dovecot), READ) as mailbox:
        [mails] = mailbox.read_batches()
        records([mail.found for mail in mails if mail.found])
    report = collect_bounces(describe(dovecot), IDS, records)
    assert (report.bounce_count, report.new_count) == (1, 0)
    assert len(records.kept) == 1


def test_every_mail_is_read_once_in_batches(dovecot: Dovecot) -> None:
    names = sorted(path.stem for path in BOUNCES.glob("*.eml"))
    for name in names:
        dovecot.deliver(load(name))
    sizes: list[int] = []
    with open_mailbox(describe(dovecot, batch_size=4), READ) as mailbox:
        for mails in mailbox.read_batches():
            mailbox.confirm(mails)
            sizes.append(len(mails))
    assert sum(sizes) == len(names)
    assert max(sizes) == 4
    assert collect_bounces(describe(dovecot), IDS, Records()) == BounceReport()


def test_mail_deleted_by_somebody_else_is_passed_over(dovecot: Dovecot) -> None:
    for _ in range(2):
        dovecot.deliver(load("gmail"))
    with open_mailbox(describe(dovecot, batch_size=1), READ) as mailbox:
        batches = mailbox.read_batches()
        first = next(batches)
        with open_mailbox(describe(dovecot, when_recorded="delete"), READ) as other:
            for mails in other.read_batches():
                other.confirm(mails)
        assert [len(mails) for mails in batches] == [0]
        mailbox.confirm(first)
    assert dovecot.flags() == {}


def test_huge_bounce_is_read_from_its_beginning(dovecot: Dovecot) -> None:
    dovecot.deliver(load("postfix_unknown") + b"x" * 78 + b"\r\n" * 1_500_000)
    assert collect_bounces(describe(dovecot), IDS, Records()).bounce_count == 1


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"password": "wrong"}, "the server refuses sign-in"),
        ({"folder": "Nowhere"}, "the server refuses folder 'Nowhere'"),
        ({"processed_folder": 'No"where'}, "the server refuses folder"),
        ({"ca_file": None}, "not reached (SSLCertVerificationError)"),
        ({"host": "localhost"}, "not reached (SSLCertVerificationError)"),
        ({"port": 0}, "not reached (ConnectionRefusedError)"),
    ],
    ids=lambda told: str(told)[:30],
)
def test_what_is_wrong_is_told_in_one_sentence(
    dovecot: Dovecot, changes: dict[str, object], told: str
) -> None:
    name = dovecot.deliver(load("gmail"))
    if "port" in changes:
        changes = {"port": find_free_port()}
    with pytest.raises(MailboxError) as caught:
        collect_bounces(describe(dovecot, **changes), IDS, Records())
    assert told in str(caught.value)
    assert PASSWORD not in str(caught.value)
    assert dovecot.flags() == {name: ""}


def test_file_of_authorities_that_is_none_is_named(dovecot: Dovecot, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="mailbox of route 'relay': ca_file"):
        collect_bounces(describe(dovecot, ca_file=tmp_path / "none.pem"), IDS, Records())
