"""The file of users: who may sign in to the dashboards without an identity provider.

JSON beside the ledger that its owner alone can read; with hashes of passwords and no password. A
file that is there and cannot be read lets nobody in: it never counts as none.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rollcall.domain.acts import Actor, Role
from rollcall.domain.saved_names import fold_name, normalise_name, tell_taken, tell_unknown
from rollcall.domain.validation_text import first_mistake
from rollcall.errors import ConfigError, InputError

FILE_NAME: Final = "users.json"

DEFAULT_LIMIT: Final = 1000
"""People that a sender may send to at once, where nothing else is said."""


class User(BaseModel):
    """One user.

    `changed_at`: sessions that began before then do not count any more.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    role: Role
    limit: int | None = Field(default=None, ge=1)
    password_hash: str
    changed_at: datetime

    def as_actor(self) -> Actor:
        """Return who acts when they do."""
        return Actor(self.name, self.role, self.limit if self.role == "sender" else None)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: int = Field(1, ge=1, le=1)
    users: list[User]


@dataclass(frozen=True, slots=True)
class UserFile:
    """The file; read anew at each call, so that a change counts at once.

    Attributes:
        path: Where it lies.
    """

    path: Path

    def list_all(self) -> list[User]:
        """Return all users by name.

        Raises:
            ConfigError: The file cannot be read, or is not as this version writes it.
        """
        try:
            told = self.path.read_text("utf-8")
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"the file of users {self.path} cannot be read") from error
        try:
            users = _File.model_validate_json(told).users
        except ValidationError as error:
            raise ConfigError(f"the file of users {self.path}: {first_mistake(error)}") from error
        return sorted(users, key=lambda one: fold_name(one.name))

    def find(self, name: str) -> User | None:
        """Return the user of a name, whatever its case.

        Raises:
            ConfigError: As `list_all` does.
        """
        folded = fold_name(name.strip())
        return next((one for one in self.list_all() if fold_name(one.name) == folded), None)

    def add(self, user: User) -> User:
        """Add a user; return them as they are kept.

        Raises:
            InputError: The name cannot be used, or is taken.
            ConfigError: The file cannot be read or written.
        """
        kept = user.model_copy(update={"name": normalise_name(user.name)})
        with self._changing() as users:
            if known := _find(users, kept.name):
                raise InputError(tell_taken("user", kept.name, known.name))
            users.append(kept)
        return kept

    def change(self, name: str, **changes: Any) -> User:
        """Change a user's role, limit or password; return them as they are now.

        Raises:
            InputError: There is no such user.
            ConfigError: The file cannot be read or written.
        """
        with self._changing() as users:
            known = _require(users, name)
            changed = known.model_copy(update=changes)
            users[users.index(known)] = changed
        return changed

    def remove(self, name: str) -> User:
        """Remove a user; return who they were.

        Raises:
            InputError: There is no such user.
            ConfigError: The file cannot be read or written.
        """
        with self._changing() as users:
            known = _require(users, name)
            users.remove(known)
        return known

    @contextmanager
    def _changing(self) -> Iterator[list[User]]:
        """Hand out the users to be changed, and write them; one at a time, whoever else does."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            users = self.list_all()
            yield users
            self._write(users)
        finally:
            os.close(lock)

    def _write(self, users: list[User]) -> None:
        told = _File(users=users).model_dump(mode="json")
        draft = self.path.with_name(f".{self.path.name}.{secrets.token_hex(4)}")
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(told, file, ensure_ascii=False, indent=1)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self.path)
        except OSError as error:
            raise self._unwritable(error) from error
        finally:
            draft.unlink(missing_ok=True)

    def _unwritable(self, error: OSError) -> ConfigError:
        return ConfigError(f"the file of users {self.path} cannot be written: {error.strerror}")


def _find(users: list[User], name: str) -> User | None:
    return next((one for one in users if fold_name(one.name) == fold_name(name.strip())), None)


def _require(users: list[User], name: str) -> User:
    known = _find(users, name)
    if known is None:
        raise InputError(tell_unknown("user", name, (one.name for one in users)))
    return known
