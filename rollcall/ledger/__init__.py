"""The operational database: the queue and the truth of every send."""

from rollcall.ledger import (  # noqa: F401 - they register their tables
    app_tables,
    chat_tables,
    count_tables,
    desk_tables,
    run_tables,
)
