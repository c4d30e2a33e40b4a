"""Whoever guesses passwords waits; whoever mistypes does not."""

from dataclasses import dataclass

from rollcall.desk.slowing import (
    FORGOTTEN_AFTER_S,
    FREE_FAILURES,
    FREE_FAILURES_OF_NAME,
    LONGEST_WAIT_S,
    MOST_KEYS,
    Slowing,
)


@dataclass
class Seconds:
    at: float = 1000.0

    def __call__(self) -> float:
        return self.at


def fail(slowing: Slowing, times: int, name: str = "ana", address: str = "192.0.2.1") -> None:
    for _ in range(times):
        slowing.note_failure(name, address)


def test_a_few_mistakes_cost_nothing() -> None:
    slowing = Slowing(Seconds())
    fail(slowing, FREE_FAILURES - 1)
    assert slowing.wait_s("ana", "192.0.2.1") == 0


def test_each_further_mistake_costs_twice_as_much_up_to_a_minute() -> None:
    slowing, waits = Slowing(Seconds()), []
    fail(slowing, FREE_FAILURES - 1)
    for _ in range(8):
        fail(slowing, 1)
        waits.append(slowing.wait_s("ana", "192.0.2.1"))
    assert waits == [2, 4, 8, 16, 32, LONGEST_WAIT_S, LONGEST_WAIT_S, LONGEST_WAIT_S]


def test_the_wait_ends() -> None:
    seconds = Seconds()
    slowing = Slowing(seconds)
    fail(slowing, FREE_FAILURES)
    seconds.at += 2
    assert slowing.wait_s("ana", "192.0.2.1") == 0


def test_others_do_not_wait_for_whoever_guesses() -> None:
    slowing = Slowing(Seconds())
    fail(slowing, 12)
    assert slowing.wait_s("bo", "192.0.2.1") == 0
    assert slowing.wait_s("ana", "192.0.2.2") == 0


def test_a_name_that_is_tried_from_everywhere_is_tried_once_a_second() -> None:
    slowing = Slowing(Seconds())
    for number in range(FREE_FAILURES_OF_NAME):
        fail(slowing, 1, address=f"192.0.2.{number}")
    assert slowing.wait_s("ana", "198.51.100.1") == 1
    assert slowing.wait_s("bo", "198.51.100.1") == 0


def test_mistakes_are_forgotten_after_a_while_and_after_the_right_password() -> None:
    seconds = Seconds()
    slowing = Slowing(seconds)
    fail(slowing, 12)
    slowing.note_success("ana", "192.0.2.1")
    assert slowing.wait_s("ana", "192.0.2.1") == 0
    fail(slowing, 12)
    seconds.at += FORGOTTEN_AFTER_S + 1
    fail(slowing, 1)
    assert slowing.wait_s("ana", "192.0.2.1") == 0


def test_memory_is_bounded_whatever_names_are_tried() -> None:
    slowing = Slowing(Seconds())
    for number in range(MOST_KEYS):
        fail(slowing, 1, name=f"name {number}")
    assert len(slowing._by_key) == MOST_KEYS
