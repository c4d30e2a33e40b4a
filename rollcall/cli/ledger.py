"""The ledger of the settings, for commands that need nothing else."""

from rollcall.wiring import opened_ledger

__all__ = ["opened_ledger"]
