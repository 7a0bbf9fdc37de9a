"""Reporting a barrier: recorded as a fact, which then is told to the city like any other matter to its person."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.barriers.domain import barrier_number, tidy
from shared.events.barriers import BarrierReported, BarrierState
from shared.events.personal import Contact
from shared.people import Person
from shared.service import Service


async def report(
    conn: AsyncConnection, service: Service, id: UUID, typed: Mapping[str, str], mail: str, now: datetime
) -> None:
    """Report a barrier; BarrierReported is recorded.

    Args:
        id: chosen by the caller, so that a repeated request can be recognised by it.
        typed: what the person wrote, by field; sealed, and forgotten with the contact.
        mail: the city's address for such reports.
    """
    name = f"Stadt {service.city.name}"
    statement = f"{service.settings.platform.public_url}/barrierefreiheit"
    contact = Contact(name=name, mail=mail, manage_url=statement, note=tuple(tidy(typed).items()))
    state = BarrierState(
        language="de",
        channels=["mail"],
        person_key=service.people.person_key(Person(name=name, mail=mail)),
        contact=service.sealer.seal(service.name, id, contact),
        number=barrier_number(id),
        reported_at=now,
    )
    await service.outbox.record(conn, BarrierReported(id=id, version=1, barrier=state))
