"""Changes of many appointments at once, by one decision of the city: one statement for all, one for their facts."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from services.appointments.booking.alternatives import end_of
from shared import retention
from shared.act import Act
from shared.events.appointments import AppointmentFact

_CHANGE = text("""
    with changed as (
        select * from unnest(
            cast(:ids as uuid[]), cast(:versions as integer[]), cast(:statuses as text[]), cast(:stations as text[]),
            cast(:at_counters as text[]), cast(:kinds as text[]), cast(:starts_at as timestamptz[]),
            cast(:ends_at as timestamptz[]), cast(:held_until as timestamptz[]), cast(:states as text[]),
            cast(:delete_after as timestamptz[])
        ) as changed (id, version, status, station, counter, kind, starts_at, ends_at, held_until, state, delete_after)
    ), forgotten_later as (
        update people set delete_after = changed.delete_after from changed where matter = changed.id
    )
    update appointments a
    set version = changed.version, status = changed.status, station = changed.station, counter = changed.counter,
        kind = changed.kind, starts_at = changed.starts_at, ends_at = changed.ends_at, held_until = changed.held_until,
        state = cast(changed.state as jsonb), closure = coalesce(:closure, closure),
        cancelled_by = case when changed.status = 'cancelled' then 'city' end,
        cancelled_at = case when changed.status = 'cancelled' then cast(:now as timestamptz) end
    from changed where a.id = changed.id
""")


async def change_appointments(act: Act, facts: Sequence[AppointmentFact], closure: UUID | None = None) -> None:
    """Save what becomes of some appointments, and record the facts that say so.

    Args:
        facts: of appointments that are locked in the open transaction.
        closure: the closure that concerns them, if it is one.
    """
    if not facts:
        return
    states = [fact.appointment for fact in facts]
    values = {
        "ids": [fact.id for fact in facts],
        "versions": [fact.version for fact in facts],
        "statuses": [state.status for state in states],
        "stations": [state.place.key for state in states],
        "at_counters": [state.counter for state in states],
        "kinds": [state.kind for state in states],
        "starts_at": [state.starts_at for state in states],
        "ends_at": [state.ends_at for state in states],
        "held_until": [state.instead_of and state.instead_of.until for state in states],
        "states": [state.model_dump_json() for state in states],
        "delete_after": [
            (act.now if state.status == "cancelled" else state.ends_at) + retention.PERSON_AFTER_MATTER
            for state in states
        ],
        "closure": closure,
        "now": act.now,
    }
    await act.conn.execute(_CHANGE, values)
    await act.record_all(list(facts))
    await act.schedule(*[end_of(fact) for fact in facts if fact.appointment.status == "offered"])
