"""Everything that a ledger holds, as text: what is not in it is not stored."""

from sqlalchemy import inspect, text

from rollcall.ledger.engine import Ledger


def dump(ledger: Ledger) -> str:
    """Return every value of every row of every table."""
    with ledger.read() as connection:
        names = inspect(connection).get_table_names()
        rows = [
            row
            for one in names
            for row in connection.execute(text(f'select * from "{one}"'))  # noqa: S608 - names of our tables
        ]
    return "\n".join("\t".join(map(str, row)) for row in rows)
