"""Stories the checker is told: good ones, and each with one thing wrong."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid5

from tests.chaos.history import (
    Appointment,
    Arrived,
    Attempt,
    Committed,
    Ended,
    History,
    Logged,
    Message,
    Notice,
    Operation,
)

NINE = datetime(2026, 12, 1, 8, tzinfo=UTC)


SLOT = timedelta(minutes=10)


DAYS_BEFORE = NINE - timedelta(days=5)


FREE_COUNTER = "walsum-2"


Row = TypeVar("Row")


def id_of(name: str) -> UUID:
    return uuid5(UUID(int=0), name)


ADA, BOB = id_of("ada"), id_of("bob")


def operation(kind: str, person: str, ended: Ended = Ended.ACKNOWLEDGED, **more: Any) -> Operation:
    answer = {Ended.ACKNOWLEDGED: 201, Ended.REFUSED: 409}.get(ended)
    number = f"N-{person}" if ended is Ended.ACKNOWLEDGED else None
    made = Operation(kind, person, "walsum", NINE, 1, 0, [answer], 1, ended, number)
    return replace(made, **more)


def committed(number: int, name: str, type: str, version: int, service: str = "appointments", **more: Any) -> Committed:
    """A fact, of an appointment at nine unless `more` says otherwise."""
    event, body = id_of(f"{name} {version}"), f"{name} {version}".encode()
    if service == "appointments" and "says" not in more:
        state = {"status": "confirmed", "starts_at": NINE.isoformat(), "place": {"key": "walsum"}}
        seats = () if type == "AppointmentCancelled" else (("walsum-1", NINE),)
        more = {"owner": id_of(name), "seats": seats, "says": {"appointment": state}, "happened_at": DAYS_BEFORE}
    return Committed(number, service, event, f"de.nahbar.{service}.{type}", id_of(name), version, body, True, **more)


def logged(row: Committed, offset: int, partition: int = 0) -> Logged:
    key = row.aggregate.bytes
    return Logged(row.service, partition, offset, key, row.event_id, row.type, row.aggregate, row.version, row.body)


def told(person: str, purpose: str, outcome: str) -> tuple[Notice, Message]:
    cause = id_of(f"{person} {2 if purpose == 'cancellation' else 1}")
    notice = Notice(id_of(f"{person} {purpose}"), id_of(person), purpose, outcome, cause)
    return notice, Message(id_of(f"{person} {purpose} mail"), notice.id, "mail", outcome, attempts=(Attempt(100, 101),))


def good() -> History:
    """Bob books and cancels; then Ada books the same seat. All messages arrive, but for Bob's reminder."""
    facts = [
        committed(1, "bob", "AppointmentBooked", 1),
        committed(2, "bob", "AppointmentCancelled", 2),
        committed(3, "ada", "AppointmentBooked", 1),
    ]
    telling = [
        told("bob", "confirmation", "delivered"),
        told("bob", "reminder", "superseded"),
        told("bob", "cancellation", "delivered"),
        told("ada", "confirmation", "delivered"),
        told("ada", "reminder", "delivered"),
    ]
    arrived = [message for _, message in telling if message.state == "delivered"]
    for number, notice in enumerate([notice for notice, _ in telling if notice.outcome == "delivered"]):
        row = committed(number, "", "NotificationDelivered", 1, "notifications")
        facts.append(replace(row, aggregate=notice.id, event_id=id_of(f"told {notice.id}")))
    return History(
        operations=[
            operation("book", "bob"),
            operation("cancel", "bob"),
            operation("hold", "ada", number=None),
            operation("confirm", "ada"),
            operation("book", "eve", Ended.REFUSED),
            operation("book", "sue", Ended.UNKNOWN),
        ],
        counters={"walsum": 1},
        appointments=[
            Appointment(BOB, 2, "cancelled", "N-bob", "bob", (("walsum-1", NINE),), by="citizen"),
            Appointment(ADA, 1, "confirmed", "N-ada", "ada", (("walsum-1", NINE),)),
        ],
        taken={("walsum-1", NINE): ADA},
        committed=facts,
        log=[logged(row, offset) for offset, row in enumerate(facts)],
        notices=[notice for notice, _ in telling],
        messages=[message for _, message in telling],
        arrived=[Arrived(str(message.id), "mail", "somebody") for message in arrived],
        faults=[],
    )


def changed(rows: Sequence[Row], index: int, **values: Any) -> list[Row]:
    new: list[Any] = list(rows)
    new[index] = replace(new[index], **values)
    return new


def without(rows: Sequence[Row], index: int) -> list[Row]:
    return [row for place, row in enumerate(rows) if place != index]


Change = Callable[[History], History]


