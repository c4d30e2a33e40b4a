"""Chats: who is OK and who is not, what was written, and what somebody may do about it."""

import csv
import io
import json
from datetime import timedelta

import pytest
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from dashboards.door.cookies import COOKIE
from rollcall.domain.audience import Position
from rollcall.domain.chats import chat_id_of
from rollcall.ledger.audit import AuditQuery, read_entries
from rollcall.ledger.chat_lists import count_answers, list_chat_messages, read_posts
from rollcall.ledger.chats import archive_chat, load_chat
from rollcall.ledger.entries import NewPost, record_entries
from rollcall.ledger.log import list_messages
from rollcall.ledger.messages import set_state
from rollcall.ledger.tables import AudienceMember
from tests.dashboards.doors import knocking
from tests.dashboards.houses import START, Lived, html_of, text_of
from tests.integration.conversations import Conversation, open_conversation
from tests.integration.desk.test_chatting import lead_somewhere
from tests.integration.ledger.records import NOW
from tests.integration.ledger.test_chat_lists import say
from tests.people import phone_of

PAYLOAD = "<img src=x onerror=alert(1)> **bold** :red[x] [a](javascript:b)"
AS_TEXT = "&lt;img src=x onerror=alert(1)&gt; **bold** :red[x] [a](javascript:b)"


@pytest.fixture
def opened(lived: Lived) -> Conversation:
    """A chat of four by email: p0000 is OK, p0001 needs help, the others have not answered."""
    lead_somewhere(lived)
    one = open_conversation(lived.ledger, 4, channels=("email",), include_sms=False)
    say(lived.ledger, one, "p0000", "ok")
    say(lived.ledger, one, "p0001", "needs_help", "sms")
    lived.clock.go_on(minutes=1)
    return one


def write(lived: Lived, opened: Conversation, text: str, person: str = "p0002") -> None:
    post = NewPost(opened.chat.chat_id, person, text, "page", text)
    record_entries(lived.ledger, [post], NOW + timedelta(seconds=1))


def look(lived: Lived, opened: Conversation, role: str = "sender", **query: str) -> AppTest:
    return lived.look("chats", role, chat=opened.chat.chat_id, **query)  # type: ignore[arg-type]


def told_of(page: AppTest) -> str:
    return "\n".join(one.value for one in (*page.error, *page.success)).replace("\\", "")


def key_of_post(page: AppTest) -> str:
    """Return the key of the form to post: it changes with each use."""
    [found] = [str(one.key) for one in page.text_area if one.label == "New post"]
    return found.removeprefix("post_text_")


def counts_of(page: AppTest) -> str:
    return html_of(page).partition('class="rc-counts"')[2].partition("</div>")[0]


@pytest.mark.parametrize("role", ["viewer", "sender", "admin"])
@pytest.mark.usefixtures("opened")
def test_chats_are_listed_with_who_is_ok_and_archived_ones_apart(lived: Lived, role: str) -> None:
    over = open_conversation(lived.ledger, 2, key="over")
    archive_chat(lived.ledger, over.chat.chat_id, NOW)
    open_conversation(lived.ledger, 1, key="page", one_way=True)
    page = lived.look("chats", role)  # type: ignore[arg-type]
    assert not page.exception
    assert "<b>1 of 4 are OK</b>, 1 need help, 2 have not answered" in html_of(page)
    assert "one-way message that asks" in html_of(page)
    assert f"chat_{over.chat.chat_id}" not in {one.key for one in page.button}
    page.radio(key="chats_kept").set_value("archived").run()
    assert [one.key for one in page.button] == [f"chat_{over.chat.chat_id}"]
    page.button[0].click().run()
    assert page.query_params["chat"] == over.chat.chat_id
    assert page.title[0].value == "Flood in Example City"


def test_long_lists_come_a_page_at_a_time(lived: Lived) -> None:
    for number in range(22):
        moment = NOW + timedelta(minutes=number)
        open_conversation(lived.ledger, 1, key=f"chat {number}", now=moment)
    page = lived.look("chats")
    [on] = [one for one in page.button if one.label == "Next chats"]
    on.click().run()
    assert len([one for one in page.button if str(one.key).startswith("chat_")]) == 2
    assert "21 to 22" in text_of(page)


def test_an_unknown_chat_is_one_sentence(lived: Lived) -> None:
    page = lived.look("chats", chat="c-nothing")
    assert told_of(page) == "there is no chat 'c-nothing'"


