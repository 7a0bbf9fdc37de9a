"""What a change of a stop makes of those who have seats there: all seats, appointments and facts in few statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from services.appointments.booking.changes import change_appointments
from services.appointments.booking.domain import Status
from services.appointments.booking.facts import Why, binding_before, moved_to
from services.appointments.booking.numbering import numbering_of
from services.appointments.booking.queries import Appointment
from services.appointments.displaced.usecases import find_other_times
from services.appointments.line.domain import Outcome
from services.appointments.line.looking import next_look
from services.appointments.line.queries import load_offers_of
from services.appointments.line.usecases import end_offer, lock_line, pass_on_all
from services.appointments.offer.domain import Grid, Station, choose, slots_on
from services.appointments.offer.facts import place_at
from services.appointments.offer.queries import Offer, grid_of
from services.appointments.offer.stops import Stop
from services.appointments.seats.domain import Run
from services.appointments.stops.domain import Reseating, Seated
from services.appointments.stops.queries import load_seats_at, load_to_come
from shared.act import Act
from shared.events.appointments import AppointmentDelayed, AppointmentFact, AppointmentRescheduled, DecidedBy
from shared.statements import Statement


def moved_fact(found: Appointment, station: Station, run: Run, why: Why) -> AppointmentRescheduled:
    """AppointmentRescheduled for somebody who has other seats, or goes to another place, at a stop that moved."""
    assert found.state is not None, "a binding appointment has one"
    return AppointmentRescheduled(
        id=found.id,
        version=found.version + 1,
        about=why.about,
        appointment=moved_to(found.state, station, run.counter, run.starts[0]),
        before=binding_before(found.state),
        by=DecidedBy.CITY,
        reason=why.reason,
        known_reason=why.known_reason,
    )


def delayed_fact(found: Appointment, minutes: int, why: Why) -> AppointmentDelayed:
    """AppointmentDelayed, one version after the state it changes; 0 minutes say that it is on time after all."""
    assert found.state is not None, "a binding appointment has one"
    return AppointmentDelayed(
        id=found.id,
        version=found.version + 1,
        about=why.about,
        appointment=found.state.model_copy(update={"delay_minutes": minutes}),
        before=found.state,
        reason=why.reason,
        known_reason=why.known_reason,
    )


_RELEASE = Statement("delete from seats where appointment = any(:owners)")
_TAKE = Statement("""
    insert into seats (counter, starts_at, appointment, until)
    select * from unnest(cast(:counters as text[]), cast(:starts as timestamptz[]), cast(:owners as uuid[]),
                         cast(:untils as timestamptz[]))
""")


@dataclass(frozen=True, slots=True)
class StopChange:
    """A stop as it was known, what is offered there now, and why."""

    before: Station
    offer: Offer
    why: Why

    @property
    def after(self) -> Station:
        """The stop as it is now."""
        return self.offer.stations[0]

    @property
    def elsewhere(self) -> bool:
        """Whether people have to go to another place."""
        return place_at(self.before) != place_at(self.after)

    @property
    def of_seats(self) -> bool:
        """Whether there are other seats, the same for other services, or at another place."""
        before, after = ((each.hours, each.counters, _stop(each).services) for each in (self.before, self.after))
        return before != after or self.elsewhere

    @property
    def shift(self) -> timedelta:
        """How much later it arrives than it was to."""
        return _stop(self.after).arrives_at - _stop(self.before).arrives_at

    def seated(self, found: Appointment, grid: Grid) -> Seated:
        """What somebody has there; an alternative they have not taken yet does not go to another place."""
        agreed = found.status is Status.CONFIRMED
        lacking = self.after.lacks(choose(self.offer.services, found.services))
        return Seated(
            counter=found.counter,
            starts_at=found.starts_at,
            seats=grid.slots_in(found.ends_at - found.starts_at),
            served=not lacking and (agreed or not self.elsewhere),
            movable=agreed,
        )

    def moved(self, found: Appointment, run: Run) -> AppointmentFact | None:
        """What to say of an appointment with these seats now; None where all is as before."""
        stays = (run.counter, run.starts[0]) == (found.counter, found.starts_at) and not self.elsewhere
        return self.delayed(found) if stays else moved_fact(found, self.after, run, self.why)

    def delayed(self, found: Appointment) -> AppointmentFact | None:
        """What to say of an appointment that keeps time and place; None where the vehicle comes as it was to."""
        minutes = self.after.delay_minutes
        if found.status is not Status.CONFIRMED or self.before.delay_minutes == minutes:
            return None
        return delayed_fact(found, minutes, self.why)


async def carry_out(act: Act, change: StopChange) -> None:
    """Move who has to move, tell who has to wait, and pass on what is free; the transaction has locked the stop."""
    latest = max(_stop(change.before).delay, _stop(change.after).delay)
    first_booked = numbering_of(act.tools).count
    expected = await load_to_come(act, change.after.key, latest)
    to_come = sorted(expected, key=lambda found: first_booked(found.number))
    if not change.of_seats:
        facts = [fact for found in to_come if (fact := change.delayed(found))]
        await change_appointments(act, facts)
        return
    # Before the lock: the next look holds this work's row while waiting for it.
    await act.schedule(next_look(act.now), once=True)
    await lock_line(act.conn)
    runs = await _reseat(act, change, to_come)
    placed = list(zip(to_come, runs, strict=True))
    facts = [fact for found, run in placed if run and (fact := change.moved(found, run))]
    await change_appointments(act, facts)
    displaced = [found for found, run in placed if run is None]
    await find_other_times(act, displaced, change.why)
    slots = slots_on(change.after, _stop(change.after).day, grid_of(act.tools.city))
    await pass_on_all(act, [(counter, start) for counter in change.after.counters for start in slots])


async def _reseat(act: Act, change: StopChange, to_come: Sequence[Appointment]) -> list[Run | None]:
    """Give each appointment its seats; holds and offers end, and who has arrived is served where they are."""
    seats = await load_seats_at(act.conn, change.after.key)
    offered = await load_offers_of(act.conn, [each.seat for each in seats])
    for entry, offer in offered:
        outcome = Outcome.WITHDRAWN if offer.is_open(act.now) else Outcome.EXPIRED
        await end_offer(act, entry, offer, outcome, about=change.why.about)
    moving = {found.id for found in to_come}.union(offer.id for _, offer in offered)
    staying = {each.seat for each in seats if each.kept and each.owner not in moving}
    grid = grid_of(act.tools.city)
    reseating = Reseating(change.after, change.shift, staying, grid, act.now)
    runs = reseating.runs([change.seated(found, grid) for found in to_come])
    await _RELEASE.run(act.conn, {"owners": [each.owner for each in seats if each.seat not in staying]})
    wanted = [
        (run.counter, start, found) for found, run in zip(to_come, runs, strict=True) if run for start in run.starts
    ]
    values = {
        "counters": [counter for counter, _, _ in wanted],
        "starts": [start for _, start, _ in wanted],
        "owners": [found.id for _, _, found in wanted],
        "untils": [found.held_until for _, _, found in wanted],
    }
    await _TAKE.run(act.conn, values)
    return runs


def _stop(station: Station) -> Stop:
    assert station.stop is not None, "it is a stop"
    return station.stop
