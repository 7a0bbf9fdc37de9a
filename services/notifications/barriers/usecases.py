"""Reporting a barrier: recorded as a fact, which then is told to the city like any other matter to its person."""

from collections.abc import Mapping
from uuid import UUID

from services.notifications.barriers.domain import barrier_number, tidy
from shared.act import Act
from shared.events.barriers import BarrierReported, BarrierState
from shared.events.personal import Contact
from shared.people import Person


async def report(act: Act, id: UUID, typed: Mapping[str, str], mail: str) -> None:
    """Report a barrier; BarrierReported is recorded.

    Args:
        id: chosen by the caller, so that a repeated request can be recognised by it.
        typed: what the person wrote, by field; sealed, and forgotten with the contact.
        mail: the city's address for such reports.
    """
    name = f"Stadt {act.tools.city.name}"
    statement = f"{act.tools.settings.platform.public_url}/barrierefreiheit"
    contact = Contact(name=name, mail=mail, manage_url=statement, note=tuple(tidy(typed).items()))
    state = BarrierState(
        language="de",
        channels=["mail"],
        person_key=act.tools.people.person_key(Person(name=name, mail=mail)),
        contact=act.tools.sealer.seal(act.tools.name, id, contact),
        number=barrier_number(id),
        reported_at=act.now,
    )
    await act.record(BarrierReported(id=id, version=1, barrier=state))
