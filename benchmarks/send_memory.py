"""Does the memory of a send stay flat in the number of recipients?

    python -m benchmarks.send_memory [--million]

An SMS to each of 10,000 and 100,000 people, with `--million` to a million as well (limit 2 GB),
over a SQLite ledger. For each number one process does everything up to the recorded deliveries, and
another drains the queue; the peak of each is what the kernel says of it.
"""

import argparse
import asyncio
import logging
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.send_world import accept, deliver, open_app, prepare, write_people
from benchmarks.sinks import run_sink

SIZES = (10_000, 100_000)
MILLION = 1_000_000


def main() -> None:
    """Measure each size, or play one part of it in a process of its own."""
    options = argparse.ArgumentParser()
    options.add_argument("--million", action="store_true")
    options.add_argument("--part", choices=["prepare", "drain"], help=argparse.SUPPRESS)
    options.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options.add_argument("--ports", type=int, nargs=2, help=argparse.SUPPRESS)
    options.add_argument("--message", help=argparse.SUPPRESS)
    asked = options.parse_args()
    logging.disable()
    if asked.part:
        print(asyncio.run(play(asked)), peak_mb())
        return
    print(f"{'recipients':>12} {'prepare MB':>12} {'drain MB':>12} {'drained in s':>14}")
    for size in [*SIZES, MILLION] if asked.million else SIZES:
        measure(size)


def measure(size: int) -> None:
    """Prepare and drain so many, each in a process of its own; print the peaks."""
    with (
        tempfile.TemporaryDirectory() as name,
        run_sink("http") as http_port,
        run_sink("smtp") as smtp_port,
    ):
        folder = Path(name)
        write_people(folder / "people", size, with_email=False)
        shared = ["--folder", name, "--ports", str(http_port), str(smtp_port)]
        message_id, prepare_mb = run_part("prepare", shared)
        started = time.perf_counter()
        _, drain_mb = run_part("drain", [*shared, "--message", message_id])
        taken_s = time.perf_counter() - started
    print(f"{size:>12,} {prepare_mb:>12} {drain_mb:>12} {taken_s:>14.0f}", flush=True)


def run_part(part: str, arguments: list[str]) -> tuple[str, str]:
    """Run one part in a process of its own; return the message's id and the peak in MB."""
    command = [sys.executable, "-m", "benchmarks.send_memory", "--part", part, *arguments]
    told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
    message_id, peak = told.stdout.split()
    return message_id, peak


async def play(asked: argparse.Namespace) -> str:
    """Play one part of a send; return the message's id."""
    app, _ = open_app(asked.folder, tuple(asked.ports))
    try:
        if asked.part == "drain":
            await deliver(app, asked.message)
            return str(asked.message)
        source = asked.folder / "people"
        message_id = accept(app, source)
        await prepare(app, message_id)
        await asyncio.to_thread(app.steps.record_rest, message_id)
        return message_id
    finally:
        await app.aclose()


def peak_mb() -> int:
    """Return the most memory that this process ever had in RAM."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
