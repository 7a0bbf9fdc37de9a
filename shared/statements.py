"""SQL as it stands, run by asyncpg itself on the connection of the open transaction; what is read becomes typed values.

SQLAlchemy needs more time for a statement than asyncpg and PostgreSQL together (`docs/benchmarks.md`), so it describes
tables and keeps connections, and statements go past it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import is_dataclass
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Table, insert, text
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.compiler import Compiled

from shared.db import driver_of
from shared.failures import without_input

_DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]
_NOTHING: Mapping[str, object] = {}

Values = Mapping[str, object]
Row = TypeVar("Row")


class Unreadable(Exception):
    """A row is not what its statement reads it into; says where, and holds no values."""


class Statement:
    """A statement that changes or locks, and whose rows nobody reads.

    Parameters have the types PostgreSQL infers; errors are asyncpg's own.

    Args:
        sql: the whole statement, with `:named` parameters.
    """

    def __init__(self, sql: str) -> None:
        self.text = sql
        self._translated(text(sql).compile(dialect=_DIALECT))

    def _translated(self, compiled: Compiled) -> None:
        self.sql = str(compiled)
        self._names = getattr(compiled, "positiontup", None) or []

    def arguments(self, values: Values) -> list[object]:
        """The values in the order of the statement's parameters."""
        return [values[name] for name in self._names]

    async def run(self, conn: AsyncConnection, values: Values = _NOTHING) -> int:
        """Execute it; returns how many rows it concerned."""
        status: str = await driver_of(conn).execute(self.sql, *self.arguments(values))
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def run_each(self, conn: AsyncConnection, rows: Iterable[Values]) -> None:
        """Execute it once for each of the values, in order, without waiting for one before sending the next."""
        if arguments := [self.arguments(each) for each in rows]:
            await driver_of(conn).executemany(self.sql, arguments)


class Query(Statement, Generic[Row]):
    """A statement whose rows are read.

    Args:
        into: what a row becomes: a dataclass, each field from the column of its name, or the type of the only column.
        sql: the whole statement, with `:named` parameters.
    """

    def __init__(self, into: type[Row], sql: str) -> None:
        super().__init__(sql)
        self._adapter: TypeAdapter[Row] = TypeAdapter(into)
        self._whole = is_dataclass(into)

    async def all(self, conn: AsyncConnection, values: Values = _NOTHING) -> list[Row]:
        """Execute it: all rows. Raises Unreadable, as the others do."""
        return [self._read(each) for each in await driver_of(conn).fetch(self.sql, *self.arguments(values))]

    async def first(self, conn: AsyncConnection, values: Values = _NOTHING) -> Row | None:
        """Execute it: the first row, or None. PostgreSQL stops there: where several are to be locked, read `all`."""
        found = await driver_of(conn).fetchrow(self.sql, *self.arguments(values))
        return None if found is None else self._read(found)

    async def one(self, conn: AsyncConnection, values: Values = _NOTHING) -> Row:
        """Execute it: the first row, where there is always one."""
        return self._read(await driver_of(conn).fetchrow(self.sql, *self.arguments(values)))

    def _read(self, record: Any) -> Row:
        try:
            return self._adapter.validate_python(dict(record) if self._whole else record[0])
        except ValidationError as error:
            raise Unreadable(without_input(error)) from None


class Insert(Statement):
    """A plain insert of rows that name all columns but those the database fills in itself."""

    def __init__(self, table: Table, *columns: str) -> None:
        self._translated(insert(table).inline().compile(dialect=_DIALECT, column_keys=columns))
        self.text = self.sql
