"""Looking again every night: whatever is free and suits, such as the day that has just opened, goes to those who wait.

Freed seats are passed on at once. This finds what becomes free without being freed: a new day at the end of the booking
window, longer opening hours.
"""

from datetime import datetime, time, timedelta
from uuid import uuid4

from services.appointments.line.domain import offerable
from services.appointments.line.queries import Entry, load_waiting
from services.appointments.line.usecases import lock_line, offer_time
from services.appointments.offer.domain import able
from services.appointments.offer.queries import grid_of, load_free_times, load_offer
from shared.act import Act
from shared.clock import BERLIN
from shared.due import Claim, Urgency, Work

LOOK_AGAIN = "waiting-look-again"
BATCH = 10
"""How many entries are looked at in one transaction, which holds the lock of the line."""
_FROM_THE_FIRST = "0"


def next_look(now: datetime) -> Work:
    """The due work of the coming night: at midnight the new day opens."""
    tomorrow = now.astimezone(BERLIN).date() + timedelta(days=1)
    return Work(LOOK_AGAIN, _FROM_THE_FIRST, datetime.combine(tomorrow, time(), BERLIN), Urgency.REMINDER)


def look_now(now: datetime) -> Work:
    """The same work at once, where much became free together; it goes on every night."""
    return Work(LOOK_AGAIN, _FROM_THE_FIRST, now, Urgency.REMINDER)


async def look_again(act: Act, claim: Claim) -> None:
    """Offer what is free to some who wait, in their turn; then go on with the next, or come again the next night.

    The work's key begins with the turn after which to go on. A step has a key of its own: two that go through the line
    at once must not wait for each other's work while they hold the line. Where nobody waits it ends; the next to join
    begins it anew.
    """
    await lock_line(act.conn)
    entries = await load_waiting(act.conn, int(claim.key.split()[0]), BATCH)
    for entry in entries:
        await _offer_what_is_free(act, entry)
    if len(entries) == BATCH:
        await act.schedule(Work(LOOK_AGAIN, f"{entries[-1].turn} {uuid4()}", act.now, Urgency.REMINDER))
    if entries and claim.key == _FROM_THE_FIRST:
        await act.schedule(next_look(act.now))


async def _offer_what_is_free(act: Act, entry: Entry) -> None:
    today, grid = act.today, grid_of(act.tools.city)
    offer = await load_offer(act, services=entry.services)
    suiting = [each for each in offer.stations if each.key in entry.suits.stations]
    stations = able(suiting, offer.services)
    days = entry.suits.days(today, grid.last_day(act.now))
    free = await load_free_times(act, stations, days, entry.seats)
    for start, station in sorted((start, key) for key, starts in free.items() for start in starts):
        if offerable(entry.wanted, station, start, act.now) and await offer_time(act, entry, station, start):
            return
