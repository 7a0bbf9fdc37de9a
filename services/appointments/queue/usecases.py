"""Getting a place in the queue and giving it up. All run in the caller's transaction; none commits."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from services.appointments.booking.changes import note_arrival, take_back_arrival
from services.appointments.booking.domain import COMING
from services.appointments.booking.domain import Status as AppointmentStatus
from services.appointments.booking.limits import note_taking
from services.appointments.booking.queries import Appointment, load_appointment
from services.appointments.locks import Lock
from services.appointments.offer.domain import keys_of
from services.appointments.offer.queries import load_offer
from services.appointments.offer.refusals import check_choice
from services.appointments.queue.calling import tell_who_is_near
from services.appointments.queue.domain import NEAR, Status, is_open, is_today, last_closing, place_in_queue
from services.appointments.queue.ending import schedule_end
from services.appointments.queue.facts import fact_of, particulars_of, with_phone
from services.appointments.queue.queries import (
    CLOSED,
    CLOSING,
    COLUMNS,
    SOMEBODY_TO_TELL,
    Ticket,
    load_ticket,
)
from services.appointments.queue.refusals import AlreadyCalled, NoTicketsLeft, NotNow, StationNotOpen
from shared.act import Act
from shared.events.base import About
from shared.events.tickets import TicketClosed, TicketIssued
from shared.locks import note_lock
from shared.statements import Query, Statement

# Whoever is near already when taking a number reads it on the page; only who waits longer is told later.
_NEW = f"""
    insert into tickets (id, version, status, station, day, services, language, interpreter, appointment, particulars,
                         to_be_told, issued_at, due_at, number)
    select :id, 1, 'waiting', :station, :day, cast(:services as text[]), :language, cast(:interpreter as text),
           cast(:appointment as uuid), cast(:particulars as jsonb),
           :wants_sms and (select count(*) from tickets w
                           where w.station = :station and w.day = :day and w.status = 'waiting') > {NEAR},
           :now, cast(:due_at as timestamptz)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Issued(Ticket):
    """A ticket with a number of the day; `issued` is how many there are with it."""

    issued: int


_ISSUE = Query(
    _Issued,
    f"""
    with counted as (
        insert into queue_days (station, day, issued, contingent)
        select key, :day, 1, daily_tickets from stations where key = :station and daily_tickets > 0
        on conflict (station, day) do update set issued = queue_days.issued + 1
        where queue_days.issued < queue_days.contingent
        returning issued
    ), t as ({_NEW}, 'A ' || lpad(cast(issued as text), 3, '0') from counted returning *)
    select {COLUMNS}, (select issued from counted) as issued from t
""",
)
# Whoever gave the number back, or was not called or not there, stands in line under it again.
_CHECK_IN = Query(
    Ticket,
    f"""
    with t as (
        {_NEW}, :number
        on conflict (station, day, number) do update
        set version = tickets.version + 1, status = excluded.status, services = excluded.services,
            particulars = excluded.particulars, issued_at = excluded.issued_at, due_at = excluded.due_at,
            outcome = null, closed_at = null, counter = null, for_counter = null, back_at = null, calls = 0,
            first_called_at = null, called_at = null
        where tickets.status = 'closed' and tickets.outcome <> 'served'
        returning *
    )
    select {COLUMNS} from t
""",
)
# Who came in time stays so, unless the appointment was moved since.
_CHECKED_IN = Query(
    Ticket,
    f"""
    update tickets t
    set due_at = case when due_at = :starts_at then due_at else cast(:due_at as timestamptz) end
    where station = :station and day = :day and number = :number
    returning {COLUMNS}
""",
)
_GIVE_BACK = Query(
    Ticket,
    f"""
    update tickets t set status = 'closed', outcome = 'returned', closed_at = :now, version = version + 1, {CLOSING}
    where t.id = :id and t.status in ('waiting', 'papers')
    returning {CLOSED}, {SOMEBODY_TO_TELL}
""",
)


# A closure of the station waits until a number is given, and then sends home whoever got it.
_KEEP_OPEN = Statement("select from stations where key = :station for share")


@dataclass(frozen=True, slots=True)
class TicketWish:
    """What somebody takes a number for: a station, services (a key as often as it is wanted), languages.

    `phone` (E.164, mobile) is where an SMS goes when it is nearly their turn; None where they want none.
    """

    station: str
    services: tuple[str, ...]
    language: str = "de"
    interpreter: str | None = None
    phone: str | None = None


