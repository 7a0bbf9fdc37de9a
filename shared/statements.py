"""Statements of hot paths, run by asyncpg itself on the connection of the open transaction."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db import driver_of

_DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]

Values = Mapping[str, object]


class Statement:
    """SQL with `:named` parameters, translated once.

    SQLAlchemy needs more time for a statement than asyncpg and PostgreSQL together (`docs/benchmarks.md`), so the few
    that every booking, fact and message needs go past it. They have no types but those PostgreSQL infers; errors are
    asyncpg's own.
    """

    def __init__(self, sql: str) -> None:
        self.text = sql
        compiled = text(sql).compile(dialect=_DIALECT)
        self.sql = str(compiled)
        self._names = compiled.positiontup or []

    def arguments(self, values: Values) -> list[object]:
        """The values in the order of the statement's parameters."""
        return [values[name] for name in self._names]

    async def row(self, conn: AsyncConnection, values: Values) -> Any:
        """Execute it; the first row, or None."""
        return await driver_of(conn).fetchrow(self.sql, *self.arguments(values))

    async def rows(self, conn: AsyncConnection, values: Values) -> list[Any]:
        """Execute it; all rows."""
        found: list[Any] = await driver_of(conn).fetch(self.sql, *self.arguments(values))
        return found

    async def run(self, conn: AsyncConnection, *values: Values) -> None:
        """Execute it once for each of the values, in order, without waiting for one before sending the next."""
        if len(values) == 1:
            await driver_of(conn).fetch(self.sql, *self.arguments(values[0]))
        elif values:
            await driver_of(conn).executemany(self.sql, [self.arguments(each) for each in values])
