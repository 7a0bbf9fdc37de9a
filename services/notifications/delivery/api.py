"""The ledger and the log of a matter, for staff."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from services.notifications.delivery import queries
from services.notifications.delivery.queries import Ledger, MessageEntry
from shared.auth import Caller, require_role
from shared.db import Connection
from shared.http import Now

Staff = Annotated[Caller, Depends(require_role("notifications:staff"))]

router = APIRouter(prefix="/notifications/api/v1", tags=["ledger"])


@router.get("/ledger")
async def ledger(conn: Connection, now: Now, caller: Staff) -> Ledger:
    """What became of every message."""
    return await queries.ledger(conn, now)


@router.get("/matters/{matter}/messages")
async def log_of_matter(conn: Connection, matter: UUID, caller: Staff) -> list[MessageEntry]:
    """Everything told of a matter, oldest first; empty for a matter nobody was told of."""
    return await queries.log_of(conn, matter)
