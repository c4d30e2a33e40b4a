"""A supervisor as a process, since it kills all that descends from it: `… FOLDER WAY`.

Runs `supervised_part.py` and prints what it tells, then which part refused.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from rollcall.cli.parts import Part
from rollcall.cli.supervising import Supervisor

PART = Path(__file__).with_name("supervised_part.py")


async def main() -> None:
    """Supervise until told to end."""
    folder, way = Path(sys.argv[1]), sys.argv[2]
    command = [sys.executable, str(PART), str(folder), way]
    supervisor = Supervisor(
        [Part(way, command, dict(os.environ), folder / "ready")],
        lambda _, line: print(line, flush=True),  # noqa: T201 - what the test reads
        (folder / "all-ready").touch,
        stop_within_s=0.5,
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, supervisor.stop)
    await supervisor.run()
    print(f"refused: {supervisor.refused}")  # noqa: T201 - what the test reads


if __name__ == "__main__":
    asyncio.run(main())
