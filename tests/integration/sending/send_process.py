"""A process that sends: `python -m …send_process LEDGER_URL MESSAGE_ID ROUTES_FILE`."""

import asyncio
import sys
from pathlib import Path

from rollcall.ledger.engine import open_ledger
from tests.integration.sending.sends import send_all


def main() -> None:
    """Send a message that stands in a ledger, to the end."""
    url, message_id, routes_file = sys.argv[1:]
    ledger = open_ledger(url)
    asyncio.run(send_all(ledger, message_id, Path(routes_file)))
    ledger.close()


if __name__ == "__main__":
    main()
