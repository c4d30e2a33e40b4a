"""The file of users: read anew, written whole, never open by mistake."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rollcall.desk.passwords import MIN_CHARS, hash_password, is_right
from rollcall.desk.users import User, UserFile
from rollcall.domain.acts import Actor
from rollcall.errors import ConfigError, InputError

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)


def a_user(name: str = "Ana", **more: object) -> User:
    told = {"name": name, "role": "sender", "limit": 5, "password_hash": "h", "changed_at": NOW}
    return User.model_validate(told | more)


@pytest.fixture
def file(tmp_path: Path) -> UserFile:
    return UserFile(tmp_path / "new" / "users.json")


def test_no_file_is_no_users(file: UserFile) -> None:
    assert file.list_all() == []


def test_only_its_owner_reads_it(file: UserFile) -> None:
    file.add(a_user())
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert [one.name for one in file.path.parent.iterdir() if "." not in one.name[1:]] == []


def test_names_are_found_whatever_their_case_and_kept_apart(file: UserFile) -> None:
    file.add(a_user("Ana"))
    found = file.find(" aNA ")
    assert found is not None
    assert found.name == "Ana"
    with pytest.raises(InputError, match="differs from 'ANA' in case only"):
        file.add(a_user("ANA"))


@pytest.mark.parametrize("name", ["", "  ", "a\x00b", "x" * 101])
def test_a_name_that_cannot_be_shown_is_refused(file: UserFile, name: str) -> None:
    with pytest.raises(InputError):
        file.add(a_user(name))


def test_an_unknown_user_is_told_with_whom_was_meant(file: UserFile) -> None:
    file.add(a_user("Alice"))
    for change in (file.remove, file.change):
        with pytest.raises(InputError, match="did you mean 'Alice'"):
            change("Alise")


@pytest.mark.parametrize(
    "told", ["{", "[]", '{"users": [{"name": "a"}]}', '{"version": 2}', "\xff"]
)
def test_a_file_that_cannot_be_read_never_counts_as_none(file: UserFile, told: str) -> None:
    file.path.parent.mkdir()
    file.path.write_text(told, "latin-1")
    with pytest.raises(ConfigError, match="the file of users"):
        file.list_all()
    with pytest.raises(ConfigError):
        file.add(a_user())
    assert file.path.read_text("latin-1") == told


def test_two_who_change_it_at_once_lose_nothing(file: UserFile) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(file.add, (a_user(f"user {number}") for number in range(24))))
    assert len(file.list_all()) == 24


def test_a_limit_is_a_senders(file: UserFile) -> None:
    assert file.add(a_user()).as_actor() == Actor("Ana", "sender", 5)
    assert file.change("Ana", role="admin").as_actor() == Actor("Ana", "admin")


def test_no_password_is_in_it(file: UserFile) -> None:
    file.add(a_user(password_hash=hash_password("correct horse battery")))
    [kept] = json.loads(file.path.read_text())["users"]
    assert kept["password_hash"].startswith("$argon2id$")
    assert "correct horse" not in file.path.read_text()


def test_a_password_is_checked_and_a_missing_user_takes_as_long() -> None:
    kept = hash_password("correct horse battery")
    assert is_right(kept, "correct horse battery")
    assert not is_right(kept, "correct horse batterY")
    assert not is_right(None, "nobody has this password")
    assert not is_right("no hash at all", "correct horse battery")


def test_a_short_password_is_refused_in_one_sentence() -> None:
    with pytest.raises(InputError, match=f"at least {MIN_CHARS}"):
        hash_password("short")