BROKEN: list[tuple[str, str, Change]] = [
    ("I1", "told the booking is made, but there is none", lambda h: replace(h, appointments=h.appointments[:1])),
    ("I1", "another number", lambda h: replace(h, appointments=changed(h.appointments, 1, number="N-other"))),
    (
        "I1",
        "got another time",
        lambda h: replace(h, operations=changed(h.operations, 3, starts_at=NINE + SLOT)),
    ),
    ("I1", "cancelled by nobody", lambda h: replace(h, operations=without(h.operations, 1))),
    (
        "I1",
        "asked once and has 2 appointments",
        lambda h: replace(h, appointments=[*h.appointments, replace(h.appointments[1], id=id_of("ada again"))]),
    ),
    (
        "I1",
        "confirming it was refused",
        lambda h: replace(h, operations=changed(h.operations, 3, ended=Ended.REFUSED)),
    ),
    ("I2", "refused, but has N-ada", lambda h: replace(h, operations=changed(h.operations, 3, ended=Ended.REFUSED))),
    (
        "I3",
        "was given to",
        lambda h: replace(h, committed=[h.committed[0], h.committed[2], h.committed[1], *h.committed[3:]]),
    ),
    ("I3", "belongs to nobody", lambda h: replace(h, taken={})),
    ("I3", "no binding appointment", lambda h: replace(h, taken={**h.taken, (FREE_COUNTER, NINE): BOB})),
    (
        "I3",
        "2 people were promised",
        lambda h: replace(h, operations=[*h.operations, operation("book", "max")]),
    ),
    (
        "I4",
        "told the appointment is cancelled, but it is confirmed",
        lambda h: replace(h, appointments=changed(h.appointments, 0, status="confirmed")),
    ),
    ("I4", "still has a seat", lambda h: replace(h, taken={**h.taken, (FREE_COUNTER, NINE): BOB})),
    ("I4", "no fact says so", lambda h: replace(h, committed=without(h.committed, 1))),
    (
        "I4",
        "refused to cancel",
        lambda h: replace(h, operations=changed(h.operations, 1, ended=Ended.REFUSED)),
    ),
    ("I5", "committed, but not in the topic", lambda h: replace(h, log=without(h.log, 2))),
    ("I5", "still waits", lambda h: replace(h, committed=changed(h.committed, 0, published=False))),
    (
        "I5",
        "version 2 of appointment N-ada is not in the topic",
        lambda h: replace(h, appointments=changed(h.appointments, 1, version=2)),
    ),
    ("I6", "never committed", lambda h: replace(h, committed=without(h.committed, 2))),
    ("I6", "not what was committed", lambda h: replace(h, log=changed(h.log, 0, body=b"else"))),
    ("I6", "a change that did not happen", lambda h: replace(h, appointments=changed(h.appointments, 0, version=1))),
    (
        "I7",
        "version 2 of",
        lambda h: replace(h, log=[replace(h.log[0], offset=1), replace(h.log[1], offset=0), *h.log[2:]]),
    ),
    ("I8", "is spread over", lambda h: replace(h, log=changed(h.log, 1, partition=1))),
    ("I8", "another key", lambda h: replace(h, log=changed(h.log, 1, key=BOB.hex.encode()))),
    (
        "I9",
        "nobody is told the cancellation",
        lambda h: replace(
            h, notices=without(h.notices, 2), messages=without(h.messages, 2), arrived=without(h.arrived, 1)
        ),
    ),
    (
        "I9",
        "there are 2 notices for the reminder",
        lambda h: replace(h, notices=[*h.notices, replace(h.notices[4], id=id_of("again"))]),
    ),
    ("I9", "is still sending", lambda h: replace(h, messages=changed(h.messages, 0, state="sending"))),
    ("I9", "has no outcome", lambda h: replace(h, notices=changed(h.notices, 0, outcome=None))),
    ("I9", "has no message", lambda h: replace(h, messages=without(h.messages, 1))),
    (
        "I9",
        "but the topic says NotificationDelivered",
        lambda h: replace(h, notices=changed(h.notices, 0, outcome="failed")),
    ),
    ("I9", "but the topic says nothing", lambda h: replace(h, notices=changed(h.notices, 1, outcome="failed"))),
    ("I9", "put aside", lambda h: replace(h, dead_letters=["unknown: KeyError"])),
    ("I10", "accepted 2 times", lambda h: replace(h, arrived=[*h.arrived, h.arrived[0]])),
    ("I10", "not in the ledger", lambda h: replace(h, arrived=changed(h.arrived, 0, reference="else"))),
    ("I10", "but the ledger says failed", lambda h: replace(h, messages=changed(h.messages, 0, state="failed"))),
    (
        "I10",
        "was told 2 times by mail",
        lambda h: replace(
            h,
            messages=[*h.messages, replace(h.messages[0], id=id_of("again"))],
            arrived=[*h.arrived, Arrived(str(id_of("again")), "mail", "somebody")],
        ),
    ),
    ("I10", "never got it", lambda h: replace(h, arrived=without(h.arrived, 0))),
    ("I10", "no fault cut it off", lambda h: replace(h, messages=changed(h.messages, 0, state="unknown"))),
    ("rest", "answered 500", lambda h: replace(h, operations=changed(h.operations, 0, answers=[500, 201]))),
    ("rest", "7 facts", lambda h: replace(h, unsettled=["7 facts in the outbox"])),
]