def test_a_chat_shows_its_counts_large_and_its_posts(lived: Lived, opened: Conversation) -> None:
    write(lived, opened, "We are on\nthe roof.")
    page = look(lived, opened, "viewer")
    assert not page.exception
    counts = counts_of(page)
    assert "<b>1</b>of 4 are OK" in counts
    assert "<b>1</b>need help" in counts
    assert "<b>2</b>have not answered" in counts
    told = html_of(page)
    assert "<b>Person 2</b> <small>(p0002, on their page)</small>" in told
    assert "We are on<br>the roof." in told
    assert told.index("We are on") < told.index("Are you safe?")  # newest first
    assert "Sind Sie in Sicherheit?" in told
    assert 'title="2026-11-23T06:00:00Z">23 Nov 2026, 15:00:00 JST<' in told


def test_what_people_write_stays_text(lived: Lived, opened: Conversation) -> None:
    write(lived, opened, PAYLOAD)
    with lived.ledger.write() as connection:
        connection.execute(update(AudienceMember).values(name=PAYLOAD))
    page = look(lived, opened)
    told = html_of(page)
    assert told.count(AS_TEXT) >= 2
    assert "<img" not in told
    page = look(lived, opened, act="answer", key="k")
    page.text_input(key="answer_text_k").set_value("p0002").run()
    [label] = page.radio(key="answer_person_k").options
    assert "\\<img" in label
    assert r"\*\*bold\*\*" in label


def test_members_are_shown_by_need_with_their_answers(lived: Lived, opened: Conversation) -> None:
    say(lived.ledger, opened, "p0001", "ok")
    say(lived.ledger, opened, "p0001", "needs_help", "page")
    page = look(lived, opened, "viewer")
    told = html_of(page)
    assert page.radio(key=f"members_need_{opened.chat.chat_id}").value == "needs_help"
    assert "Person 1" in told
    assert "Person 3" not in told
    assert phone_of(1) in told
    assert told.count("I need help, <time") == 3  # the latest, and twice in the history
    assert "by SMS (weak proof: senders can be forged)" in told
    page.radio(key=f"members_need_{opened.chat.chat_id}").set_value("not_reached").run()
    assert "Person 3" in html_of(page)
    assert "email: waiting to be sent" in html_of(page)
    assert "2 members" in text_of(page)


def test_the_nearest_come_first_where_it_is_known_where_it_happened(lived: Lived) -> None:
    near = {"latitude": 35.5, "longitude": 139.7}
    places = {
        "p0000": Position("report", "JP", 36.5, 139.7, START),
        "p0001": Position("none", None, None, None, None),
    }
    opened = open_conversation(lived.ledger, 3, chat={"near": near}, places=places)
    told = html_of(look(lived, opened, "viewer"))
    assert "111 km" in told
    assert told.index("Person 2<br>") < told.index("Person 0<br>") < told.index("Person 1<br>")
    assert "not known" in told


def test_members_are_searched_for_and_come_a_page_at_a_time(lived: Lived) -> None:
    opened = open_conversation(lived.ledger, 30)
    page = look(lived, opened, "viewer")
    [on] = [one for one in page.button if one.label == "Next members"]
    on.click().run()
    assert "26 to 30" in text_of(page)
    assert "Person 29" in html_of(page)
    assert "Person 24" not in html_of(page)
    page.text_input(key="members_text").set_value("person 24").run()
    assert "Person 24" in html_of(page)
    assert "Person 29" not in html_of(page)


def test_a_viewer_is_offered_nothing_to_do(lived: Lived, opened: Conversation) -> None:
    page = look(lived, opened, "viewer", act="archive", key="k")
    assert [one.label for one in page.button] == ["Back to all chats", "Look again"]
    assert not page.text_area


def test_a_post_is_written_once_and_its_form_is_empty_again(
    lived: Lived, opened: Conversation
) -> None:
    page = look(lived, opened)
    key = key_of_post(page)
    page.text_area(key=f"post_text_{key}").set_value("Stay inside.").run()
    page.button(key=f"post_go_{key}").click().run()
    assert not page.exception
    assert [one.text for one in read_posts(lived.ledger, opened.chat)][1:] == ["Stay inside."]
    [_, notice] = list_chat_messages(lived.ledger, opened.chat.chat_id)
    assert told_of(page) == f"posted; message {notice.message_id} tells all members of it"
    assert "Stay inside." in html_of(page)
    anew = key_of_post(page)
    assert anew != key  # a click that was on its way finds nothing to post
    assert page.text_area(key=f"post_text_{anew}").value == ""


