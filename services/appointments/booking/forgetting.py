"""What is forgotten: contacts of people no longer kept."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_FORGET_CONTACTS = text("""
    update appointments set state = jsonb_set(state, '{contact}', 'null') where id = any(:ids) and state is not null
""")


async def forget_contacts(conn: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Forget the sealed contacts of appointments whose people have been forgotten."""
    await conn.execute(_FORGET_CONTACTS, {"ids": ids})
