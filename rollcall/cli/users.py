"""`rollcall users`: who may sign in to the dashboards, without an identity provider."""

import os
import pwd
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from rollcall.cli.moments import instant_to_json, show_instant
from rollcall.cli.output import (
    Format,
    FormatOption,
    console,
    make_cell,
    new_table,
    print_json,
    print_notice,
)
from rollcall.clock import SystemClock
from rollcall.desk.acting import Acting
from rollcall.desk.passwords import hash_password
from rollcall.desk.users import DEFAULT_LIMIT, FILE_NAME, User, UserFile
from rollcall.domain.acts import Action, Actor
from rollcall.errors import InputError
from rollcall.ledger.desk_sessions import end_sessions_of
from rollcall.settings import load_settings
from rollcall.wiring import opened_ledger

users_app = typer.Typer(
    help="Say who may sign in to the dashboards, and what they may do there.",
    no_args_is_help=True,
)


class RoleName(StrEnum):
    """What somebody may do."""

    VIEWER = "viewer"
    SENDER = "sender"
    ADMIN = "admin"


NameArgument = Annotated[str, typer.Argument(help="Name by which they sign in.")]
LimitOption = Annotated[
    int | None,
    typer.Option("--limit", min=1, help=f"People a sender may send to; default: {DEFAULT_LIMIT}."),
]

_LONGEST_LINE: Final = 1024


@users_app.command()
def add(
    name: NameArgument,
    role: Annotated[RoleName, typer.Option("--role", help="What they may do.")] = RoleName.VIEWER,
    limit: LimitOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Add a user; the password is asked for, or is the first line of standard input."""
    file, limit = _user_file(), _limit_for(role, limit)
    if known := file.find(name):
        raise InputError(f"there is a user {known.name!r} already")
    was_open = not file.list_all()
    user = User(
        name=name,
        role=role.value,
        limit=limit,
        password_hash=hash_password(_read_password()),
        changed_at=SystemClock().now(),
    )
    with _recorded("add_user", name.strip()):
        kept = file.add(user)
    if was_open:
        print_notice("from now on everybody has to sign in to the dashboards, here too")
    _answer(kept, f"added {kept.name!r}", output)


@users_app.command("list")
def list_all(output: FormatOption = Format.TEXT) -> None:
    """List the users by name."""
    users = _user_file().list_all()
    if output is Format.JSON:
        print_json([_to_json(one) for one in users])
        return
    table = new_table("name", "role", "limit", "changed")
    for one in users:
        limit = str(one.limit) if one.limit else None
        table.add_row(*map(make_cell, (one.name, one.role, limit, show_instant(one.changed_at))))
    console.print(table if users else "no users yet")


@users_app.command()
def remove(name: NameArgument, output: FormatOption = Format.TEXT) -> None:
    """Remove a user; wherever they are signed in, they are out at once."""
    file = _user_file()
    with _recorded("remove_user", name.strip()):
        removed = file.remove(name)
        _end_sessions(removed.name)
    if not file.list_all():
        print_notice("no users are left: on this machine nobody has to sign in any more")
    _answer(removed, f"removed {removed.name!r}", output)


@users_app.command()
def role(
    name: NameArgument,
    to: Annotated[RoleName, typer.Argument(help="What they may do from now on.")],
    limit: LimitOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Change what a user may do; it counts with their next click."""
    limit = _limit_for(to, limit)
    with _recorded("change_user", name.strip()):
        changed = _user_file().change(name, role=to.value, limit=limit)
    _answer(changed, f"{changed.name!r} is {changed.role} now", output)


@users_app.command()
def password(name: NameArgument, output: FormatOption = Format.TEXT) -> None:
    """Give a user another password; wherever they are signed in, they are out at once."""
    file = _user_file()
    if file.find(name) is None:
        file.change(name)  # says which was probably meant
    password_hash = hash_password(_read_password())
    with _recorded("change_user", name.strip()):
        now = SystemClock().now()
        changed = file.change(name, password_hash=password_hash, changed_at=now)
        _end_sessions(changed.name)
    _answer(changed, f"{changed.name!r} has another password", output)


def _user_file() -> UserFile:
    return UserFile(load_settings().data_dir / FILE_NAME)


def _limit_for(role: RoleName, limit: int | None) -> int | None:
    if role is RoleName.SENDER:
        return limit or DEFAULT_LIMIT
    if limit is not None:
        raise InputError(f"--limit is for senders: a {role.value} has none")
    return None


def _read_password() -> str:
    """Ask for a password twice, or take the first line of standard input; never an argument."""
    if sys.stdin.isatty():
        asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        return asked
    line = sys.stdin.readline(_LONGEST_LINE).rstrip("\r\n")
    if not line:
        raise InputError("no password: give it as the first line of standard input")
    return line


@contextmanager
def _recorded(action: Action, name: str) -> Iterator[None]:
    """Record in the audit what is done to a user, and by which user of this machine."""
    with opened_ledger() as ledger:
        actor = Actor(f"shell: {_shell_user()}", "admin")
        with Acting(ledger, SystemClock()).act(actor, "admin", action, name):
            yield


def _shell_user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # as in containers that run as a number
        return str(os.getuid())


def _end_sessions(name: str) -> None:
    with opened_ledger() as ledger:
        end_sessions_of(ledger, name, SystemClock().now())


def _answer(user: User, told: str, output: Format) -> None:
    if output is Format.JSON:
        print_json(_to_json(user))
    else:
        console.print(told, markup=False)


def _to_json(user: User) -> dict[str, Any]:
    return {
        "name": user.name,
        "role": user.role,
        "limit": user.limit,
        "changed_at": instant_to_json(user.changed_at),
    }
