"""What is forgotten: contacts of people no longer kept, and what network addresses took."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.booking.limits import WINDOW

_FORGET_CONTACTS = text("""
    update appointments set state = jsonb_set(state, '{contact}', 'null') where id = any(:ids) and state is not null
""")
_FORGET_TAKINGS = text("delete from takings where at < :before")


async def forget_contacts(conn: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Forget the sealed contacts of appointments whose people have been forgotten."""
    await conn.execute(_FORGET_CONTACTS, {"ids": ids})


async def forget_takings(conn: AsyncConnection, now: datetime) -> None:
    """Forget what network addresses took, once it no longer counts."""
    await conn.execute(_FORGET_TAKINGS, {"before": now - WINDOW})
