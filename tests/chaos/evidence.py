"""Collecting the history of a run from the databases, Kafka and the far ends."""

import asyncio
import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.local.far_ends.behaviours import conduct_of_address, conduct_of_number
from deploy.local.far_ends.records import ReportKind
from deploy.local.far_ends.store import Store
from services.appointments.settings import Settings as AppointmentsSettings
from shared.events.registry import FACTS, topics_of
from shared.kafka import headers_as_text
from shared.people import People, Person
from tests.chaos.city import PARTITIONS, City
from tests.chaos.history import (
    Appointment,
    Arrived,
    Attempt,
    Committed,
    Fault,
    History,
    Logged,
    Message,
    Notice,
    Operation,
    Seat,
    Standing,
)
from tests.chaos.rules.bookings import SLOT

_OTHERS = """
    select id, version, 'ticket' as kind, status, number as name from tickets
    union all select id, version, 'entry', status, null from waiting_entries
    union all select key, version, 'closure', case when lifted_at is null then 'in force' else 'lifted' end, station
    from closures
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
BAD_RECEIPTS = frozenset({"FAILED", "EXPIRED", "NOTDELIVERED", "REJECTED"})


async def collect(
    city: City,
    operations: Sequence[Operation],
    faults: Sequence[Fault] = (),
    unsettled: Sequence[str] = (),
    arrived_after: int = 0,
) -> History:
    """Everything a run left behind; messages the far ends got up to number `arrived_after` belong to earlier runs."""
    bookings = await asyncpg.connect(city.databases["appointments"], timeout=10)
    telling = await asyncpg.connect(city.databases["notifications"], timeout=10)
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
        committed, dead = [], []
        for service, conn in (("appointments", bookings), ("notifications", telling)):
            committed += [_committed(service, row) for row in await conn.fetch(_OUTBOX)]
            dead += [row["reason"] for row in await conn.fetch(_DEAD)]
    finally:
        await bookings.close()
        await telling.close()
    return History(
        operations=operations,
        counters=city.counters,
        appointments=[_appointment(row, persons.get(row["id"])) for row in appointments],
        taken={(row["counter"], row["starts_at"]): row["appointment"] for row in taken},
        committed=committed,
        log=await _log(city),
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
        arrived=_arrived(city, arrived_after),
        faults=faults,
        clock_moves=city.clock_moves,
        dead_letters=dead,
        unsettled=unsettled,
        others=[_standing(row, persons.get(row["id"])) for row in others],
    )


def last_arrival(city: City) -> int:
    """The number of the message the far ends got last."""
    return max((each.number for each in _read_far_ends(city)[0]), default=0)


def _appointment(row: Any, person: Person | None) -> Appointment:
    return Appointment(
        row["id"],
        row["version"],
        row["status"],
        row["number"],
        person.name if person else None,
        _seats(row["counter"], row["starts_at"], row["ends_at"]),
        row["closure"] is not None,
        row["cancelled_by"],
    )


def _standing(row: Any, person: Person | None) -> Standing:
    name = person.name if person else row["name"]
    return Standing(row["id"], row["version"], row["kind"], row["status"], name)


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


async def _log(city: City) -> list[Logged]:
    """Every record of every topic of facts, from the first on."""
    topics = topics_of(city.prefix, FACTS)
    partitions = [TopicPartition(topic, number) for topic in topics for number in range(PARTITIONS)]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=city.bootstrap, auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    try:
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        found: list[Logged] = []
        async with asyncio.timeout(60):
            while any([await consumer.position(each) < ends[each] for each in partitions]):
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    found += map(_logged, records)
        return found
    finally:
        await consumer.stop()


def _logged(record: Any) -> Logged:
    headers = headers_as_text(record.headers)
    return Logged(
        record.topic,
        record.partition,
        record.offset,
        record.key,
        UUID(headers["ce_id"]),
        headers["ce_type"],
        UUID(headers["ce_subject"]),
        json.loads(record.value)["version"],
        record.value,
    )


def _conduct(person: Person | None, channel: str) -> str:
    address = person and {"mail": person.mail, "sms": person.phone}.get(channel)
    if not address:
        return "delivered"
    return (conduct_of_address if channel == "mail" else conduct_of_number)(address).behaviour.value


def _arrived(city: City, after: int) -> list[Arrived]:
    accepted, bad_news = _read_far_ends(city)
    return [
        Arrived(each.reference, each.channel.value, each.recipient, each.number in bad_news)
        for each in accepted
        if each.number > after
    ]


def _read_far_ends(city: City) -> tuple[list[Any], set[int | None]]:
    """What was accepted, and the numbers of those a failure was reported of."""
    store = Store(city.folder)
    try:
        reports = store.reports()
        bad = {each.message for each in reports if each.kind is ReportKind.BOUNCE or each.detail in BAD_RECEIPTS}
        return store.accepted(), bad
    finally:
        store.close()
