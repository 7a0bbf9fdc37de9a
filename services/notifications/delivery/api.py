"""The ledger, the log of a matter and the spared addresses, for staff."""

from typing import Annotated
from uuid import UUID

from fastapi import Path
from pydantic import BaseModel, Field

from services.notifications.delivery import queries, spared
from services.notifications.delivery.queries import Ledger, MessageEntry
from services.notifications.delivery.spared import SparedEntry
from services.notifications.staff import StaffAct
from shared.addresses import checked_mail, checked_phone
from shared.http import api_router, problems
from shared.people import Person
from shared.problems import NotFound

SPARED_LIFTED = "spared_lifted"
"""What the audit log calls lifting."""

SparedId = Annotated[str, Path(pattern="^[0-9a-f]{12}$")]

router = api_router("/notifications/api/v1", "ledger")


@router.get("/ledger")
async def ledger(act: StaffAct) -> Ledger:
    """What became of every message."""
    return await queries.ledger(act.conn, act.now)


@router.get("/matters/{matter}/messages")
async def log_of_matter(act: StaffAct, matter: UUID) -> list[MessageEntry]:
    """Everything told of a matter, oldest first; empty for a matter nobody was told of."""
    return await queries.log_of(act.conn, matter)


class Address(BaseModel):
    """A mail address or phone number, as somebody says it."""

    address: str = Field(min_length=3, max_length=254)


@router.get("/spared-addresses", responses=problems(401, 403))
async def list_spared(act: StaffAct) -> list[SparedEntry]:
    """The addresses that get no optional messages, the newest 200 first."""
    return await spared.spared_addresses(act.conn)


@router.post("/spared-addresses/lookup", responses=problems(401, 403, 404))
async def look_up_spared(act: StaffAct, wanted: Address) -> SparedEntry:
    """The entry of somebody who asks why they get no reminders; 404 if their address is not spared."""
    typed = wanted.address
    address = {"mail": checked_mail(typed)} if "@" in typed else {"phone": checked_phone(typed, for_sms=False)[0]}
    if not any(address.values()):
        raise NotFound
    found = await spared.spared_addresses(act.conn, act.tools.people.person_key(Person(name="", **address)))
    if not found:
        raise NotFound
    return found[0]


@router.delete("/spared-addresses/{id}", status_code=204, responses=problems(401, 403, 404))
async def lift_spared(act: StaffAct, id: SparedId) -> None:
    """Let an address get optional messages again, because its owner asks for them. It goes into the audit log."""
    reason = await spared.lift(act, id)
    if reason is None:
        raise NotFound
    await act.note(SPARED_LIFTED, address=id, reason=reason)
