"""Long chats, a page at a time, on both back ends."""

from datetime import timedelta

import pytest

from rollcall.domain.audience import Position
from rollcall.domain.needs import NEEDS, Need
from rollcall.ledger.chat_lists import (
    ListMark,
    count_needs,
    count_unreached,
    list_chats,
    read_latest_posts,
    split_needs,
)
from rollcall.ledger.chat_members import iterate_members, read_answers
from rollcall.ledger.chat_search import find_members
from rollcall.ledger.engine import Ledger
from rollcall.ledger.entries import NewPost, record_entries
from tests.integration.conversations import open_conversation
from tests.integration.ledger.records import NOW
from tests.integration.ledger.test_chat_lists import say, settle
from tests.people import phone_of


def test_chats_come_a_page_at_a_time_also_those_of_one_moment(ledger: Ledger) -> None:
    for number in range(5):
        moment = NOW + timedelta(minutes=number // 2)
        open_conversation(ledger, 1, key=f"chat {number}", now=moment)
    whole = [one.chat.chat_id for one in list_chats(ledger)]
    seen: list[str] = []
    after: ListMark | None = None
    while page := list_chats(ledger, limit=2, after=after):
        seen += [one.chat.chat_id for one in page]
        after = (page[-1].chat.opened_at, page[-1].chat.chat_id)
    assert seen == whole
    assert len(set(seen)) == 5


def test_posts_come_newest_first_and_new_ones_move_no_page(ledger: Ledger) -> None:
    opened = open_conversation(ledger, 1)
    chat_id = opened.chat.chat_id

    def write(text: str, minute: int) -> None:
        post = NewPost(chat_id, "p0000", text, "page", text)
        record_entries(ledger, [post], NOW + timedelta(minutes=minute))

    for number in (1, 2, 3):
        write(f"post {number}", number)
    first = read_latest_posts(ledger, opened.chat, 2)
    assert [one.text for one in first] == ["post 3", "post 2"]
    write("post 4", 4)
    mark = (first[-1].written_at, first[-1].post_id)
    rest = read_latest_posts(ledger, opened.chat, 5, mark)
    assert [one.text for one in rest] == ["post 1", "Are you safe?"]
    assert (rest[0].name, rest[1].name) == ("Person 0", None)


@pytest.mark.parametrize("near", [None, {"latitude": 35.5, "longitude": 139.7}])
@pytest.mark.parametrize("need", NEEDS)
def test_pages_of_a_need_are_its_whole_list(ledger: Ledger, need: Need, near: object) -> None:
    places = {
        "p0000": Position("none", None, None, None, None),
        "p0006": Position("report", "JP", 35.6, 139.7, NOW),
        "p0007": Position("report", "JP", 35.4, 139.7, NOW),
    }
    chat = {"near": near} if near else {}
    opened = open_conversation(ledger, 9, channels=("sms",), chat=chat, places=places)
    settle(ledger, opened.chat.message_id, p0001_sms="accepted", p0002_sms="delivered")
    for person, said in {"p0003": "ok", "p0004": "ok", "p0005": "needs_help"}.items():
        say(ledger, opened, person, said)
    whole = [one for one in iterate_members(ledger, opened.chat) if one.need == need]
    pages = [
        one
        for start in range(0, 9, 2)
        for one in iterate_members(ledger, opened.chat, need, 2, start)
    ]
    assert pages == whole
    assert len(whole) == count_needs(ledger, opened.chat)[need] > 0


def test_needs_are_never_negative_whatever_was_counted_when(ledger: Ledger) -> None:
    opened = open_conversation(ledger, 3, channels=("sms",))
    unreached_count = count_unreached(ledger, opened.chat)
    assert unreached_count == 3
    later = split_needs({"none": 1, "ok": 2, "needs_help": 0}, unreached_count)
    assert later == {"needs_help": 0, "not_reached": 1, "silent": 0, "ok": 2}


def test_a_caller_is_found_by_what_they_say_of_themselves(ledger: Ledger) -> None:
    opened = open_conversation(ledger, 12)
    say(ledger, opened, "p0001", "ok")

    def find(text: str, limit: int = 50) -> list[str]:
        return [one.person_id for one in find_members(ledger, opened.chat, text, limit)]

    spoken = phone_of(3)
    assert find(f"{spoken[:2]} ({spoken[2:5]}) {spoken[5:8]}-{spoken[8:]}") == ["p0003"]
    assert find("P3@Example.org") == ["p0003"]
    assert find("pERSON 1 ") == ["p0010", "p0011", "p0001"]  # who is OK comes last
    assert find("p0003") == ["p0003"]
    assert find("%") == find("_") == find("p000") == []
    assert find("Person", 2) == ["p0000", "p0001"]


def test_a_caller_is_found_beside_where_they_were(ledger: Ledger) -> None:
    near = {"latitude": 35.5, "longitude": 139.7}
    opened = open_conversation(ledger, 3, chat={"near": near})
    [found] = find_members(ledger, opened.chat, "Person 2", 9)
    assert found.distance_km == pytest.approx(0, abs=0.01)


def test_answers_of_some_members_are_theirs_alone(ledger: Ledger) -> None:
    opened = open_conversation(ledger, 3)
    for person in ("p0000", "p0001", "p0002"):
        say(ledger, opened, person, "ok")
    told = read_answers(ledger, opened.chat.chat_id, ["p0002", "p0000"])
    assert sorted(one.person_id for one in told) == ["p0000", "p0002"]
