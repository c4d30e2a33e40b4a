"""`rollcall chat open`, `follow` and `post`, through the real flow and carriers."""

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from rollcall.domain.personal_links import digest_token
from rollcall.ledger.chat_tables import ChatMember
from rollcall.ledger.engine import open_ledger
from rollcall.sandbox.servers import Sandbox
from tests.integration.cli.chats import CHAT, ask, needs, open_chat, read_everything, write_chat
from tests.integration.cli.conftest import CommandLine
from tests.integration.cli.mail_catcher import MailCatcher, catch_mail
from tests.people import phone_of

PUBLIC_URL = "https://safe.example.org"
MAILED = ("p1@example.org", "p2@example.org")


@pytest.fixture(autouse=True)
def _address(rollcall: CommandLine) -> None:
    rollcall.set("PUBLIC_URL", PUBLIC_URL)


@pytest.fixture
def mail(rollcall: CommandLine) -> Iterator[MailCatcher]:
    routes_file = rollcall.folder / "catching.toml"
    with catch_mail(routes_file) as catcher:
        rollcall.set("ROUTES_FILE", routes_file)
        yield catcher


def find_member(rollcall: CommandLine, chat_id: str, token: str) -> str:
    ledger = open_ledger(f"sqlite:///{rollcall.data / 'ledger.db'}")
    try:
        with ledger.read() as connection:
            query = select(ChatMember.person_id).where(
                ChatMember.chat_id == chat_id, ChatMember.token_digest == digest_token(token)
            )
            return str(connection.execute(query).scalar_one())
    finally:
        ledger.close()


def test_everybody_gets_a_link_of_their_own_and_no_token_is_kept(
    rollcall: CommandLine, mail: MailCatcher
) -> None:
    opened = open_chat(rollcall)
    assert opened.code == 0, opened.err
    chat_id = opened.json["chat_id"]
    assert chat_id == "c" + opened.json["message_id"][1:]

    [first], [second] = (mail.tokens(address) for address in MAILED)

    assert first != second
    assert (find_member(rollcall, chat_id, first), find_member(rollcall, chat_id, second)) == (
        "p1",
        "p2",
    )
    assert mail.mails[MAILED[0]][0]["Subject"] == "Flood in Example City"
    assert mail.read(MAILED[0]).startswith("Are you safe?")
    everything = read_everything(rollcall)
    assert "Are you safe?" in everything
    assert digest_token(first) in everything
    assert first not in everything
    assert second not in everything


def test_a_link_that_is_read_out_is_the_one_that_was_sent(
    rollcall: CommandLine, mail: MailCatcher
) -> None:
    chat_id = open_chat(rollcall).json["chat_id"]

    answer = rollcall("chat", "link", chat_id, "p1")

    assert answer.out == f"{PUBLIC_URL}/c/{mail.tokens(MAILED[0])[0]}\n"
    assert "this link is a secret" in answer.err
    assert "no member 'p9'" in rollcall("chat", "link", chat_id, "p9").err
    rollcall.set("PORTAL_KEY", "ab" * 32)
    assert "made of another key" in rollcall("chat", "link", chat_id, "p1").err


def test_a_lost_key_is_told_and_what_waits_is_sent_once_it_is_back(
    rollcall: CommandLine, mail: MailCatcher
) -> None:
    chat_id = open_chat(rollcall).json["chat_id"]
    kept = (rollcall.data / "portal.key").read_text()
    (rollcall.data / "portal.key").unlink()
    post = rollcall.write("post.json", {"post": "Stay where you are."})

    order = ("chat", "post", chat_id, post, "--key", "stay", "--notify", "email")
    lost = rollcall(*order)

    assert lost.code == 2
    assert f"the personal links of chat {chat_id} were made of another key" in lost.err
    checked = rollcall("check", "--format", "json")
    assert [one["part"] for one in checked.json if not one["is_good"]] == ["personal links"]
    assert len(mail.mails[MAILED[0]]) == 1
    (rollcall.data / "portal.key").write_text(kept)
    rollcall.set("PUBLIC_URL", "")
    notice = next(one for one in rollcall("log", "--format", "json").json if one["state"] != "sent")
    nowhere = rollcall("resume", notice["message_id"])
    assert (nowhere.code, notice["state"]) == (2, "sending")
    assert "ROLLCALL_PUBLIC_URL is not set" in nowhere.err
    rollcall.set("PUBLIC_URL", PUBLIC_URL)
    assert "personal links   the key is that of chat" in rollcall("check").out
    assert rollcall(*order).code == 0
    assert len(mail.mails[MAILED[0]]) == 2
    assert len(set(mail.tokens(MAILED[0]))) == 1


