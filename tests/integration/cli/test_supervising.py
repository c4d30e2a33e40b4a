"""The supervisor of `rollcall up`, with processes that live and die as they are told."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rollcall.cli.child_processes import list_descendants

SUPERVISOR = Path(__file__).with_name("supervisor_process.py")
PATIENCE_S = 60.0


@dataclass
class Supervised:
    """A supervisor of one part."""

    folder: Path
    process: "subprocess.Popen[str]"
    pids: list[int] = field(default_factory=list)

    def start_count(self) -> int:
        path = self.folder / "starts"
        return path.read_text().count("start") if path.exists() else 0

    def wait_until(self, condition: Callable[[], bool]) -> None:
        give_up_at = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > give_up_at:
                pytest.fail("waited in vain")
            time.sleep(0.02)

    def end(self) -> list[str]:
        """End it, and return what it told; nothing that it ever started may be left."""
        self.pids = list_descendants(self.process.pid)
        self.process.terminate()
        told, _ = self.process.communicate(timeout=PATIENCE_S)
        assert [pid for pid in self.pids if Path(f"/proc/{pid}").exists()] == []
        return told.splitlines()


@contextmanager
def supervised(folder: Path, way: str) -> Iterator[Supervised]:
    process = subprocess.Popen(
        [sys.executable, str(SUPERVISOR), str(folder), way], stdout=subprocess.PIPE, text=True
    )
    try:
        yield Supervised(folder, process)
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE_S)


def test_part_that_dies_is_started_again_and_said_so(tmp_path: Path) -> None:
    with supervised(tmp_path, "fragile") as one:
        one.wait_until(lambda: one.start_count() == 2)
        assert one.end()[0] == "ended with exit code 1: started again in 1 s"


def test_part_that_ignores_sigterm_is_killed_after_a_bound(tmp_path: Path) -> None:
    with supervised(tmp_path, "stubborn") as one:
        one.wait_until((tmp_path / "all-ready").exists)
        assert one.end() == ["does not end: killed", "refused: None"]
        assert len(one.pids) == 1


def test_wrong_setting_ends_everything_with_the_sentence_that_says_which(tmp_path: Path) -> None:
    with supervised(tmp_path, "wrong") as one:
        told, _ = one.process.communicate(timeout=PATIENCE_S)
    assert told.splitlines() == ["the setting is wrong", "refused: wrong"]
    assert one.start_count() == 1


def test_what_a_part_leaves_behind_in_a_session_of_its_own_is_ended_too(tmp_path: Path) -> None:
    with supervised(tmp_path, "parent") as one:
        one.wait_until((tmp_path / "all-ready").exists)
        assert one.end() == ["refused: None"]
        assert int((tmp_path / "child").read_text()) in one.pids


def test_part_hears_when_its_supervisor_is_killed(tmp_path: Path) -> None:
    with supervised(tmp_path, "steady") as one:
        one.wait_until((tmp_path / "all-ready").exists)
        [part] = list_descendants(one.process.pid)
        one.process.kill()
        one.wait_until(lambda: not Path(f"/proc/{part}").exists())


def test_what_a_dead_part_left_may_finish_while_the_part_runs_again(tmp_path: Path) -> None:
    with supervised(tmp_path, "busy") as one:
        one.wait_until((tmp_path / "all-ready").exists)  # more than two seconds have passed
        assert one.start_count() == 2
        assert (tmp_path / "told").exists()
        one.process.terminate()
        one.wait_until(lambda: len(list_descendants(one.process.pid)) == 1)
        assert one.process.poll() is None
        (tmp_path / "finish").touch()
        one.process.communicate(timeout=PATIENCE_S)
        assert (tmp_path / "finished").exists()


def test_second_signal_waits_for_nothing_that_is_left(tmp_path: Path) -> None:
    with supervised(tmp_path, "busy") as one:
        one.wait_until((tmp_path / "all-ready").exists)
        began_at = time.monotonic()

        def has_ended() -> bool:
            one.process.terminate()
            return one.process.poll() is not None

        one.wait_until(has_ended)
        assert time.monotonic() - began_at < PATIENCE_S / 3
        assert not (tmp_path / "finished").exists()
