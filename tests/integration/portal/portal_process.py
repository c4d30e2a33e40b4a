"""A portal for the scripted provider, and for members, as a process.

`portal_process.py LEDGER_URL PORT LEVEL PUBLIC_URL`: at level 1 everything that can be logged is,
to stderr.
"""

import asyncio
import logging
import sys

from pydantic import SecretStr

from rollcall.clock import SystemClock
from rollcall.ledger.arrivals import record_arrivals
from rollcall.ledger.engine import open_ledger
from rollcall.listening import listen
from rollcall.portal.app import make_app
from rollcall.portal.desk import Desk
from rollcall.portal.intake import Intake
from rollcall.portal.parts import build_parts
from rollcall.portal.reception import Caller
from rollcall.portal.serving import serve
from tests.integration.conversations import KEY
from tests.integration.portal.scripted import SECRET, ScriptedRoute


def main() -> None:
    """Serve until told to end."""
    ledger_url, port, level, public_url = sys.argv[1:]
    logging.basicConfig(level=int(level))
    clock = SystemClock()
    ledger = open_ledger(ledger_url)
    callers = {"alpha": Caller(ScriptedRoute(), SecretStr(SECRET))}
    intake = Intake(lambda arrived: record_arrivals(ledger, arrived, clock.now()), clock)
    members = build_parts(Desk(ledger, KEY, public_url, clock), "Example Corp")
    app = make_app(callers, intake, public_url, clock, members)
    with listen("127.0.0.1", int(port)) as listening:
        asyncio.run(serve(app, listening), debug=int(level) == 1)
    ledger.close()


if __name__ == "__main__":
    main()
