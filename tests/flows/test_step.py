"""A step: what leaves it when it fails."""

import traceback

import pytest

from rollcall.errors import ConfigError, InputError
from tasks.step import step


async def test_a_mistake_leaves_a_step_as_its_sentence_alone() -> None:
    @step("read")
    async def read(typed: str) -> float:
        try:
            return float(typed)
        except ValueError as error:
            raise InputError("that is no number") from error

    with pytest.raises(InputError) as mistake:
        await read("Zanzibarina")
    told = "".join(traceback.format_exception(mistake.value))
    assert "that is no number" in told
    assert "'Zanzibarina'" not in told


async def test_a_fault_keeps_what_it_comes_from() -> None:
    @step("connect")
    async def connect() -> None:
        raise ConfigError("no route") from OSError("refused")

    with pytest.raises(ConfigError) as fault:
        await connect()
    assert isinstance(fault.value.__cause__, OSError)
