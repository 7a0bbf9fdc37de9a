"""What tests of locks do: let something run into a lock that an open transaction holds."""

from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.line.usecases import lock_line
from tests.support.locks import wait_not_long, waiting

__all__ = ["take_line", "wait_not_long", "waiting"]


async def take_line(conn: AsyncConnection) -> None:
    """Lock the line in the open transaction, which must be free."""
    await wait_not_long(conn)
    await lock_line(conn)
