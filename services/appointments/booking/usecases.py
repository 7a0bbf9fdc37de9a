"""Use cases of booking. All run in the caller's transaction; none commits."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.appointments.booking.domain import ConsentMissing, HoldOver, Status
from services.appointments.booking.facts import booked_fact
from services.appointments.booking.holds import HOLD_END, load_held
from services.appointments.booking.limits import COUNT_MATTERS, audience_of, check_matters, check_takings
from services.appointments.booking.numbering import numbering_of
from services.appointments.booking.queries import Appointment
from services.appointments.booking.wishes import Seating, Wish, fulfil
from services.appointments.locks import Lock
from services.appointments.offer.domain import Kind, keys_of
from services.appointments.offer.queries import grid_of, load_offer, lock_stop
from services.appointments.persons.domain import VIDEO_CONSENT, Details
from shared import retention
from shared.act import Act
from shared.locks import note_lock
from shared.outbox import RECORD
from shared.statements import Query, Statement
from shared.takings import COUNT_TAKINGS, NOTE_TAKING, values_of

_KEEP_PERSON = """
    insert into people (matter, person_key, box, delete_after) values (:id, :person_key, :box, :delete_after)
    on conflict (matter) do update
    set person_key = excluded.person_key, box = excluded.box, delete_after = excluded.delete_after
"""
_CONFIRM = Query(
    int,
    f"""
    with kept as ({_KEEP_PERSON}), told as ({RECORD})
    update appointments set version = 1, status = 'confirmed', held_until = null, language = :language,
           interpreter = :interpreter, channels = :channels, state = cast(:state as jsonb),
           page_language = :page_language, consent = cast(:consent as text),
           consented_at = case when consent = cast(:consent as text) then consented_at
                               when cast(:consent as text) is not null then cast(:now as timestamptz) end
    where id = :id
    returning {COUNT_MATTERS} as matters
""",  # noqa: S608 - no input in it
)
_KEEP_SEATS = Statement("""
    update seats set until = null
    from (select pg_advisory_xact_lock(hashtextextended(:person_key, 0))) alone
    where appointment = :id
""")


async def confirm(act: Act, id: UUID, details: Details) -> Appointment:
    """Make a held time a binding appointment; AppointmentBooked is recorded.

    Args:

    Raises:
        NotFound, HoldOver, ConsentMissing, AppointmentsUsedUp
    """
    held = await load_held(act, id)
    await lock_stop(act.conn, held.station)
    offer = await load_offer(act, held.station, held.services)
    # `now` is when the request came: since then the hold may have ended and somebody else may have taken a seat.
    note_lock(act.conn, Lock.PERSON)
    kept = await _KEEP_SEATS.run(act.conn, {"id": id, "person_key": act.tools.people.person_key(details.kept)})
    if kept != grid_of(act.tools.city).slots_for(offer.services):
        raise HoldOver
    seating = Seating(offer, held.counter, held.starts_at, held.ends_at)
    booked, values = _booked(act, held.id, held.number, seating, details)
    check_matters(act, await _CONFIRM.one(act.conn, values))
    act.tools.outbox.announce(act.conn)
    await act.unschedule(HOLD_END, [str(id)])
    return booked


@dataclass(frozen=True, slots=True)
class _Counted:
    matters: int
    takings: list[datetime]


_BOOK = Query(
    _Counted,
    f"""
    with kept as ({_KEEP_PERSON}), told as ({RECORD}), {NOTE_TAKING}
    insert into appointments (id, version, status, number, station, counter, services, starts_at, ends_at, language,
                              interpreter, channels, state, kind, page_language, consent, consented_at)
    values (:id, 1, 'confirmed', :number, :station, :counter, :services, :starts_at, :ends_at, :language,
            :interpreter, :channels, cast(:state as jsonb), :kind, :page_language, cast(:consent as text),
            case when cast(:consent as text) is not null then cast(:now as timestamptz) end)
    returning {COUNT_MATTERS} as matters, {COUNT_TAKINGS} as takings
""",  # noqa: S608 - no input in it
)
_COUNT = Query(int, "select nextval('appointment_numbers')")


async def book(act: Act, id: UUID, wish: Wish, details: Details) -> Appointment:
    """Book a time at once, without a hold; AppointmentBooked is recorded.

    Args:
        id: chosen by the caller, so that a repeated request can be recognised by it.

    Raises:
        UnknownChoice, TooMany, NotTogether, NotOffered, TimeTaken, ConsentMissing, AppointmentsUsedUp, TimesUsedUp
    """
    person_key = act.tools.people.person_key(details.kept)
    wish = replace(wish, language=details.interpreter, audience=audience_of(act))
    seating, count = await fulfil(act, id, wish, None, person_key)
    booked, values = _booked(act, id, numbering_of(act.tools).number(count), seating, details)
    counted = await _BOOK.one(act.conn, values | values_of(act.origin, act.now))
    check_matters(act, counted.matters)
    check_takings(act, counted.takings)
    act.tools.outbox.announce(act.conn)
    return booked


async def book_kept(act: Act, id: UUID, seating: Seating, details: Details) -> Appointment:
    """Book seats that are kept under the id of the new appointment already; AppointmentBooked is recorded."""
    count = await _COUNT.one(act.conn)
    booked, values = _booked(act, id, numbering_of(act.tools).number(count), seating, details)
    await _BOOK.run(act.conn, values | values_of(None, act.now))
    act.tools.outbox.announce(act.conn)
    return booked


def _booked(
    act: Act, id: UUID, number: str, seating: Seating, details: Details
) -> tuple[Appointment, dict[str, object]]:
    """The new appointment and the values of the statement that writes it, its person and its fact."""
    if seating.kind is Kind.VIDEO and details.consent != VIDEO_CONSENT:
        raise ConsentMissing(VIDEO_CONSENT)
    fact = booked_fact(act, id, number, seating, details)
    booked = Appointment(
        id=id,
        version=fact.version,
        status=Status.CONFIRMED,
        number=number,
        station=fact.appointment.place.key,
        counter=seating.counter,
        services=tuple(keys_of(seating.offer.services)),
        starts_at=seating.starts_at,
        ends_at=seating.ends_at,
        language=details.language,
        interpreter=details.interpreter,
        channels=details.person.channels,
        state=fact.appointment,
        kind=seating.kind,
        page_language=details.page_language,
        consent=details.consent if seating.kind is Kind.VIDEO else None,
    )
    values = {
        **act.tools.outbox.row(fact, act.cause),
        **act.tools.people.row(id, details.kept),
        "delete_after": booked.ends_at + retention.PERSON_AFTER_MATTER,
        "id": id,
        "number": number,
        "station": booked.station,
        "counter": booked.counter,
        "services": list(booked.services),
        "starts_at": booked.starts_at,
        "ends_at": booked.ends_at,
        "language": booked.language,
        "interpreter": booked.interpreter,
        "channels": list(booked.channels),
        "state": fact.appointment.model_dump_json(),
        "kind": booked.kind,
        "page_language": booked.page_language,
        "consent": booked.consent,
        "now": act.now,
    }
    return booked, values
