"""The services' statements for baselines, which have a connection of asyncpg itself."""

from typing import Any

from shared.statements import Statement, Values


async def row(conn: Any, statement: Statement, values: Values) -> Any:
    """Execute a statement; its first row, if it has one."""
    return await conn.fetchrow(statement.sql, *statement.arguments(values))


async def rows(conn: Any, statement: Statement, values: Values) -> list[Any]:
    """Execute a statement; its rows."""
    found: list[Any] = await conn.fetch(statement.sql, *statement.arguments(values))
    return found
