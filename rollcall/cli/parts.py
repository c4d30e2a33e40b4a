"""One part of `rollcall up` as a process: started, listened to, asked how it is."""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import httpx

from rollcall.cli.child_processes import die_with_parent

_LONGEST_LINE: Final = 16_384

STOP_WITHIN_S: Final = 12.0
"""How long a part may take to end: the portal promises an answer within ten seconds."""

REST_WITHIN_S: Final = 2.0
"""The same for what a part leaves behind."""

State = Literal["away", "ill", "well"]
"""`away`: no answer. `ill`: it says that it does not do what it is for."""


@dataclass(frozen=True, slots=True)
class Part:
    """One process that is kept running.

    Attributes:
        name: What it is called in front of its lines.
        command: What runs it.
        environment: All of what it runs with.
        health: An address that answers, with 200 when it is well; or a file that is there then.
        after: The part that must be ready before this one starts, and with which it starts anew.
        ends_last: Others need it until they have ended.
        stop_within_s: How long it may take to end before it is killed.
        rest_within_s: The same for what it leaves behind when it dies.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    health: str | Path
    after: str | None = None
    ends_last: bool = False
    stop_within_s: float = STOP_WITHIN_S
    rest_within_s: float = REST_WITHIN_S


async def start_part(part: Part) -> tuple[Process, int]:
    """Start a part; return its process, and the end of a pipe that has what it prints.

    The pipe is our own: asyncio would not tell of an end while anybody else has its pipe open.

    Raises:
        OSError: The system has no room for it.
    """
    if isinstance(part.health, Path):
        part.health.unlink(missing_ok=True)  # a killed one has left it
    ours, theirs = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            *part.command,
            env=part.environment,
            stdin=DEVNULL,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
    except OSError:
        os.close(ours)
        raise
    finally:
        os.close(theirs)
    return process, ours


async def pass_on_lines(descriptor: int, tell: Callable[[str], None]) -> None:
    """Tell what comes out of a pipe, line by line, until nobody can write any more; closes it."""
    async with _reading(descriptor) as reader:
        await _tell_lines(reader, tell)


async def _tell_lines(reader: asyncio.StreamReader, tell: Callable[[str], None]) -> None:
    rest = b""
    while chunk := await reader.read(65_536):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            tell(line.decode(errors="replace"))
        if len(rest) > _LONGEST_LINE:
            tell(rest.decode(errors="replace"))
            rest = b""
    if rest:
        tell(rest.decode(errors="replace"))


@asynccontextmanager
async def _reading(descriptor: int) -> AsyncIterator[asyncio.StreamReader]:
    """Read a pipe; closed at the end."""
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb")
    )
    try:
        yield reader
    finally:
        transport.close()


async def ask_health(health: str | Path, http: httpx.AsyncClient) -> State:
    """Tell how a part says that it is."""
    if isinstance(health, Path):
        return "well" if os.path.exists(health) else "away"  # noqa: ASYNC240, PTH110 - one stat
    try:
        return "well" if (await http.get(health)).is_success else "ill"
    except httpx.HTTPError:
        return "away"


def describe_end(code: int) -> str:
    """Say how a process ended; source: negative codes are signals (subprocess)."""
    if code >= 0:
        return f"ended with exit code {code}"
    return f"was ended by {signal.Signals(-code).name}"
