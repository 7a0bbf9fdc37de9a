"""What becomes of displaced people. Runs in the caller's transaction; does not commit."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID, uuid5

from services.appointments.booking.changes import change_appointments
from services.appointments.booking.facts import Why
from services.appointments.booking.queries import Appointment
from services.appointments.closing.domain import Proposal, wanted_instead
from services.appointments.closing.facts import decided_fact
from services.appointments.closing.queries import load_taken
from services.appointments.displaced.domain import propose_instead
from services.appointments.displaced.queries import displaced
from services.appointments.line.domain import EVERY_WEEKDAY, Suits
from services.appointments.line.facts import NewEntry
from services.appointments.line.usecases import add_entries
from services.appointments.offer.domain import Grid, Kind, able, choose, of_kind
from services.appointments.offer.queries import Offer, grid_of, load_offer
from services.appointments.persons.domain import CheckedPerson, Details
from services.appointments.seats.domain import FreeSeats
from services.appointments.seats.usecases import give_seats
from shared.act import Act
from shared.clock import BERLIN
from shared.people import Person
from shared.statements import Query


@dataclass(frozen=True, slots=True)
class _Kept:
    matter: UUID
    box: bytes


_PEOPLE = Query(_Kept, "select matter, box from people where matter = any(:ids)")


def entry_instead_of(appointment: UUID) -> UUID:
    """The id of the entry that stands in for an appointment: always the same, so that there is never a second one."""
    return uuid5(appointment, "waiting list")


async def load_people(act: Act, appointments: Iterable[Appointment]) -> dict[UUID, Person]:
    """Whose some appointments are, by their ids; without those that were forgotten."""
    kept = await _PEOPLE.all(act.conn, {"ids": [each.id for each in appointments]})
    return {each.matter: act.tools.people.open(each.box) for each in kept}


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


async def find_other_times(act: Act, appointments: Sequence[Appointment], why: Why) -> None:
    """Keep another time for people who have no place at a stop any more, or put them on the waiting list.

    The first gets what is best. For each AlternativeOffered is recorded, or, where nothing is free,
    AppointmentCancelled and, if they can be told when something frees up, WaitingListJoined.

    Args:
        appointments: those booked first come first. They are locked in the open transaction, which also holds the
            locks of all stops and of the line; their seats are free already.
    """
    if not appointments:
        return
    offer, proposals = await _take_alternatives(act, appointments)
    left_over = [each for each, proposal in zip(appointments, proposals, strict=True) if proposal.run is None]
    entries = waiting_for(left_over, await load_people(act, left_over), offer, grid_of(act.tools.city), act.now)
    by_key = {each.key: each for each in offer.stations}
    facts = [
        decided_fact(why, each, proposal, by_key, act.now, waiting=entries[each.id].id if each.id in entries else None)
        for each, proposal in zip(appointments, proposals, strict=True)
    ]
    await change_appointments(act, facts)
    await add_entries(act, list(entries.values()))


async def _take_alternatives(act: Act, appointments: Sequence[Appointment]) -> tuple[Offer, list[Proposal]]:
    """Decide on each, and take the seats; as often as somebody else is faster at one of them."""
    today, grid = act.today, grid_of(act.tools.city)
    days = [today + timedelta(days=n) for n in range(grid.days_ahead + 1)]
    first = datetime.combine(today, time(), BERLIN)
    end = datetime.combine(days[-1] + timedelta(days=1), time(), BERLIN)
    ids = [each.id for each in appointments]
    while True:
        offer = await load_offer(act)
        asked = [displaced(each, offer, act.tools.city) for each in appointments]
        free = FreeSeats(offer.stations, days, await load_taken(act, first, end), grid)
        proposals = propose_instead(asked, free, act.now, end)
        async with act.attempt() as taking:
            others, _ = await give_seats(act, wanted_instead(ids, proposals, act.now), ids)
            if others:
                await taking.rollback()
        if not others:
            return offer, proposals
