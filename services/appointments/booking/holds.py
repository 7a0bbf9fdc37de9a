"""Holds: a time is kept while a person fills in the forms."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.booking.domain import (
    PersonInput,
    Status,
    extended,
    held_until,
    hold_is_over,
)
from services.appointments.booking.limits import Origin, audience_of, values_of
from services.appointments.booking.numbering import numbering_of
from services.appointments.booking.queries import Appointment, load_appointment
from services.appointments.booking.refusals import HoldOver, NoMoreExtensions
from services.appointments.booking.seats import load_seats, release_seats
from services.appointments.booking.spoken import seat_where_spoken
from services.appointments.booking.wishes import TypedDetails, Wish, fulfil
from services.appointments.offer.domain import Audience, keys_of
from services.appointments.offer.queries import lock_stop
from services.appointments.waiting.line import let_go, lock_line, pass_on
from shared.due import Claim, Urgency, Work
from shared.people import Person
from shared.problems import NotFound
from shared.takings import COUNT_TAKINGS, NOTE_TAKING
from shared.tools import Tools

HOLD_END = "hold-end"
AGAIN = timedelta(seconds=1)
DRAFT_LIFE = timedelta(hours=2)
"""How long after the end of a hold what was typed is kept, so that another time can be chosen."""

_KEEP_DRAFT = """
    insert into appointments (id, version, status, number, station, counter, services, starts_at, ends_at, held_until,
                              kind)
    values (:id, 0, 'held', :number, :station, :counter, :services, :starts_at, :ends_at, :held_until, :kind)
    on conflict (id) do update
    set station = excluded.station, counter = excluded.counter, services = excluded.services,
        starts_at = excluded.starts_at, ends_at = excluded.ends_at, held_until = excluded.held_until,
        kind = excluded.kind
"""
_HOLD = text(f"with {NOTE_TAKING} {_KEEP_DRAFT} returning {COUNT_TAKINGS} as takings")
_DETAILS = text("""
    update appointments
    set language = :language, interpreter = :interpreter, channels = :channels, page_language = :page_language,
        consent = cast(:consent as text),
        consented_at = case when cast(:consent as text) is null then null
                            when consent = cast(:consent as text) then consented_at
                            else cast(:now as timestamptz) end
    where id = :id
""")
_EXTEND = text("""
    with held as (update appointments set held_until = :until, extensions = extensions + 1 where id = :id)
    update seats set until = :until where appointment = :id
""")
_HELD_UNTIL = text("select held_until from appointments where id = :id and status = 'held'")
_HELD_UNTIL_LOCKED = text(f"{_HELD_UNTIL.text} for update skip locked")
_FORGET_DRAFT = text("""
    with gone as (delete from appointments where id = :id returning id)
    delete from people where matter in (select id from gone)
