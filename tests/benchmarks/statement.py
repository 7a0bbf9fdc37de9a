"""The services' statements over plain asyncpg, for baselines."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.sql.elements import TextClause

_DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]


class Statement:
    """A statement of a service, as asyncpg takes it."""

    def __init__(self, clause: TextClause) -> None:
        compiled = clause.compile(dialect=_DIALECT)
        self._sql = str(compiled)
        self._names = compiled.positiontup or []

    async def row(self, conn: Any, values: Mapping[str, object]) -> Any:
        """Execute it; its first row, if it has one."""
        return await conn.fetchrow(self._sql, *self._in_order(values))

    async def rows(self, conn: Any, values: Mapping[str, object]) -> list[Any]:
        """Execute it; its rows."""
        found: list[Any] = await conn.fetch(self._sql, *self._in_order(values))
        return found

    async def execute(self, conn: Any, values: Mapping[str, object]) -> None:
        """Execute it."""
        await conn.execute(self._sql, *self._in_order(values))

    def _in_order(self, values: Mapping[str, object]) -> list[object]:
        return [values[name] for name in self._names]