def test_a_post_nobody_is_told_of_says_so(lived: Lived, opened: Conversation) -> None:
    page = look(lived, opened)
    key = key_of_post(page)
    page.text_area(key=f"post_text_{key}").set_value("Just so.")
    page.checkbox(key=f"post_{key}_email").uncheck().run()
    page.button(key=f"post_go_{key}").click().run()
    assert told_of(page) == "posted; nobody was told of it"
    assert len(list_messages(lived.ledger)) == 1


def test_a_mistake_in_a_post_leaves_what_was_written(lived: Lived, opened: Conversation) -> None:
    page = look(lived, opened)
    key = key_of_post(page)
    page.text_area(key=f"post_text_{key}").set_value("Hello {{ name }}").run()
    page.button(key=f"post_go_{key}").click().run()
    assert "everybody reads the same" in told_of(page)
    assert page.text_area(key=f"post_text_{key}").value == "Hello {{ name }}"
    assert len(read_posts(lived.ledger, opened.chat)) == 1


def test_a_post_in_several_languages_is_one_post(lived: Lived, opened: Conversation) -> None:
    page = look(lived, opened)
    key = key_of_post(page)
    page.text_area(key=f"post_text_{key}").set_value("Stay inside.")
    page.text_area(key=f"post_de_{key}").set_value("Bleiben Sie drinnen.").run()
    page.button(key=f"post_go_{key}").click().run()
    post = read_posts(lived.ledger, opened.chat)[-1]
    assert (post.text, post.translations) == ("Stay inside.", {"de": "Bleiben Sie drinnen."})


def test_an_answer_given_by_telephone_needs_somebody_to_be_chosen(
    lived: Lived, opened: Conversation
) -> None:
    page = look(lived, opened)
    page.button(key="act_answer").click().run()
    key = page.query_params["key"]
    page.text_input(key=f"answer_text_{key}").set_value(phone_of(3)).run()
    assert page.radio(key=f"answer_person_{key}").value is None
    assert page.button(key="act_go").disabled
    page.radio(key=f"answer_person_{key}").set_value("p0003").run()
    assert page.button(key="act_go").disabled
    page.radio(key=f"answer_said_{key}").set_value("ok").run()
    page.button(key="act_go").click().run()
    assert told_of(page) == "p0003: They are OK"
    assert count_answers(lived.ledger, opened.chat.chat_id)["ok"] == 2
    assert "<b>2</b>of 4 are OK" in counts_of(page)
    assert "act" not in page.query_params
    [entry] = read_entries(lived.ledger, AuditQuery(), 9)
    assert (entry.action, entry.outcome) == ("record_answer", "done")
    assert entry.subject_id == opened.chat.chat_id


def test_the_rest_get_a_new_chat_after_one_look_and_one_click(
    lived: Lived, opened: Conversation
) -> None:
    pages = [look(lived, opened, "admin", act="follow", key="k") for _ in range(2)]
    assert "**3 have not said OK**: 1 need help, 2 have not answered" in text_of(pages[0])
    for page in pages * 2:  # two windows, and impatient clicks in each
        if "act_go" in {one.key for one in page.button}:
            assert page.button(key="act_go").label == "Open a new chat with these 3 people"
            page.button(key="act_go").click().run()
            assert not page.exception
    [new] = [one for one in list_messages(lived.ledger) if one.idempotency_key == "desk:k"]
    assert len(list_messages(lived.ledger)) == 2
    assert page.query_params["chat"] == chat_id_of(new.message_id)
    assert new.request["content"]["translations"]["de"]["subject"] == "Hochwasser"
    assert "the new chat is known already" in told_of(page)
    assert "It is being opened" in page.info[-1].value


def test_the_new_chat_has_other_words_and_ways(lived: Lived, opened: Conversation) -> None:
    page = look(lived, opened, "admin", act="follow", key="k")
    page.text_input(key="follow_title_k").set_value("Roll call")
    page.checkbox(key="follow_k_push").check().run()
    page.button(key="act_go").click().run()
    assert not page.exception
    [new] = [one for one in list_messages(lived.ledger) if one.idempotency_key == "desk:k"]
    assert new.request["content"]["subject"] == "Roll call"
    assert new.request["content"]["text"] == "Are you safe?"
    assert page.title[0].value == "Roll call"