""")


async def hold(
    conn: AsyncConnection, tools: Tools, id: UUID, wish: Wish, now: datetime, origin: Origin | None = None
) -> datetime:
    """Keep a time for ten minutes, or until it begins.

    An id that holds another time lets go of it, for those who wait first.

    Args:
        origin: where a request of the public comes from; None for staff.

    Returns:
        Until when the time is held.

    Raises:
        UnknownChoice, TooMany, NotTogether, NotOffered, TimeTaken, TimesUsedUp
    """
    before = await load_appointment(conn, id, for_update=True)
    if before and before.status is not Status.HELD:
        raise HoldOver
    await lock_stop(conn, wish.station)
    freed = await let_go(conn, id)
    until = held_until(wish.starts_at, now)
    wish = replace(wish, language=before.interpreter if before else None)
    seating, count = await fulfil(conn, tools, id, wish, until, now, audience_of(origin))
    await pass_on(conn, tools, freed, now)
    held = await conn.execute(
        _HOLD,
        {
            **values_of(origin, now),
            "id": id,
            "number": before.number if before else numbering_of(tools).number(count),
            "station": wish.station,
            "counter": seating.counter,
            "services": keys_of(seating.offer.services),
            "starts_at": seating.starts_at,
            "ends_at": seating.ends_at,
            "held_until": until,
            "kind": seating.kind,
        },
    )
    if origin:
        origin.check_takings(held.scalar_one(), now)
    await tools.due.schedule(conn, Work(HOLD_END, str(id), until, Urgency.DIRECT))
    return until


async def extend_hold(conn: AsyncConnection, tools: Tools, id: UUID, now: datetime) -> datetime:
    """Hold a time for ten more minutes, at least ten times (WCAG 2.2, 2.2.1); returns until when.

    Raises:
        NotFound, HoldOver, NoMoreExtensions
    """
    held = await load_held(conn, id, now)
    until = extended(held.held_until or now, held.extensions, held.starts_at)
    if until is None:
        raise NoMoreExtensions
    await conn.execute(_EXTEND, {"id": id, "until": until})
    await tools.due.schedule(conn, Work(HOLD_END, str(id), until, Urgency.DIRECT))
    return until


async def save_details(
    conn: AsyncConnection,
    tools: Tools,
    id: UUID,
    details: TypedDetails,
    now: datetime,
    audience: Audience = Audience.PUBLIC,
) -> None:
    """Keep what was typed with the hold, right or wrong and even when it is over: nothing has to be typed twice.

    Somebody that needs help with a language gets a counter where it is spoken, if one is free.
    """
    draft = await load_appointment(conn, id, for_update=True)
    if draft is None or draft.status is not Status.HELD:
        raise NotFound
    typed = details.person
    person = Person(name=typed.name, mail=typed.mail, phone=typed.phone, remarks=typed.remarks)
    await tools.people.save(conn, id, person)
    await conn.execute(
        _DETAILS,
        {
            "id": id,
            "language": details.language,
            "interpreter": details.interpreter,
            "channels": list(typed.channels),
            "page_language": details.page_language,
            "consent": details.consent,
            "now": now,
        },
    )
    if details.interpreter and not hold_is_over(draft.held_until, now):
        await seat_where_spoken(conn, tools, draft, details.interpreter, audience, now)


async def load_details(conn: AsyncConnection, tools: Tools, draft: Appointment) -> TypedDetails | None:
    """What was typed into a draft; None when nothing was yet."""
    person = await tools.people.load(conn, draft.id)
    if person is None:
        return None
    typed = PersonInput(person.name, person.mail or "", person.phone or "", draft.channels, person.remarks or "")
    return TypedDetails(typed, draft.language, draft.interpreter, draft.page_language, draft.consent)


async def end_hold(conn: AsyncConnection, tools: Tools, claim: Claim) -> None:
    """Pass on the seats of a hold that ended; a while later, forget it with who was typed into it."""
    id, now = UUID(claim.key), tools.clock.now()
    if (await conn.execute(_HELD_UNTIL, {"id": id})).scalar_one_or_none() is None:
        return
    until = (await conn.execute(_HELD_UNTIL_LOCKED, {"id": id})).scalar_one_or_none()
    if until is None:
        # Somebody is at it. Waiting for them would be a deadlock: they may be about to schedule this very work.
        await tools.due.schedule(conn, Work(HOLD_END, claim.key, now + AGAIN, Urgency.DIRECT))
        return
    if now < until:
        await tools.due.schedule(conn, Work(HOLD_END, claim.key, until, Urgency.DIRECT))
        return
    if seats := await load_seats(conn, id):
        await lock_line(conn)
        # Until they are passed on the seats stay as they are, free for everybody since the hold ended: a booking of
        # several takes them in order of time, and so does this.
        await pass_on(conn, tools, seats, now)
        await release_seats(conn, id)
    if now < until + DRAFT_LIFE:
        await tools.due.schedule(conn, Work(HOLD_END, claim.key, until + DRAFT_LIFE, Urgency.BULK))
    else:
        await conn.execute(_FORGET_DRAFT, {"id": id})


async def load_held(conn: AsyncConnection, id: UUID, now: datetime) -> Appointment:
    """A hold that still lasts; raises NotFound or HoldOver."""
    found = await load_appointment(conn, id, for_update=True)
    if found is None:
        raise NotFound
    if found.status is not Status.HELD or hold_is_over(found.held_until, now):
        raise HoldOver
    return found
