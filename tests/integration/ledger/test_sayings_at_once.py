"""Texts, answers on the page and reminders of the same members in the same moment: no deadlock."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random

from rollcall.domain.receipts import Receipt
from rollcall.domain.sayings import derive_text_id, make_saying
from rollcall.ledger.arrivals import Arrival, record_arrivals
from rollcall.ledger.chasing import list_due_chats, take_rungs
from rollcall.ledger.engine import Ledger
from rollcall.ledger.entries import Entry, NewAnswer, NewPost, record_entries
from tests.integration.conversations import open_conversation
from tests.integration.ledger.records import NOW
from tests.people import phone_of

ROUNDS = 70
MEMBERS = 6
LATER = NOW + timedelta(hours=1)
LADDER = {"ladder": [{"after_min": minutes} for minutes in (1, 2, 3)], "members_see_replies": True}


def run_at_once(works: Sequence[Callable[[int, Random], None]]) -> None:
    """Do each work again and again in a thread of its own; raises what one of them raises."""

    def repeat(worker: int) -> None:
        chance = Random(worker)  # noqa: S311 - the same rounds each time
        for number in range(ROUNDS):
            works[worker](worker * 1000 + number, chance)

    with ThreadPoolExecutor(len(works)) as pool:
        for done in [pool.submit(repeat, worker) for worker in range(len(works))]:
            done.result(timeout=120)


def test_texts_pages_and_reminders_of_the_same_members_never_wait_in_a_circle(
    ledger: Ledger,
) -> None:
    """A deadlock would be a LedgerError: the text answered 503, the page told that it failed."""
    chats = [open_conversation(ledger, MEMBERS, key=f"c{n}", chat=LADDER) for n in range(3)]
    chat_ids = [one.chat.chat_id for one in chats]

    def send_texts(number: int, chance: Random) -> None:
        people = chance.sample(range(MEMBERS), 4)
        sayings = tuple(
            make_saying(derive_text_id("sms", str(number), str(person)), "sms", phone_of(person),
                        chance.choice(["ok", "help", "on my way"]), LATER)
            for person in people
        )  # fmt: skip
        receipts = (Receipt("delivered", f"a-{number}"),)
        record_arrivals(ledger, [Arrival("alpha", receipts=receipts, sayings=sayings)], LATER)

    def answer_on_pages(number: int, chance: Random) -> None:
        members = chance.sample([(c, p) for c in chat_ids for p in range(MEMBERS)], 6)
        entries: list[Entry] = []
        for chat_id, person in members:
            its_own = (chat_id, f"p{person:04}")
            answer = chance.choice(["ok", "needs_help", "none"])
            entries.append(NewAnswer(*its_own, answer, "page", str(number)))  # type: ignore[arg-type] # one of the answers
            entries.append(NewPost(*its_own, "on my way", "page", str(number)))
        record_entries(ledger, entries, LATER)

    def chase(_: int, chance: Random) -> None:
        due = list_due_chats(ledger, NOW + timedelta(minutes=chance.choice([1, 2, 3])))
        for one in chance.sample(due, len(due)):
            take_rungs(ledger, one, LATER, lambda _: [])

    works: list[Callable[[int, Random], None]] = [send_texts, send_texts, answer_on_pages, chase]

    run_at_once(works)


def test_texts_that_are_handed_over_twice_at_once_never_wait_in_a_circle(ledger: Ledger) -> None:
    open_conversation(ledger, MEMBERS)

    def send(order: int) -> None:
        for number in range(ROUNDS):
            sayings = [
                make_saying(derive_text_id(str(number), str(person)), "sms", phone_of(person),
                            "ok", LATER)
                for person in (0, 1, 98, 99)[::order]
            ]  # fmt: skip
            record_arrivals(ledger, [Arrival("alpha", sayings=tuple(sayings))], LATER)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(send, order) for order in (1, -1)]:
            done.result(timeout=120)
