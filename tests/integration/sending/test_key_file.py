import secrets
from pathlib import Path

import pytest

from rollcall.errors import ConfigError
from rollcall.sending.key_file import read_or_make
from rollcall.sending.link_key import LinkKey
from tests.integration.ledger.records import at_once


def make() -> str:
    return secrets.token_hex(32)


def test_of_many_who_make_a_key_at_once_all_get_the_one_that_stays(tmp_path: Path) -> None:
    path = tmp_path / "some.key"
    keys = at_once(8, lambda _: read_or_make(path, make, "the key"))
    assert len(set(keys)) == 1
    assert path.read_text("ascii") == keys[0]
    assert list(tmp_path.iterdir()) == [path]


def test_a_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "some.key"
    first = read_or_make(path, make, "the key")
    assert read_or_make(path, make, "the key") == first
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("place", ["nowhere/some.key", "."])
def test_a_key_that_cannot_be_had_is_told_in_one_sentence(tmp_path: Path, place: str) -> None:
    with pytest.raises(ConfigError, match=r"^the key .* cannot be read or written$"):
        read_or_make(tmp_path / place, make, "the key")


def test_the_key_of_personal_links_lies_in_such_a_file(tmp_path: Path) -> None:
    path = tmp_path / "portal.key"
    assert LinkKey("https://safe.example.org", path).key == bytes.fromhex(path.read_text("ascii"))
    path.write_text("short", "ascii")
    with pytest.raises(ConfigError, match="must be at least 64 hexadecimal digits"):
        _ = LinkKey("https://safe.example.org", path).key
