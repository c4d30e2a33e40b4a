"""A supervisor as a process, since it kills all that descends from it: `… FOLDER WAY`.

Runs `supervised_part.py` and prints what it tells, then which part refused.
"""

import asyncio
import os
import signal
import sys
from functools import partial
from pathlib import Path

from rollcall.cli.parts import REST_WITHIN_S, STOP_WITHIN_S, Part
from rollcall.cli.supervising import Supervisor

BUSY_WITHIN_S = 60.0

PART = Path(__file__).with_name("supervised_part.py")


async def main() -> None:
    """Supervise until told to end."""
    folder, way = Path(sys.argv[1]), sys.argv[2]
    command = [sys.executable, str(PART), str(folder), way]
    part = Part(
        way,
        command,
        dict(os.environ),
        folder / "ready",
        stop_within_s=0.5 if way == "stubborn" else STOP_WITHIN_S,
        rest_within_s=BUSY_WITHIN_S if way.startswith("busy") else REST_WITHIN_S,
    )
    supervisor = Supervisor(
        [part],
        lambda _, line: print(line, flush=True),  # noqa: T201 - what the test reads
        partial(asyncio.to_thread, (folder / "all-ready").touch),
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, supervisor.stop)
    await supervisor.run()
    print(f"refused: {supervisor.refused}")  # noqa: T201 - what the test reads


if __name__ == "__main__":
    asyncio.run(main())
