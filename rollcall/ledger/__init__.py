"""The operational database: the queue and the truth of every send."""

from rollcall.ledger import app_tables, chat_tables, desk_tables, run_tables  # noqa: F401 - they register their tables
