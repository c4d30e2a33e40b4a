"""Statements that a send executes thousands of times: compiled once for each back end, and kept.

Of a statement that it has compiled before, SQLAlchemy finds the text by a key that holds every
element of it, and looks at each parameter once more. That took longer than some of the statements
(docs/adr/0018).
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ClauseElement, Connection, CursorResult, Dialect

_Told = str | int | None
"""Texts and numbers are given to the driver as they are; `write_moment` makes a text of a moment"""


class _Compiled(NamedTuple):
    """The text of a statement for one back end.

    Attributes:
        text: As the driver wants it.
        constants: What the statement itself says of its parameters, by name.
        places: Which parameter comes at which place, where they have no names.
    """

    text: str
    constants: Mapping[str, Any]
    places: Sequence[str] | None


class Prepared:
    """A statement whose parameters are texts and numbers, without `IN` over several values."""

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._compiled: dict[tuple[Any, ...], _Compiled] = {}

    def execute(self, connection: Connection, **told: _Told) -> CursorResult[Any]:
        """Execute it.

        Args:
            connection: A transaction.
            told: Its parameters, by name; all of them.
        """
        compiled = self._compile_once(connection.dialect)
        asked = {**compiled.constants, **told}
        if compiled.places is None:
            return connection.exec_driver_sql(compiled.text, asked)
        placed = tuple([asked[name] for name in compiled.places])
        return connection.exec_driver_sql(compiled.text, placed)

    def gather(self, connection: Connection, **told: _Told) -> list[list[Any]]:
        """Execute what `gather_rows` has made; return the rows."""
        rows = self.execute(connection, **told).scalar_one()
        # PostgreSQL's driver knows that it is JSON, SQLite's does not
        return orjson.loads(rows) if isinstance(rows, str) else list(rows)

    def _compile_once(self, dialect: Dialect) -> _Compiled:
        version = (dialect.name, dialect.server_version_info)  # `rollcall.ledger.lists` asks for it
        if version not in self._compiled:
            self._compiled[version] = _compile(self._statement, dialect)
        return self._compiled[version]


def _compile(statement: ClauseElement, dialect: Dialect) -> _Compiled:
    compiled: Any = statement.compile(dialect=dialect)
    places = compiled.positiontup if compiled.positional else None
    given = compiled.params.items()
    constants = {name: value for name, value in given if not compiled.binds[name].required}
    return _Compiled(compiled.string, constants, places)
