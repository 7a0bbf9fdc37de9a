"""The ledger, the log of a matter and the spared addresses, for staff."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path
from pydantic import BaseModel, Field

from services.notifications.delivery import queries, spared
from services.notifications.delivery.queries import Ledger, MessageEntry
from services.notifications.delivery.spared import SparedEntry
from shared import audit
from shared.addresses import checked_mail, checked_phone
from shared.auth import Caller, require_role
from shared.db import Connection
from shared.http import CurrentTools, Now, api_router, problems
from shared.people import Person
from shared.problems import NotFound

Staff = Annotated[Caller, Depends(require_role("notifications:staff"))]

SPARED_LIFTED = "spared_lifted"
"""What the audit log calls lifting."""

SparedId = Annotated[str, Path(pattern="^[0-9a-f]{12}$")]

router = api_router("/notifications/api/v1", "ledger")


@router.get("/ledger")
async def ledger(conn: Connection, now: Now, caller: Staff) -> Ledger:
    """What became of every message."""
    return await queries.ledger(conn, now)


@router.get("/matters/{matter}/messages")
async def log_of_matter(conn: Connection, matter: UUID, caller: Staff) -> list[MessageEntry]:
    """Everything told of a matter, oldest first; empty for a matter nobody was told of."""
    return await queries.log_of(conn, matter)


class Address(BaseModel):
    """A mail address or phone number, as somebody says it."""

    address: str = Field(min_length=3, max_length=254)


@router.get("/spared-addresses", responses=problems(401, 403))
async def list_spared(conn: Connection, caller: Staff) -> list[SparedEntry]:
    """The addresses that get no optional messages, the newest 200 first."""
    return await spared.spared_addresses(conn)


@router.post("/spared-addresses/lookup", responses=problems(401, 403, 404))
async def look_up_spared(conn: Connection, tools: CurrentTools, wanted: Address, caller: Staff) -> SparedEntry:
    """The entry of somebody who asks why they get no reminders; 404 if their address is not spared."""
    typed = wanted.address
    address = {"mail": checked_mail(typed)} if "@" in typed else {"phone": checked_phone(typed, for_sms=False)[0]}
    if not any(address.values()):
        raise NotFound
    found = await spared.spared_addresses(conn, tools.people.person_key(Person(name="", **address)))
    if not found:
        raise NotFound
    return found[0]


@router.delete("/spared-addresses/{id}", status_code=204, responses=problems(401, 403, 404))
async def lift_spared(conn: Connection, tools: CurrentTools, id: SparedId, now: Now, caller: Staff) -> None:
    """Let an address get optional messages again, because its owner asks for them. It goes into the audit log."""
    reason = await spared.lift(conn, tools, id)
    if reason is None:
        raise NotFound
    await audit.note(conn, caller, SPARED_LIFTED, now, address=id, reason=reason)
