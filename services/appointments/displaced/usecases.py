"""What becomes of displaced people. Runs in the caller's transaction; does not commit."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from services.appointments.booking.facts import Why
from services.appointments.booking.many import change_appointments
from services.appointments.booking.queries import Appointment
from services.appointments.closing.domain import Proposal, wanted_instead
from services.appointments.closing.facts import decided_fact
from services.appointments.closing.queries import load_taken
from services.appointments.displaced.domain import propose_instead
from services.appointments.displaced.queries import displaced
from services.appointments.line.joining import add_entries
from services.appointments.offer.queries import Offer, grid_of, load_offer
from services.appointments.seats.free import FreeSeats
from services.appointments.seats.giving import take_seats
from services.appointments.waiting.instead import load_people, waiting_for
from shared.act import Act
from shared.clock import BERLIN


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
        offer = await load_offer(act.conn, today)
        asked = [displaced(each, offer, act.tools.city) for each in appointments]
        free = FreeSeats(offer.stations, days, await load_taken(act, first, end), grid)
        proposals = propose_instead(asked, free, act.now, end)
        async with act.attempt() as taking:
            others, _ = await take_seats(act, wanted_instead(ids, proposals, act.now), ids)
            if others:
                await taking.rollback()
        if not others:
            return offer, proposals