def test_the_same_key_twice_is_one_chat(rollcall: CommandLine) -> None:
    first = open_chat(rollcall, "--key", "flood")
    taken = rollcall.taken()
    second = open_chat(rollcall, "--key", "flood")

    assert first.json == second.json
    assert "known already" in second.err
    assert rollcall.taken() == taken
    assert len(ask(rollcall, "list")) == 1
    told = open_chat(rollcall, "--key", "flood", post="Something else.").mistake
    assert "already stands for message" in told


def test_members_who_have_a_phone_are_invited_by_sms_where_that_is_asked_for(
    rollcall: CommandLine,
) -> None:
    opened = open_chat(rollcall, options={"include_sms": True})
    assert opened.code == 0
    addresses = sorted(one.address for one in rollcall.taken())
    assert addresses == sorted([*MAILED, phone_of(1), phone_of(3)])
    assert list(opened.json["counts"]) == ["email", "sms"]


def test_a_chat_stands_in_the_message_log_with_its_kind(rollcall: CommandLine) -> None:
    opened = open_chat(rollcall).json
    [logged] = rollcall("log", "--format", "json").json
    assert (logged["kind"], logged["chat"]) == ("chat_invite", opened["chat_id"])
    assert "chat" in rollcall("log").out
    told = rollcall("log", opened["message_id"]).out
    assert f"chat invite of chat {opened['chat_id']}" in told


def test_a_chat_that_follows_goes_to_exactly_those_who_are_not_ok(
    rollcall: CommandLine, mail: MailCatcher
) -> None:
    first = open_chat(rollcall, near={"latitude": 35.0, "longitude": 139.0})
    chat_id = first.json["chat_id"]
    rollcall("chat", "answer", chat_id, "p1", "ok")
    rollcall("chat", "answer", chat_id, "p2", "needs_help")
    before = mail.tokens(MAILED[1])

    followed = rollcall("chat", "follow", chat_id, "--key", "again", "--format", "json")

    assert followed.code == 0, followed.err
    assert set(needs(rollcall, followed.json["chat_id"])) == {"p2", "p3", "p4"}
    assert len(mail.mails[MAILED[0]]) == 1
    assert len(mail.mails[MAILED[1]]) == 2
    assert mail.tokens(MAILED[1]) != before
    shown = ask(rollcall, "show", followed.json["chat_id"])
    assert shown["title"] == "Flood in Example City"
    assert shown["near"] == {"latitude": 35.0, "longitude": 139.0}
    again = rollcall("chat", "follow", chat_id, "--key", "again", "--format", "json")
    assert again.json == followed.json


def test_the_guard_against_repeats_does_not_stand_in_the_way_of_following(
    rollcall: CommandLine,
) -> None:
    """Nobody has answered: the same words go to the same people, and that is what is meant."""
    first = open_chat(rollcall).json["chat_id"]
    second = rollcall("chat", "follow", first, "--format", "json")
    assert second.code == 0, second.err
    third = rollcall("chat", "follow", second.json["chat_id"], "--format", "json")
    assert third.code == 0, third.err

    twice = rollcall("chat", "follow", second.json["chat_id"], "--format", "json")

    assert "already says exactly this" in twice.mistake
    confirmed = rollcall("chat", "follow", second.json["chat_id"], "--confirm", "--format", "json")
    assert confirmed.code == 0


def test_when_all_are_ok_there_is_nobody_to_follow(rollcall: CommandLine) -> None:
    chat_id = open_chat(rollcall, selection={"people": ["p1"]}).json["chat_id"]
    rollcall("chat", "answer", chat_id, "p1", "ok")
    assert "everybody has answered OK" in rollcall("chat", "follow", chat_id).mistake