async def issue(act: Act, id: UUID, wish: TicketWish) -> Ticket:
    """Give somebody the next number of the day; TicketIssued is recorded.

    Args:
        id: chosen by the caller, so that a repeated request can be recognised by it.

    Raises:
        UnknownChoice, TooMany, NotTogether, StationNotOpen, NoTicketsLeft, TimesUsedUp
    """
    await note_taking(act)
    note_lock(act.conn, Lock.STATION)
    await _KEEP_OPEN.run(act.conn, {"station": wish.station})
    offer = await load_offer(act, wish.station, wish.services)
    [station] = check_choice(offer, wish.services)
    closes_at = last_closing(station, act.now)
    if closes_at is None or not is_open(station, act.now):
        raise StationNotOpen
    particulars = particulars_of(offer, closes_at)
    if wish.phone:
        particulars = with_phone(act.tools, particulars, id, wish.phone, wish.language)
    values = {
        "id": id,
        "station": station.key,
        "day": act.today,
        "services": keys_of(offer.services),
        "language": wish.language,
        "interpreter": wish.interpreter,
        "appointment": None,
        "particulars": particulars.model_dump_json(),
        "wants_sms": wish.phone is not None,
        "now": act.now,
        "due_at": None,
    }
    ticket = await _ISSUE.first(act.conn, values)
    if ticket is None:
        raise NoTicketsLeft
    if ticket.issued == 1:
        await schedule_end(act, station.key, closes_at)
    await act.record(fact_of(TicketIssued, ticket))
    return ticket


async def check_in(act: Act, appointment: Appointment) -> Ticket:
    """Let somebody who has arrived for an appointment wait under its number; again it changes nothing.

    Their ticket follows an appointment that was moved, and opens again if it ended before they were served. The
    appointment has arrived from then on. TicketIssued is recorded. Whether it is near enough to the time is for the
    caller to decide: staff take everybody who comes on the day (see `domain.may_check_in`).

    Raises:
        NotNow: it is not the day of the appointment, or it is cancelled or missed.
        StationNotOpen: it does not open today, has closed, or is a stop, which has no queue.
    """
    if appointment.status not in COMING | {AppointmentStatus.OFFERED} or not is_today(appointment.starts_at, act.now):
        raise NotNow
    offer = await load_offer(act, appointment.station, appointment.services)
    [station] = offer.stations
    closes_at = last_closing(station, act.now)
    if station.stop or closes_at is None or closes_at <= act.now:
        raise StationNotOpen
    await note_arrival(act.conn, appointment.id)
    values = {
        "id": uuid4(),
        "station": station.key,
        "day": act.today,
        "number": appointment.number,
        "services": list(appointment.services),
        "language": appointment.language,
        "interpreter": appointment.interpreter,
        "appointment": appointment.id,
        "particulars": particulars_of(offer, closes_at).model_dump_json(),
        "wants_sms": False,
        "now": act.now,
        "due_at": place_in_queue(appointment.starts_at, act.now),
    }
    note_lock(act.conn, Lock.TICKET)
    ticket = await _CHECK_IN.first(act.conn, values)
    if ticket is None:
        return await _CHECKED_IN.one(act.conn, values | {"starts_at": appointment.starts_at})
    await schedule_end(act, station.key, closes_at)
    about = About(id=appointment.id, version=appointment.version)
    await act.record(fact_of(TicketIssued, ticket, about=about))
    return ticket


async def give_back(act: Act, id: UUID) -> Ticket:
    """Somebody cannot wait any longer; TicketClosed is recorded. Given back twice changes nothing.

    Somebody that came for an appointment has not arrived after all, and can do so again.

    Raises:
        NotFound, AlreadyCalled
    """
    if appointment := (await load_ticket(act.conn, id)).appointment:
        await load_appointment(act.conn, appointment, lock=Lock.APPOINTMENT)
    note_lock(act.conn, Lock.TICKET)
    ticket = await _GIVE_BACK.first(act.conn, {"id": id, "now": act.now})
    if ticket is None:
        found = await load_ticket(act.conn, id)
        if found.status is not Status.CLOSED:
            raise AlreadyCalled
        return found
    if appointment:
        await take_back_arrival(act.conn, appointment)
    await act.record(fact_of(TicketClosed, ticket))
    await tell_who_is_near(act, ticket)
    return ticket
