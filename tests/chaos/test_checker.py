"""The checker on histories made by hand: a good one passes, and each way to break a rule is found."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid5

import pytest

from tests.chaos.checker import check
from tests.chaos.history import (
    Appointment,
    Arrived,
    Attempt,
    Committed,
    Ended,
    Fault,
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
PREFIX = "de.nahbar.appointments."

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


def test_a_good_history_breaks_nothing() -> None:
    assert check(good()) == {}


def test_a_hold_need_not_outlast_a_move_of_the_clock() -> None:
    history = good()
    refused = changed(history.operations, 3, ended=Ended.REFUSED)
    found = check(replace(history, operations=refused, clock_moves=[0.5]))
    assert "I1" not in found


def test_what_was_read_again_and_published_again_breaks_nothing() -> None:
    history = good()
    again = [logged(row, 100 + offset) for offset, row in enumerate(history.committed)]
    assert check(replace(history, log=[*history.log, *again])) == {}


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


@pytest.mark.parametrize(("rule", "words", "change"), BROKEN, ids=[f"{rule} {words}" for rule, words, _ in BROKEN])
def test_a_broken_rule_is_found(rule: str, words: str, change: Change) -> None:
    found = check(change(good()))
    assert any(words in violation for violation in found.get(rule, [])), found


@pytest.mark.parametrize(
    ("channel", "conduct", "victim", "began", "excused"),
    [
        ("mail", "drop", "kafka", 100, True),
        ("mail", "delivered", "mail", 101, True),
        ("mail", "delivered", "notifications-2", 101, True),
        ("mail", "delivered", "postgres", 95, True),
        ("mail", "delivered", "web", 101, False),
        ("mail", "delivered", "kafka", 101, False),
        ("mail", "delivered", "mail", 103, False),
        ("mail", "delivered", "mail", 90, False),
        ("mail", "no-receipt", "kafka", 101, False),
        ("sms", "no-receipt", "kafka", 101, True),
        ("sms", "delivered", "web", 101, True),
    ],
)
def test_doubt_needs_a_fault_or_a_far_end_that_never_answers(
    channel: str, conduct: str, victim: str, began: float, excused: bool
) -> None:
    history = good()
    doubtful = changed(history.messages, 0, state="unknown", channel=channel, conduct=conduct)
    fault = Fault("kill -9", victim, began, began + 6)
    found = check(replace(history, messages=doubtful, faults=[fault])).get("I10", [])
    assert any("no fault cut it off" in each for each in found) != excused


@pytest.mark.parametrize(("began", "excused"), [(104, True), (110, False)])
def test_who_was_cut_off_may_have_been_so_until_the_latest_answer(began: float, excused: bool) -> None:
    history = good()
    doubtful = changed(history.messages, 0, state="unknown", attempts=(Attempt(100, None),))
    fault = Fault("kill -9", "notifications-1", began, began + 6)
    found = check(replace(history, messages=doubtful, faults=[fault])).get("I10", [])
    assert any("no fault cut it off" in each for each in found) != excused


def test_a_failure_the_far_end_reported_is_no_lie() -> None:
    history = good()
    failed = changed(history.messages, 0, state="failed")
    bounced = changed(history.arrived, 0, bad_news=True)
    assert "I10" not in check(replace(history, messages=failed, arrived=bounced))
