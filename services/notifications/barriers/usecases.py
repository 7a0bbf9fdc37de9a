"""Reporting a barrier: recorded as a fact, which then is told to the city like any other matter to its person."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.barriers.domain import barrier_number, tidy
from shared.events.barriers import BarrierReported, BarrierState
from shared.events.personal import Contact
from shared.people import Person
from shared.tools import Tools


async def report(
    conn: AsyncConnection, tools: Tools, id: UUID, typed: Mapping[str, str], mail: str, now: datetime
) -> None:
    """Report a barrier; BarrierReported is recorded.

    Args:
        id: chosen by the caller, so that a repeated request can be recognised by it.
        typed: what the person wrote, by field; sealed, and forgotten with the contact.
        mail: the city's address for such reports.
    """
    name = f"Stadt {tools.city.name}"
    statement = f"{tools.settings.platform.public_url}/barrierefreiheit"
    contact = Contact(name=name, mail=mail, manage_url=statement, note=tuple(tidy(typed).items()))
    state = BarrierState(
        language="de",
        channels=["mail"],
        person_key=tools.people.person_key(Person(name=name, mail=mail)),
        contact=tools.sealer.seal(tools.name, id, contact),
        number=barrier_number(id),
        reported_at=now,
    )
    await tools.outbox.record(conn, BarrierReported(id=id, version=1, barrier=state))
