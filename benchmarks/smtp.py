"""How fast mail goes out over SMTP, beside Postfix's `smtp-source` and Django's `send_mass_mail`.

All three send messages of the same size over loopback to one `smtp-sink` (Debian's package postfix;
`benchmarks/postfix.py` finds or fetches it), in turn, five times. Ours is the route as the engine
calls it: every message has its own recipient, Message-ID and Date, and every reply is read.
Prints medians and ratios; these are the claim (docs/routes/smtp.md).
"""

import asyncio
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Final

import django.conf
from django.core.mail import send_mass_mail

from benchmarks.postfix import PostfixPrograms, find_postfix
from rollcall.ledger.attempts import new_attempt_id
from rollcall.routes.base import Acceptance, Submission
from rollcall.routes.email.mime import render_body
from rollcall.routes.email.smtp import BULK_SIZE, SmtpRoute
from rollcall.routes.settings import SmtpSettings
from tests.ports import find_free_port

RUNS: Final = 5
CONNECTIONS: Final = 10
MESSAGES: Final = 20_000
DJANGO_MESSAGES: Final = 2_000
TEXT: Final = "FLOOD WARNING: leave the riverside area now.\n" + "More follows soon. " * 160


def describe_route(port: int) -> SmtpSettings:
    """Return the settings of a route to the sink."""
    return SmtpSettings.model_validate(
        {
            "id": "sink", "kind": "smtp", "host": "127.0.0.1", "port": port, "security": "none",
            "sender": "Crisis Team <crisis@example.org>", "max_connections": CONNECTIONS,
        }
    )  # fmt: skip


async def send_with_rollcall(route: SmtpRoute) -> None:
    """Hand all messages over in batches, as many at once as there are connections."""
    numbers = iter(range(0, MESSAGES, BULK_SIZE))

    async def work() -> None:
        for first in numbers:
            results = await route.submit_bulk(
                [make_submission(n) for n in range(first, first + BULK_SIZE)]
            )
            assert all(isinstance(result, Acceptance) for result in results), results

    await asyncio.gather(*(work() for _ in range(CONNECTIONS)))


def make_submission(number: int) -> Submission:
    """Return a message to a made-up person."""
    ids = (new_attempt_id(), new_attempt_id(), f"k-{number}")
    return Submission(*ids, f"p{number}@example.net", TEXT, "Überflutung: Schutzräume")


async def time_rollcall(port: int) -> float:
    """Return messages a second through the route, connecting included."""
    route = SmtpRoute(describe_route(port))
    started = time.perf_counter()
    await send_with_rollcall(route)
    elapsed_s = time.perf_counter() - started
    await route.aclose()
    return MESSAGES / elapsed_s


def time_django() -> float:
    """Return messages a second through Django."""
    messages = [
        ("Überflutung: Schutzräume", TEXT, "crisis@example.org", [f"p{n}@example.net"])
        for n in range(DJANGO_MESSAGES)
    ]
    started = time.perf_counter()
    assert send_mass_mail(messages) == DJANGO_MESSAGES
    return DJANGO_MESSAGES / (time.perf_counter() - started)


def time_smtp_source(postfix: PostfixPrograms, port: int) -> float:
    """Return messages a second of `smtp-source`."""
    size = len(render_body(TEXT, None))
    started = time.perf_counter()
    postfix.send(port, MESSAGES, session_count=CONNECTIONS, size=size)
    return MESSAGES / (time.perf_counter() - started)


def main() -> None:
    """Measure and print."""
    port = find_free_port()
    django.conf.settings.configure(
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=port,
        EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
    )
    rates: dict[str, list[float]] = {"smtp-source -d": [], "rollcall": [], "django": []}
    with tempfile.TemporaryDirectory() as name:
        postfix = find_postfix(Path(name))
        with postfix.serve_sink(port):
            for _ in range(RUNS):
                rates["smtp-source -d"].append(time_smtp_source(postfix, port))
                rates["rollcall"].append(asyncio.run(time_rollcall(port)))
                rates["django"].append(time_django())
    size = len(render_body(TEXT, None))
    print(f"{CONNECTIONS} connections, {size} bytes a message, medians of {RUNS}")
    ours = median(rates["rollcall"])
    for sender, measured in rates.items():
        theirs = median(measured)
        print(f"  {sender:<16}{theirs:8.0f} messages/s   rollcall {ours / theirs:6.2f} x")


if __name__ == "__main__":
    main()