def test_a_post_is_read_in_the_chat_and_told_by_a_notice(
    rollcall: CommandLine, mail: MailCatcher
) -> None:
    chat_id = open_chat(rollcall).json["chat_id"]
    token = mail.tokens(MAILED[0])
    command = ("post", chat_id, "--text", "Stay inside.", "--notify", "email", "--key", "k")

    posted = ask(rollcall, *command)

    assert posted["recorded"]
    assert posted["notice"]["counts"]["email"]["accepted"] == 2
    assert mail.read(MAILED[0]).startswith("Stay inside.")
    assert mail.tokens(MAILED[0]) == token
    shown = ask(rollcall, "show", chat_id)
    assert [one["text"] for one in shown["posts"]] == ["Are you safe?", "Stay inside."]
    assert [one["kind"] for one in shown["messages"]] == ["chat_invite", "chat_notice"]
    again = ask(rollcall, *command)
    assert again == posted | {"recorded": False}
    assert len(mail.mails[MAILED[0]]) == 2


def test_a_repeat_finishes_a_post_that_died_before_its_notice(
    rollcall: CommandLine, mail: MailCatcher
) -> None:
    chat_id = open_chat(rollcall).json["chat_id"]
    command = ("post", chat_id, "--text", "Stay inside.", "--key", "k")
    assert ask(rollcall, *command)["notice"] is None  # what such a process leaves behind

    finished = ask(rollcall, *command, "--notify", "email")

    assert not finished["recorded"]
    assert finished["notice"]["complete"]
    assert len(mail.mails[MAILED[0]]) == 2
    assert len(ask(rollcall, "show", chat_id)["posts"]) == 2


def test_one_key_is_never_two_posts(rollcall: CommandLine) -> None:
    chat_id = open_chat(rollcall).json["chat_id"]
    assert rollcall("chat", "post", chat_id, "--text", "Stay.", "--key", "k").code == 0
    told = rollcall("chat", "post", chat_id, "--text", "Go.", "--key", "k")
    assert (told.code, "already stands for another post" in told.err) == (2, True)
    texts = [one["text"] for one in ask(rollcall, "show", chat_id)["posts"]]
    assert texts == ["Are you safe?", "Stay."]


def test_a_notice_that_cannot_be_sent_is_told_before_anything_is_posted(
    rollcall: CommandLine, mail: MailCatcher
) -> None:
    del mail  # it is the only route: there is none for SMS
    chat_id = open_chat(rollcall).json["chat_id"]
    told = rollcall("chat", "post", chat_id, "--text", "Stay.", "--notify", "email,sms")
    assert told.code == 2
    assert "no route is configured for sms" in told.err
    assert len(ask(rollcall, "show", chat_id)["posts"]) == 1


def test_a_post_has_a_text_in_several_languages(rollcall: CommandLine) -> None:
    chat_id = open_chat(rollcall).json["chat_id"]
    post = {"post": "Stay.", "translations": {"DE": {"post": "Bleiben Sie."}}}
    assert ask(rollcall, "post", chat_id, rollcall.write("post.json", post))["recorded"]
    posts = ask(rollcall, "show", chat_id)["posts"]
    assert posts[1]["translations"] == {"de": "Bleiben Sie."}


def test_a_chat_is_opened_from_a_template_whole_or_changed(rollcall: CommandLine) -> None:
    ladder = [{"after_min": 15}]
    first = open_chat(
        rollcall, "--save-template", "Flood", selection={"people": ["p1"]}, ladder=ladder
    )
    assert "saved as template 'Flood'" in first.err
    shown = rollcall("templates", "show", "Flood", "--kind", "chat", "--format", "json").json
    assert shown["settings"] == CHAT | {"selection": {"people": ["p1"]}, "ladder": ladder}
    assert "no templates for one-way messages yet" in rollcall("templates", "list").out

    whole = ("chat", "open", "--template", "Flood", "--data", rollcall.source, "--confirm")
    opened = rollcall(*whole, "--format", "json")
    changes = rollcall.write("changes.json", {"post": "Again: are you safe?"})
    changed = rollcall(*whole, changes, "--format", "json")

    assert ask(rollcall, "show", opened.json["chat_id"])["ladder"][0]["after_min"] == 15
    posts = ask(rollcall, "show", changed.json["chat_id"])["posts"]
    assert [one["text"] for one in posts] == ["Again: are you safe?"]
    send = rollcall("send", "--template", "Flood", "--data", rollcall.source)
    assert "there is no template for one-way messages 'Flood'" in send.mistake


