"""A process that sends: `python -m …send_process LEDGER_URL MESSAGE_ID ROUTES_FILE`.

LEASE_S and OWNER may follow. Nobody here can tell whether an owner elsewhere is dead.
"""

import asyncio
import sys
from pathlib import Path

from rollcall.ledger.engine import open_ledger
from rollcall.ledger.leases import LEASE_S, new_owner
from tests.integration.sending.sends import send_all


def main() -> None:
    """Send a message that stands in a ledger, to the end."""
    url, message_id, routes_file, *lease = sys.argv[1:]
    lease_s = float(lease[0]) if lease else LEASE_S
    owner = lease[1] if len(lease) > 1 else new_owner()
    ledger = open_ledger(url)
    asyncio.run(send_all(ledger, message_id, Path(routes_file), lease_s=lease_s, owner=owner))
    ledger.close()


if __name__ == "__main__":
    main()
