"""What is forgotten: contacts of people no longer kept."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.statements import Statement

_FORGET_CONTACTS = Statement("""
    update appointments set state = jsonb_set(state, '{contact}', 'null') where id = any(:ids) and state is not null
""")


async def forget_contacts(conn: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Forget the sealed contacts of appointments whose people have been forgotten."""
    await _FORGET_CONTACTS.run(conn, {"ids": ids})
