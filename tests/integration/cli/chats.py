"""Chats as tests of the command line open them."""

import json
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, inspect, text

from rollcall.ledger.engine import open_ledger
from tests.integration.cli.conftest import Answer, CommandLine

CHAT: dict[str, Any] = {
    "title": "Flood in Example City",
    "post": "Are you safe?",
    "selection": {"everyone": True},
}


def write_chat(rollcall: CommandLine, name: str = "chat.json", **changes: Any) -> Path:
    """Write a chat; a key whose value is None is left out."""
    told = {key: value for key, value in (CHAT | changes).items() if value is not None}
    return rollcall.write(name, told)


def open_chat(rollcall: CommandLine, *options: str | Path, **changes: Any) -> Answer:
    """Open a chat with all its people."""
    path = write_chat(rollcall, **changes)
    command = ("chat", "open", path, "--data", rollcall.source, "--format", "json")
    return rollcall(*command, *options)


def ask(rollcall: CommandLine, *arguments: str | Path) -> Any:
    """Return what a command of `rollcall chat` answers for programs."""
    answer = rollcall("chat", *arguments, "--format", "json")
    assert answer.code == 0, answer.err
    return json.loads(answer.out)


def needs(rollcall: CommandLine, chat_id: str) -> dict[str, str]:
    """Return what every member of a chat needs, in the order they are listed."""
    return {one["person_id"]: one["need"] for one in ask(rollcall, "members", chat_id)}


def read_everything(rollcall: CommandLine) -> str:
    """Return every value of every row of every table, as text."""
    ledger = open_ledger(f"sqlite:///{rollcall.data / 'ledger.db'}")
    try:
        return "\n".join(_read_tables(ledger.engine))
    finally:
        ledger.close()


def _read_tables(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        names = inspect(connection).get_table_names()
        rows = [row for one in names for row in connection.execute(text(f'select * from "{one}"'))]  # noqa: S608 - names of our tables
    return ["\t".join(map(str, row)) for row in rows]
