"""Use cases of stops. All run in the caller's transaction; none commits.

A stop is brought to the state its newest fact tells of, whatever facts came before: what people are told follows from
the difference between the state known and the new one. Taking seats at a stop locks it first
(`services/appointments/offer/queries.py`), so a change finds everybody who has some.
"""

from datetime import timedelta

from services.appointments.booking.facts import Why
from services.appointments.offer.queries import grid_of, load_offer
from services.appointments.stops.changing import StopChange, carry_out
from services.appointments.stops.queries import lock_version
from shared import retention
from shared.act import Act
from shared.clock import BERLIN
from shared.events.base import About, Received
from shared.events.mobile_office import MobilStopRescheduled, StopFact
from shared.statements import Statement


async def follow(act: Act, received: Received[StopFact]) -> None:
    """Bring a stop to the state a fact tells of; one that is not newer than what is known changes nothing.

    A stop to come has seats from arrival to departure. Where its seats change, everybody who has some gets the same
    ones of the new time, or the nearest; AppointmentRescheduled is recorded for each whose time or place is another,
    AppointmentDelayed where only the vehicle is later. Holds at it end then, and what is offered to those who wait is
    withdrawn. `find_other_times` says what becomes of people without a place there any more. All facts have that of the
    stop as their cause.
    """
    fact = received.fact
    key = str(fact.id)
    version = await lock_version(act, key)
    if version is not None and version >= fact.version:
        return
    known = (await load_offer(act, key, ())).stations
    await _save(act, fact)
    if known:
        change = StopChange(known[0], await load_offer(act, key), _why(fact))
        await carry_out(act, change)


_SAVE_STATION = Statement("""
    insert into stations (key, name, district, address, kind) values (:key, :name, :district, :address, 'stop')
    on conflict (key) do update set name = excluded.name, district = excluded.district, address = excluded.address,
        kind = excluded.kind
""")
_SAVE_COUNTER = Statement("""
    insert into counters (key, station, number) values (:key, :station, :number) on conflict do nothing
""")
_SAVE_STOP = Statement("""
    insert into stops (station, version, status, counters, services, quarter, rhine_bank, arrives_at, departs_at,
                       delay_minutes, bookable_from)
    values (:station, :version, :status, :counters, :services, :quarter, :rhine_bank, :arrives_at, :departs_at,
            :delay_minutes, :bookable_from)
    on conflict (station) do update set version = excluded.version, status = excluded.status,
        counters = excluded.counters, services = excluded.services, quarter = excluded.quarter,
        rhine_bank = excluded.rhine_bank, arrives_at = excluded.arrives_at, departs_at = excluded.departs_at,
        delay_minutes = excluded.delay_minutes, bookable_from = coalesce(excluded.bookable_from, stops.bookable_from)
""")


async def _save(act: Act, fact: StopFact) -> None:
    key, stop, place = str(fact.id), fact.stop, fact.stop.place
    first_day = stop.arrives_at.astimezone(BERLIN).date() - timedelta(days=grid_of(act.tools.city).days_ahead)
    station = {"key": key, "name": place.name, "district": place.district, "address": place.landmark}
    await _SAVE_STATION.run(act.conn, station)
    numbers = range(1, stop.vehicle.counters + 1)
    numbered = [{"key": f"{key}-{number}", "station": key, "number": number} for number in numbers]
    await _SAVE_COUNTER.run_each(act.conn, numbered)
    values = {
        "station": key,
        "version": fact.version,
        "status": stop.status,
        "counters": stop.vehicle.counters,
        "services": stop.services,
        "quarter": place.quarter,
        "rhine_bank": place.rhine_bank,
        "arrives_at": stop.arrives_at,
        "departs_at": stop.departs_at,
        "delay_minutes": stop.delay_minutes,
        "bookable_from": first_day if stop.arrives_at > act.now else None,
    }
    await _SAVE_STOP.run(act.conn, values)


def _why(fact: StopFact) -> Why:
    said = fact if isinstance(fact, MobilStopRescheduled) else fact.stop
    return Why(About(id=fact.id, version=fact.version), said.reason, said.known_reason)


_FORGET = Statement("""
    with gone as (
        delete from stops where departs_at < :before
            and not exists (select from appointments a where a.station = stops.station)
            and not exists (select from seat_offers o where o.station = stops.station)
        returning station
    ), without_counters as (
        delete from counters where station in (select station from gone)
    )
    delete from stations where key in (select station from gone)
""")


async def forget_stops(act: Act) -> None:
    """Delete the stations of stops whose facts can arrive no more, and to which nothing refers."""
    await _FORGET.run(act.conn, {"before": act.now - retention.INBOX})
