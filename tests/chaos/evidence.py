"""Collecting the history of a run from the databases, the topics and the far ends."""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg

from deploy.local.far_ends.behaviours import conduct_of_address, conduct_of_number
from services.appointments.settings import Settings as AppointmentsSettings
from shared.clock import BERLIN
from shared.people import People, Person
from tests.chaos.city import City
from tests.chaos.history import (
    Appointment,
    Attempt,
    Committed,
    Fault,
    History,
    Message,
    Notice,
    Operation,
    Seat,
    Standing,
)
from tests.chaos.rules.bookings import SLOT
from tests.chaos.rules.tours import STOP_FACTS
from tests.chaos.stops import read_announced, read_known, read_travel
from tests.chaos.traces import read_arrived, read_log

_OTHERS = """
    select id, version, 'ticket' as kind, status, number as name, null as last_day from tickets
    union all select id, version, 'entry', status, null, last_day from waiting_entries
    union all select key, version, 'closure', case when lifted_at is null then 'in force' else 'lifted' end, station,
                     null from closures
"""
_NOTICES = "select id, matter, purpose, outcome, cause, recipient, matter_version, addresses, planned_at from notices"
_MESSAGES = """
    select m.id, m.notice, m.channel, m.state, n.matter,
           (select jsonb_agg(jsonb_build_array(started_at, ended_at, result) order by number)
            from attempts where message = m.id) as attempts
    from messages m join notices n on n.id = m.notice
"""
_OUTBOX = "select * from outbox order by id"
_DEAD = "select reason from dead_letters where settled_at is null"


async def collect(
    city: City,
    operations: Sequence[Operation],
    faults: Sequence[Fault] = (),
    unsettled: Sequence[str] = (),
    arrived_after: int = 0,
) -> History:
    """Everything a run left behind; messages the far ends got up to number `arrived_after` belong to earlier runs."""
    bookings, telling, tours = [
        await asyncpg.connect(city.databases[service], timeout=10)
        for service in ("appointments", "notifications", "mobile_office")
    ]
    try:
        appointments = await bookings.fetch("select * from appointments")
        others = await bookings.fetch(_OTHERS)
        settings = AppointmentsSettings(platform=city.platform, database=city.databases["appointments"])
        people = People(settings.people_secret, city.platform.person_secret)
        kept = await bookings.fetch("select matter, box from people")
        persons = {row["matter"]: people.open(row["box"]) for row in kept}
        taken = await bookings.fetch("select counter, starts_at, appointment from seats")
        notices = await telling.fetch(_NOTICES)
        messages = await telling.fetch(_MESSAGES)
        announced, known, travel = await read_announced(tours), await read_known(bookings), await read_travel(tours)
        committed, dead = [], []
        for service, conn in (("mobile_office", tours), ("appointments", bookings), ("notifications", telling)):
            committed += [_committed(service, row) for row in await conn.fetch(_OUTBOX)]
            dead += [row["reason"] for row in await conn.fetch(_DEAD)]
    finally:
        for conn in (bookings, telling, tours):
            await conn.close()
    stop_facts = {row.event_id for row in committed if row.name in STOP_FACTS}
    decided_on = {row.aggregate for row in committed if row.cause in stop_facts}
    return History(
        operations=operations,
        counters=city.counters | {str(stop.id): stop.counters for stop in known},
        appointments=[_appointment(row, persons.get(row["id"]), row["id"] in decided_on) for row in appointments],
        taken={(row["counter"], row["starts_at"]): row["appointment"] for row in taken},
        committed=committed,
        log=await read_log(city),
        notices=[_notice(city, row) for row in notices],
        messages=[
            Message(
                row["id"],
                row["notice"],
                row["channel"],
                row["state"],
                _conduct(persons.get(row["matter"]), row["channel"]),
                tuple(_attempt(city, *each) for each in json.loads(row["attempts"] or "[]")),
            )
            for row in messages
        ],
        arrived=read_arrived(city, arrived_after),
        faults=faults,
        clock_moves=city.clock_moves,
        dead_letters=dead,
        unsettled=unsettled,
        others=[_standing(row, persons.get(row["id"])) for row in others]
        + [Standing(stop.id, stop.version, "stop", stop.status, stop.place) for stop in announced],
        announced=announced,
        known=known,
        travel=travel,
        today=city.now.astimezone(BERLIN).date(),
    )


def _appointment(row: Any, person: Person | None, stop_changed: bool) -> Appointment:
    return Appointment(
        row["id"],
        row["version"],
        row["status"],
        row["number"],
        person.name if person else None,
        _seats(row["counter"], row["starts_at"], row["ends_at"]),
        stop_changed or row["closure"] is not None,
        row["cancelled_by"],
    )


def _standing(row: Any, person: Person | None) -> Standing:
    name = person.name if person else row["name"]
    return Standing(row["id"], row["version"], row["kind"], row["status"], name, row["last_day"])


def _notice(city: City, row: Any) -> Notice:
    return Notice(
        row["id"],
        row["matter"],
        row["purpose"],
        row["outcome"],
        row["cause"],
        row["recipient"],
        row["matter_version"],
        json.loads(row["addresses"]),
        city.real(row["planned_at"]),
    )


def _attempt(city: City, began: str, ended: str | None, result: str | None) -> Attempt:
    cut_off = ended is None or result == "interrupted"
    moments = [city.real(datetime.fromisoformat(moment)) for moment in (began, ended or began)]
    return Attempt(moments[0], None if cut_off else moments[1])


def _seats(counter: str, start: datetime, end: datetime) -> tuple[Seat, ...]:
    start = start.astimezone(UTC)
    return tuple((counter, start + number * SLOT) for number in range(max(1, math.ceil((end - start) / SLOT))))


def _committed(service: str, row: Any) -> Committed:
    says = json.loads(row["body"])
    owner, seats, until = _ownership(row["aggregate"], says)
    return Committed(
        row["id"],
        service,
        row["event_id"],
        row["type"],
        row["aggregate"],
        row["version"],
        row["body"],
        row["published_at"] is not None,
        owner,
        seats,
        datetime.fromisoformat(until) if until else None,
        says,
        row["cause"],
        row["occurred_at"],
    )


def _ownership(aggregate: UUID, says: Mapping[str, Any]) -> tuple[UUID | None, tuple[Seat, ...], str | None]:
    """Whose seats a fact tells of, which they are afterwards, and until when they are kept if it is an offer.

    What is offered to who waits owns its seats itself; the appointment it becomes has the same id.
    """
    if state := says.get("appointment"):
        seats = () if state["status"] == "cancelled" else _seats_of(state)
        return aggregate, seats, (state["instead_of"] or {}).get("until")
    entry = says.get("entry")
    if entry and entry["offer"]:
        return UUID(entry["offer"]["id"]), _seats_of(entry["offer"]), entry["offer"]["until"]
    if entry and "offer" in says:
        return UUID(says["offer"]["id"]), (), None
    return None, (), None


def _seats_of(state: Mapping[str, Any]) -> tuple[Seat, ...]:
    return _seats(state["counter"], *(datetime.fromisoformat(state[name]) for name in ("starts_at", "ends_at")))


def _conduct(person: Person | None, channel: str) -> str:
    address = person and {"mail": person.mail, "sms": person.phone}.get(channel)
    if not address:
        return "delivered"
    return (conduct_of_address if channel == "mail" else conduct_of_number)(address).behaviour.value
