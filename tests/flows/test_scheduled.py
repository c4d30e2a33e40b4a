"""What administrators are told is wrong with a scheduled run."""

from typing import Any

from prefect import State
from prefect.states import Failed, exception_to_failed_state

from rollcall.errors import SelectionError
from tasks.scheduled import read_reason


async def told_of(error: Exception) -> str:
    state: State[Any] = await exception_to_failed_state(error)
    return await read_reason(state)


async def test_our_own_sentence_is_told_as_it_is() -> None:
    assert await told_of(SelectionError("selection: unknown group 'x'")) == (
        "selection: unknown group 'x'"
    )


async def test_of_a_fault_that_is_not_ours_only_its_kind_is_told() -> None:
    told = await told_of(ValueError("Ana, p1@example.org, cannot be read"))
    assert told == "ValueError: the log of the run in Prefect says more"


async def test_of_a_run_that_ended_as_failed_its_own_sentence_is_told() -> None:
    assert await read_reason(Failed(message="3 of 600 were not delivered")) == (
        "3 of 600 were not delivered"
    )
