"""I5 to I8: Kafka holds what was committed, nothing else, in order."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from uuid import UUID

from tests.chaos.history import Appointment, History, Standing
from tests.chaos.rules.findings import A_CASE, Findings

DEAD_LETTER = "de.nahbar.DeadLetter"
"""Travels on a topic of its own, which is not read here."""

OWNERS = ("appointments", "mobile_office")
"""The services whose facts tell of something that stands in their database in its newest version."""


def every_committed_fact_is_in_the_topic(history: History) -> Findings:
    """I5: every row of an outbox, and every version an appointment, a ticket, an entry, a closure or a stop has had."""
    events = {record.event_id for record in history.log}
    versions = {(record.aggregate, record.version) for record in history.log}
    for row in history.committed:
        yield A_CASE
        if row.event_id not in events and row.type != DEAD_LETTER:
            yield f"{row.type} {row.aggregate} version {row.version} is committed, but not in the topic"
        if not row.published:
            yield f"{row.type} {row.aggregate} version {row.version} still waits in the outbox"
    for each in _standing(history):
        for version in range(1, each.version + 1):
            if (each.id, version) not in versions:
                yield f"version {version} of {_words(each)} is not in the topic"


def no_fact_without_a_committed_change(history: History) -> Findings:
    """I6: every record was committed as it is, and no fact is newer than what it tells of."""
    committed = {row.event_id: row for row in history.committed}
    for record in history.log:
        yield A_CASE
        row = committed.get(record.event_id)
        where = f"{record.type} at {record.topic}/{record.partition}/{record.offset}"
        if row is None:
            yield f"{where} was never committed"
        elif (row.aggregate, row.version, row.body) != (record.aggregate, record.version, record.body):
            yield f"{where} is not what was committed"
    standing = {each.id: each.version for each in _standing(history)}
    for row in history.committed:
        if row.service in OWNERS and row.version > standing.get(row.aggregate, 0):
            yield f"{row.type} {row.aggregate} version {row.version} tells of a change that did not happen"


def versions_are_in_order(history: History) -> Findings:
    """I7: per aggregate 1, 2, ... after dropping versions at or below the highest seen."""
    highest: dict[UUID, int] = defaultdict(int)
    for record in sorted(history.log, key=lambda each: (each.topic, each.partition, each.offset)):
        if record.version > 1:
            yield A_CASE
        if record.version > highest[record.aggregate]:
            if record.version != highest[record.aggregate] + 1:
                yield (
                    f"version {record.version} of {record.aggregate} follows {highest[record.aggregate]} "
                    f"at {record.topic}/{record.partition}/{record.offset}"
                )
            highest[record.aggregate] = record.version


def one_partition_per_aggregate(history: History) -> Findings:
    """I8: one partition each, because the aggregate's id is the key."""
    places: dict[UUID, set[tuple[str, int]]] = defaultdict(set)
    for record in history.log:
        places[record.aggregate].add((record.topic, record.partition))
        if record.key != record.aggregate.bytes:
            yield f"{record.type} {record.aggregate} version {record.version} has another key than its aggregate"
    for aggregate, partitions in places.items():
        yield A_CASE
        if len(partitions) > 1:
            yield f"{aggregate} is spread over {sorted(partitions)}"


def _standing(history: History) -> Iterator[Appointment | Standing]:
    return chain(history.appointments, history.others)


def _words(each: Appointment | Standing) -> str:
    return f"appointment {each.number}" if isinstance(each, Appointment) else f"{each.kind} {each.id}"