def test_a_template_is_saved_of_a_sent_chat_and_travels_as_a_file(rollcall: CommandLine) -> None:
    opened = open_chat(rollcall, options={"members_see_replies": True}).json
    for name, reference in (("A", opened["chat_id"]), ("B", opened["message_id"])):
        saved = rollcall("templates", "save", name, "--from", reference, "--kind", "chat")
        assert saved.code == 0, saved.err
    told = rollcall("templates", "save", "C", "--from", opened["message_id"]).mistake
    assert "does not belong to one-way messages" in told

    exported = rollcall("templates", "export", "A", "--kind", "chat").out
    assert json.loads(exported)["settings"]["title"] == "Flood in Example City"
    path = rollcall.write("exported.json", exported)
    imported = ("templates", "import", path, "--name", "D")
    assert rollcall(*imported).mistake.endswith("is for chats, not for one-way messages")
    assert rollcall(*imported, "--kind", "chat").code == 0
    listed = rollcall("templates", "list", "--kind", "chat", "--format", "json").json
    assert len({json.dumps(one["settings"], sort_keys=True) for one in listed}) == 1


def test_people_previewed_are_those_who_are_invited_or_nobody(rollcall: CommandLine) -> None:
    told = open_chat(rollcall, "--expect", "0" * 64)
    assert told.code == 2
    rollcall.assert_nothing_sent()
    assert ask(rollcall, "list") == []
    [refused] = rollcall("log", "--format", "json").json
    assert "was refused" in rollcall("chat", "post", refused["chat"], "--text", "Hello?").err


def test_links_must_lead_somewhere_before_a_chat_is_opened(rollcall: CommandLine) -> None:
    rollcall.set("PUBLIC_URL", "")
    assert "ROLLCALL_PUBLIC_URL is not set" in open_chat(rollcall).mistake
    rollcall.assert_nothing_sent()


def test_a_one_way_message_asks_and_its_answers_stand_beside_its_deliveries(
    rollcall: CommandLine,
) -> None:
    path = rollcall.write_message({"everyone": True}, options={"ok_request": True})
    sent = rollcall("send", path, "--data", rollcall.source, "--format", "json").json
    message_id = sent["message_id"]
    chat_id = "c" + message_id[1:]
    assert rollcall("chat", "answer", chat_id, "p2", "needs_help").code == 0

    logged = rollcall("log", message_id, "--format", "json").json

    assert logged["answers"]["counts"] == {"none": 3, "ok": 0, "needs_help": 1}
    [answered] = logged["answers"]["people"]
    assert (answered["person_id"], answered["via"]) == ("p2", "administrator")
    shown = rollcall("log", message_id).out
    assert "1 needs help" in shown
    assert "needs help, by" in shown
    assert ask(rollcall, "show", chat_id)["kind"] == "one_way"
    assert needs(rollcall, chat_id)["p2"] == "needs_help"
    assert "nothing is posted there" in rollcall("chat", "post", chat_id, "--text", "x").err


def test_a_file_for_send_opens_no_chat(rollcall: CommandLine) -> None:
    path = rollcall.write_message({"everyone": True}, chat={})
    told = rollcall("send", path, "--data", rollcall.source).mistake
    assert "`rollcall chat open` opens one" in told
    assert (
        "unknown key 'content'" in rollcall("chat", "open", path, "--data", rollcall.source).mistake
    )
    chat = write_chat(rollcall)
    assert "unknown key 'title'" in rollcall("send", chat, "--data", rollcall.source).mistake


def test_push_is_left_out_where_none_is_configured_unless_nothing_else_is_asked_for(
    rollcall: CommandLine, carriers: Sandbox
) -> None:
    del carriers
    assert list(open_chat(rollcall).json["counts"]) == ["email"]
    told = open_chat(rollcall, options={"include_email": False}).mistake
    assert "no route is configured for push" in told
