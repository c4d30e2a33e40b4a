"""A template by its name alone: looked at and confirmed on a terminal, sent at once by a script."""

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.integration.cli.conftest import CommandLine

PATIENCE_S = 60


@dataclass
class Terminal:
    """A command on a real terminal; everything it shows is kept."""

    process: "subprocess.Popen[bytes]"
    side: int
    shown: str = field(default="")

    def wait_for(self, text: str) -> None:
        give_up_at = time.monotonic() + PATIENCE_S
        while text not in self.shown:
            assert time.monotonic() < give_up_at, self.shown
            assert self._read(), self.shown

    def answer(self, text: str) -> int:
        """Type an answer and return the exit code."""
        os.write(self.side, text.encode() + b"\n")
        while self._read():
            pass
        return self.process.wait(PATIENCE_S)

    def _read(self) -> bool:
        ready, _, _ = select.select([self.side], [], [], PATIENCE_S)
        assert ready, self.shown
        try:
            self.shown += os.read(self.side, 65_536).decode().replace("\r\n", "\n")
        except OSError:  # so a terminal tells that the other side is closed
            return False
        return True


@contextmanager
def terminal(*arguments: str, output: Path | None = None) -> Iterator[Terminal]:
    """Run a command on a terminal; its output may go to a file instead."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "rollcall.cli", *arguments]
    with output.open("w") if output else nullcontext(theirs) as stdout:
        process = subprocess.Popen(command, stdin=theirs, stdout=stdout, stderr=theirs)
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        process.kill()
        process.wait(PATIENCE_S)
        os.close(ours)


@pytest.fixture
def armed(rollcall: CommandLine) -> CommandLine:
    """A template that needs no more than its name."""
    rollcall.set("SOURCE", rollcall.source)
    message = rollcall.write_message({"groups": ["board", "it"]}, options={"include_sms": True})
    assert rollcall("templates", "save", "Quake", "--file", message).code == 0
    return rollcall


def test_what_was_confirmed_is_sent_and_a_script_goes_on_with_it(armed: CommandLine) -> None:
    with terminal("send", "--template", "Quake", "--key", "k") as shown:
        shown.wait_for("Send it now?")
        assert armed.taken() == []
        told = dict(line.split(maxsplit=1) for line in shown.shown.splitlines() if " " in line)
        assert (told["subject"], told["by"]) == ("Drill", "email, sms")
        assert told["people"] == "4, 1 of them without any address"
        assert shown.answer("y") == 0
    assert len(armed.taken()) == 4
    again = armed("send", "--template", "Quake", "--key", "k")
    assert (again.code, "known already" in again.err) == (0, True)
    assert len(armed.taken()) == 4
    twice = armed("send", "--template", "Quake", "--yes")
    assert "already says exactly this" in twice.err
    assert (twice.code, len(armed.taken())) == (2, 4)


def test_an_audience_that_has_changed_since_it_was_shown_gets_nothing(armed: CommandLine) -> None:
    with terminal("send", "--template", "Quake") as shown:
        shown.wait_for("Send it now?")
        with (armed.source / "people.csv").open("a") as people:
            people.write("p5,Ed,p5@example.org,,,board,,\n")
        assert shown.answer("y") == 2
    assert "+1 −0 people" in shown.shown  # noqa: RUF001 - a minus
    armed.assert_nothing_sent()


def test_what_was_not_confirmed_is_not_sent(armed: CommandLine) -> None:
    chat = {"title": "Flood", "post": "Are you safe?", "selection": {"people": ["p1"]}}
    file = armed.write("chat.json", chat)
    assert armed("templates", "save", "Flood", "--kind", "chat", "--file", file).code == 0
    nowhere = armed("templates", "check", "Flood", "--kind", "chat")
    assert (nowhere.code, "ROLLCALL_PUBLIC_URL" in nowhere.out) == (1, True)
    armed.set("PUBLIC_URL", "https://safe.example.org")
    with terminal("chat", "open", "--template", "Flood") as shown:
        shown.wait_for("Send it now?")
        assert shown.answer("n") == 1
    assert "nothing was sent" in shown.shown
    armed.assert_nothing_sent()


def test_who_keeps_the_output_in_a_file_is_asked_too(armed: CommandLine, tmp_path: Path) -> None:
    kept = tmp_path / "sent.txt"
    with terminal("send", "--template", "Quake", output=kept) as shown:
        shown.wait_for("Send it now?")
        assert "4, 1 of them without any address" in shown.shown
        armed.assert_nothing_sent()
        assert shown.answer("y") == 0
    assert len(armed.taken()) == 4
    assert "Send it now?" not in kept.read_text()


def test_a_script_is_not_asked(armed: CommandLine) -> None:
    sent = armed("send", "--template", "Quake")
    assert sent.code == 0
    assert "Send it now?" not in sent.out + sent.err
    assert len(armed.taken()) == 4


def test_a_template_is_checked_as_a_send_would(armed: CommandLine) -> None:
    ready = armed("templates", "check", "Quake", "--format", "json")
    assert (ready.code, ready.json["ready"]) == (0, True)
    assert ready.json["preview"]["people"] == 4
    assert ready.json["preview"]["channels"] == ["email", "sms"]
    explained = armed("select", "--template", "Quake", "--explain", "--format", "json")
    assert ready.json["preview"]["digest"] == explained.json["digest"]

    nobody = armed.write_message({"groups": ["gone"]}, "nobody.json")
    assert armed("templates", "save", "Nobody", "--file", nobody).code == 0
    refused = armed("templates", "check", "Nobody", "--format", "json")
    assert (refused.code, refused.json["ready"]) == (1, False)
    assert "unknown group 'gone'" in refused.json["fault"]
    assert "NOT READY: " in armed("templates", "check", "Nobody").out
    assert "there is no template" in armed("templates", "check", "Quak").mistake

    notified = armed.write_message({"groups": ["it"]}, "push.json")
    told = json.loads(notified.read_text())
    only_push = {"include_push": True, "include_email": False}
    armed.write("push.json", told | {"options": only_push})
    assert armed("templates", "save", "App", "--file", notified).code == 0
    assert "no route is configured for push" in armed("templates", "check", "App").out
    armed.assert_nothing_sent()
