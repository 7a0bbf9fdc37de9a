"""Alternatives: another time kept for somebody whose appointment cannot take place, to take before a deadline."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import text

from services.appointments.booking.changes import save_cancellation
from services.appointments.booking.domain import Status, alternative_is_over
from services.appointments.booking.facts import cancelled_fact, taken_fact
from services.appointments.booking.queries import Appointment, load_appointment
from services.appointments.booking.refusals import AlreadyCancelled, AlternativeOver
from services.appointments.offer.queries import grid_of, load_offer
from shared.act import Act
from shared.due import Claim, Urgency, Work
from shared.events.appointments import AppointmentFact, DecidedBy, KnownReason
from shared.problems import NotFound

ALTERNATIVE_END = "alternative-end"

_KEEP_SEATS = text("update seats set until = null where appointment = :id")
_TAKE = text("""
    update appointments set version = :version, status = 'confirmed', held_until = null, state = cast(:state as jsonb)
    where id = :id
""")


def end_of(fact: AppointmentFact) -> Work:
    """The end of an offered alternative, as due work of its own for each offer."""
    assert fact.appointment.instead_of is not None, "an offered appointment has one"
    return Work(ALTERNATIVE_END, f"{fact.id} {fact.version}", fact.appointment.instead_of.until, Urgency.DIRECT)


async def take_alternative(act: Act, id: UUID) -> Appointment:
    """Take the time that is kept: it is binding, AppointmentRescheduled is recorded. Sent again it changes nothing.

    Raises:
        NotFound, AlreadyCancelled
        AlternativeOver: the deadline has passed.
    """
    found = await load_appointment(act.conn, id, for_update=True)
    if found is None or found.state is None:
        raise NotFound
    if found.status is Status.CANCELLED:
        raise AlreadyCancelled
    if found.status is not Status.OFFERED:
        return found
    # `now` is when the request came: since then the offer may have ended and somebody else may have a seat.
    kept = await act.conn.execute(_KEEP_SEATS, {"id": id})
    needed = grid_of(act.tools.city).slots_in(found.ends_at - found.starts_at)
    if alternative_is_over(found.status, found.held_until, act.now) or kept.rowcount != needed:
        raise AlternativeOver
    [station] = (await load_offer(act.conn, act.today, found.station, ())).stations
    fact = taken_fact(found, station.delay_minutes)
    await act.conn.execute(_TAKE, {"id": id, "version": fact.version, "state": fact.appointment.model_dump_json()})
    await act.record(fact)
    return replace(found, version=fact.version, status=Status.CONFIRMED, held_until=None, state=fact.appointment)


async def end_alternative(act: Act, claim: Claim) -> None:
    """Cancel an appointment whose alternative was not taken in time, unless something else has become of it."""
    id, version = claim.key.split(" ")
    found = await load_appointment(act.conn, UUID(id), for_update=True)
    if found and found.version == int(version) and alternative_is_over(found.status, found.held_until, act.now):
        await save_cancellation(act, found, cancelled_fact(found, DecidedBy.CITY, KnownReason.NOT_TAKEN))
