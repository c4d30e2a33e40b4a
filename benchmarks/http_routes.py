"""How many messages a second does a route of kind `http_sms` hand over, beside Apprise and Celery?

    python -m benchmarks.http_routes

One post for each message to the same sink on loopback, in turn in one run; medians of 5. Ours goes
through `HttpSmsRoute.submit` as the engine uses it, in one process. Apprise posts with `json://`
(no throttle), called as is, from a pool of threads, and with `async_notify`: the fastest counts.
Celery with Redis has two prefork workers that post with a kept `requests.Session`; its time runs
from the first `delay` to the last message at the sink. Celery needs
Debian's `redis-server`, else it is left out. The interpreter is set as in a send
(`rollcall.sending.interpreter`), for Apprise too, which gains by it as we do.

To reach: 8 times both.
"""

import asyncio
import logging
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import apprise
import redis

from benchmarks.celery_peer import app as celery_app
from benchmarks.celery_peer import post_message
from benchmarks.sinks import count_taken, run_sink
from rollcall.ledger.attempts import new_attempt_id
from rollcall.routes.base import Submission
from rollcall.routes.registry import build_route, read_route_settings
from rollcall.sending.interpreter import tuned_interpreter

TEXT = "Earthquake near Tokyo. Tell us that you are safe."
HEADERS = {"Authorization": "Bearer benchmark", "Idempotency-Key": "{idempotency_key}"}
BODY = {"to": "{to}", "text": "{text}", "from": "{sender}", "reference": "{reference}"}
CONNECTIONS = 64
ROUNDS = 5
OUR_COUNT, PEER_COUNT = 5_000, 500
PATIENCE_S = 60.0
WORKERS = 2
CELERY = f"Celery + Redis, {WORKERS} workers"

Send = Callable[[int], None]
"""Hands over so many messages; returns when the sink has them all."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Messages per second of time, and of CPU time of this process."""

    per_s: float
    per_cpu_s: float


def main() -> None:
    """Measure in turn, print the ratios."""
    logging.disable()
    with run_sink("http") as port, asyncio.Runner() as runner, celery_workers() as broker:
        url = f"127.0.0.1:{port}/messages"
        ways: dict[str, tuple[Send, int]] = {
            "Rollcall, http_sms": (our_way(runner, url), OUR_COUNT),
            **{name: (send, PEER_COUNT) for name, send in apprise_ways(runner, url).items()},
        }
        if broker:
            ways[CELERY] = (celery_way(port), PEER_COUNT)
        with tuned_interpreter():
            rates = measure_in_turn(ways)
    report(rates)