def test_a_senders_limit_holds_for_the_new_chat(lived: Lived, opened: Conversation) -> None:
    session_id = lived.sign_in("sender", limit=2)
    chat_id = opened.chat.chat_id
    page = lived.look_as("chats", session_id, chat=chat_id, act="follow", key="k")
    page.button(key="act_go").click().run()
    assert told_of(page) == "this goes to 3 people, and you may send to 2 at once: ask an admin"
    assert len(list_messages(lived.ledger)) == 1
    assert page.query_params["act"] == "follow"


def test_a_one_way_message_that_asks_is_followed_by_a_chat(lived: Lived) -> None:
    lead_somewhere(lived)
    content = {"subject": "Drill", "text": "Hello {{ name }}"}
    asked = open_conversation(lived.ledger, 2, one_way=True, content=content, include_sms=False)
    texted = NewPost(asked.chat.chat_id, "p0001", "help, room 12", "sms", "1")
    record_entries(lived.ledger, [texted], NOW)
    page = look(lived, asked, "admin", act="follow", key="k")
    assert page.text_area(key="follow_post_k").value == ""  # it was filled in for each
    assert not [one for one in page.text_area if one.label == "New post"]
    assert "help, room 12" in html_of(page)
    page.button(key="act_go").click().run()
    assert "title" in told_of(page)
    page.text_input(key="follow_title_k").set_value("Drill")
    page.text_area(key="follow_post_k").set_value("Are you there?").run()
    page.button(key="act_go").click().run()
    assert len(list_messages(lived.ledger)) == 2


def test_those_without_an_answer_are_reminded_once(lived: Lived, opened: Conversation) -> None:
    page = look(lived, opened, act="remind", key="k")
    assert page.button(key="act_go").label == "Remind 2 people"
    page.button(key="act_go").click().run()
    [_, reminder] = list_chat_messages(lived.ledger, opened.chat.chat_id)
    assert told_of(page) == f"message {reminder.message_id} reminds them"
    page.button(key="act_remind").click().run()
    assert "They were reminded 1 time, last at" in page.warning[0].value


def test_archiving_takes_two_clicks_and_says_who_is_not_ok(
    lived: Lived, opened: Conversation
) -> None:
    page = look(lived, opened)
    page.button(key="act_archive").click().run()
    assert load_chat(lived.ledger, opened.chat.chat_id).archived_at is None
    assert page.warning[0].value == "3 members have not said OK."
    page.button(key="act_go").click().run()
    assert not page.exception
    chat_id = opened.chat.chat_id
    assert load_chat(lived.ledger, chat_id).archived_at == lived.clock.now()
    assert told_of(page) == f"chat {chat_id} is archived; 4 held back"
    assert [str(one.key) for one in page.button if str(one.key).startswith("act_")] == [
        "act_follow"
    ]
    assert "<b>archived <time" in html_of(page)


@pytest.mark.parametrize("state", ["refused", "stopped"])
def test_a_chat_that_could_not_be_opened_says_so(
    lived: Lived, opened: Conversation, state: str
) -> None:
    set_state(lived.ledger, opened.chat.message_id, state, reason="no such *group*")  # type: ignore[arg-type]
    page = look(lived, opened)
    if state == "refused":
        assert told_of(page) == "It was refused, and nobody was invited: no such *group*"
    else:
        assert "Its invitation was stopped" in page.warning[0].value


async def test_a_chat_is_downloaded_as_files_that_are_no_formulas(
    lived: Lived, opened: Conversation
) -> None:
    formula = "=cmd|' /C calc'!A0"
    write(lived, opened, formula)
    chat_id = opened.chat.chat_id
    lived.sign_in("viewer")
    async with knocking() as http:
        refused = await http.get(f"/export/chat/{chat_id}.csv")
        http.cookies.set(COOKIE, lived.tokens["the viewer"])
        as_csv = await http.get(f"/export/chat/{chat_id}.csv")
        as_json = await http.get(f"/export/chat/{chat_id}.json")
        missing = await http.get("/export/chat/c-nothing.csv")
    assert as_csv.headers["content-disposition"].startswith("attachment")
    rows = list(csv.DictReader(io.StringIO(as_csv.text.removeprefix("\ufeff"))))
    assert [row["record"] for row in rows].count("member") == 4
    assert [row["text"] for row in rows if row["person_id"] == "p0002"][-1] == f"'{formula}"
    assert len(json.loads(as_json.text)["members"]) == 4
    assert (missing.status_code, refused.status_code) == (404, 303)
    noted = read_entries(lived.ledger, AuditQuery(), 9)
    assert {(one.action, one.actor) for one in noted} == {("export", "the viewer")}
    assert {one.outcome for one in noted} == {"done", "failed"}
