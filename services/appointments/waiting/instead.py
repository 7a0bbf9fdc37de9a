"""People the city puts on the waiting list because their appointment cannot take place and nothing else is free."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID, uuid5

from sqlalchemy import text

from services.appointments.booking.queries import Appointment
from services.appointments.line.domain import EVERY_WEEKDAY, Suits
from services.appointments.line.facts import NewEntry
from services.appointments.offer.domain import Grid, Kind, able, choose, of_kind
from services.appointments.offer.queries import Offer
from services.appointments.persons.domain import CheckedPerson, Details
from shared.act import Act
from shared.clock import BERLIN
from shared.people import Person

_PEOPLE = text("select matter, box from people where matter = any(:ids)")


def entry_instead_of(appointment: UUID) -> UUID:
    """The id of the entry that stands in for an appointment: always the same, so that there is never a second one."""
    return uuid5(appointment, "waiting list")


async def load_people(act: Act, appointments: Iterable[Appointment]) -> dict[UUID, Person]:
    """Whose some appointments are, by their ids; without those that were forgotten."""
    rows = await act.conn.execute(_PEOPLE, {"ids": [each.id for each in appointments]})
    return {row.matter: act.tools.people.open(row.box) for row in rows}


def waiting_for(
    appointments: Iterable[Appointment], people: Mapping[UUID, Person], offer: Offer, grid: Grid, now: datetime
) -> dict[UUID, NewEntry]:
    """The entries that stand in for appointments, by the ids of these, in order.

    For the same services, at every station that offers them, on all days that can be booked now. There is none for who
    cannot be told that something frees up.
    """
    today, entries = now.astimezone(BERLIN).date(), dict[UUID, NewEntry]()
    for each in appointments:
        person, services = people.get(each.id), choose(offer.services, each.services)
        stations = of_kind(able(offer.stations, services), Kind.COUNTER)
        if person is None or not each.channels or not stations:
            continue
        suits = Suits(tuple(station.key for station in stations), EVERY_WEEKDAY, today, grid.last_day(now))
        checked = CheckedPerson(person.name, person.mail, person.phone, each.channels, person.remarks)
        details = Details(checked, each.language, each.interpreter, each.page_language)
        wanted = Offer(tuple(stations), tuple(services))
        entries[each.id] = NewEntry(entry_instead_of(each.id), suits, wanted, details, instead_of=each.id)
    return entries
