"""The ledger of the settings, for commands that need nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager

from rollcall.ledger.engine import Ledger
from rollcall.ledger.migrate import require_current
from rollcall.settings import load_settings
from rollcall.wiring import build_ledger


@contextmanager
def opened_ledger() -> Iterator[Ledger]:
    """Open the ledger that the settings name; closed at the end.

    Raises:
        ConfigError: A setting is wrong.
        LedgerError: The ledger does not answer, or belongs to another version.
    """
    ledger = build_ledger(load_settings())
    try:
        require_current(ledger)
        yield ledger
    finally:
        ledger.close()