def measure_in_turn(ways: dict[str, tuple[Send, int]]) -> dict[str, list[Rate]]:
    """Return for each way how fast it went in every round."""
    for send, count in ways.values():
        send(count // 5)  # opens connections, imports modules
    rates: dict[str, list[Rate]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, (send, count) in ways.items():
            rates[name].append(measure(send, count))
    return rates


def measure(send: Send, count: int) -> Rate:
    """Send once, and return how fast it went."""
    started, started_cpu_s = time.perf_counter(), time.process_time()
    send(count)
    cpu_s = time.process_time() - started_cpu_s
    return Rate(count / (time.perf_counter() - started), count / cpu_s)


def report(rates: dict[str, list[Rate]]) -> None:
    """Print each way's rate, and ours as a multiple of it."""
    per_s = {name: median(one.per_s for one in each) for name, each in rates.items()}
    per_cpu_s = {name: median(one.per_cpu_s for one in each) for name, each in rates.items()}
    ours, ours_cpu = next(iter(per_s.values())), next(iter(per_cpu_s.values()))
    print(f"{'':<28} {'messages/s':>12} {'ours':>8} {'per CPU s':>12} {'ours':>8}")
    for name in rates:
        print(f"{name:<28} {per_s[name]:12.0f} {ours / per_s[name]:6.1f} x", end="")
        if name == CELERY:  # its work is done in other processes
            print()
            continue
        print(f" {per_cpu_s[name]:12.0f} {ours_cpu / per_cpu_s[name]:6.1f} x")


def our_way(runner: asyncio.Runner, url: str) -> Send:
    """Return a sender of ours; as in the engine a try waits for one of the route's connections."""
    settings = read_route_settings(
        {
            "id": "carrier",
            "kind": "http_sms",
            "url": f"http://{url}",
            "max_connections": CONNECTIONS,
            "headers": {
                "Authorization": "Bearer benchmark",
                "Idempotency-Key": "{idempotency_key}",
            },
            "body": {
                "to": "{to}",
                "text": "{text}",
                "from": "{sender}",
                "reference": "{reference}",
            },
            "sender": "Rollcall",
            "id_path": "id",
        }
    )
    route = build_route(settings)
    slots = asyncio.Semaphore(CONNECTIONS)

    async def submit(number: int) -> None:
        delivery_id = new_attempt_id()
        submission = Submission(
            delivery_id, new_attempt_id(), f"{delivery_id}-carrier", phone(number), TEXT
        )
        async with slots:
            await route.submit(submission)

    async def submit_all(count: int) -> None:
        await asyncio.gather(*(submit(number) for number in range(count)))

    return lambda count: runner.run(submit_all(count))


def phone(number: int) -> str:
    """Return a number that is nobody's; nothing leaves this machine."""
    return f"+1202555{number % 10_000:04}"


def apprise_ways(runner: asyncio.Runner, url: str) -> dict[str, Send]:
    """Return the ways to send with Apprise: one notification for each message."""
    notifier = apprise.Apprise()
    assert notifier.add(f"json://{url}?:to=+12025550100")
    pool = ThreadPoolExecutor(CONNECTIONS)

    def notify(number: int) -> None:
        assert notifier.notify(body=TEXT, title=phone(number))

    def notify_in_threads(count: int) -> None:
        for _ in pool.map(notify, range(count)):
            pass

    def notify_one_by_one(count: int) -> None:
        for number in range(count):
            notify(number)

    async def notify_async(count: int) -> None:
        slots = asyncio.Semaphore(CONNECTIONS)

        async def one(number: int) -> None:
            async with slots:
                assert await notifier.async_notify(body=TEXT, title=phone(number))

        await asyncio.gather(*(one(number) for number in range(count)))

    return {
        "Apprise, notify": notify_one_by_one,
        "Apprise, notify in threads": notify_in_threads,
        "Apprise, async_notify": lambda count: runner.run(notify_async(count)),
    }


def celery_way(port: int) -> Send:
    """Return a sender through Celery: queues each message, then waits until the sink has all."""
    carrier = f"http://127.0.0.1:{port}/messages"

    def send(count: int) -> None:
        wanted = count_taken(port) + count
        for number in range(count):
            post_message.delay(carrier, phone(number), TEXT, new_attempt_id())
        give_up_at = time.monotonic() + PATIENCE_S
        while count_taken(port) < wanted:
            assert time.monotonic() < give_up_at, "Celery lost messages"
            time.sleep(0.005)

    return send


@contextmanager
def celery_workers() -> Iterator[str | None]:
    """Run Redis and Celery's workers; yields the broker's address, None where Redis is missing."""
    server = shutil.which("redis-server")
    if server is None:
        print("redis-server is not installed: Celery is left out", file=sys.stderr)
        yield None
        return
    with TemporaryDirectory() as folder, run_redis(server, Path(folder)) as broker:
        celery_app.conf.broker_url = broker
        command = [sys.executable, "-m", "celery", "--app", "benchmarks.celery_peer"]
        command += ["--broker", broker, "worker"]
        command += ["--pool", "prefork", "--concurrency", str(WORKERS), "--loglevel", "ERROR"]
        quiet = os.environ | {"PYTHONWARNINGS": "ignore"}  # it dislikes to run as root
        worker = subprocess.Popen(command, env=quiet, stdout=subprocess.DEVNULL)  # noqa: S603
        try:
            yield broker
        finally:
            worker.terminate()
            worker.wait(PATIENCE_S)


@contextmanager
def run_redis(server: str, folder: Path) -> Iterator[str]:
    """Run a Redis of our own on a free loopback port that keeps nothing; yields its address."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [server, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    command += ["--save", "", "--appendonly", "no"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - Debian's own
    try:
        wait_for_redis(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def wait_for_redis(port: int) -> None:
    """Wait until it answers."""
    give_up_at = time.monotonic() + PATIENCE_S
    with redis.Redis(port=port) as client:
        while True:
            try:
                client.ping()
            except redis.ConnectionError:
                assert time.monotonic() < give_up_at, "Redis does not start"
                time.sleep(0.05)
            else:
                return


if __name__ == "__main__":
    main()
