"""Stories of closures and changes the checker is told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from tests.chaos.history import (
    Appointment,
    Attempt,
    Committed,
    Ended,
    History,
    Message,
    Notice,
    Operation,
    Seat,
    Standing,
)
from tests.chaos.stories import DAYS_BEFORE, NINE, SLOT, changed, id_of, logged, operation, without

KIM, LEA, NOA, WIL, OFFER, TAKEN, TICKET, CLOSURE = (
    id_of(name) for name in ("kim", "lea", "noa", "wil", "offer", "taken", "ticket", "closure")
)


CLOSED = id_of("closure 1")
"""The fact of the closure, cause of what it decides."""


def state(station: str, at: int, status: str = "confirmed") -> dict[str, Any]:
    starts_at = (NINE + at * SLOT).isoformat()
    return {"status": status, "starts_at": starts_at, "place": {"key": station}}


def seat(counter: str, at: int) -> tuple[Seat]:
    return ((counter, NINE + at * SLOT),)


def offer(counter: str, at: int) -> dict[str, Any]:
    return {"entry": {"status": "offered", "offer": state(counter[:-2], at)}}


def ticket(counter: int | None) -> dict[str, Any]:
    return {"ticket": {"number": "A 001", "place": {"key": "mitte"}, "counter": counter}}


@dataclass
class Story:
    """Facts in the order of their commits, and the notices they call for: each was overtaken before it was sent."""

    facts: list[Committed] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def tell(
        self, name: str, type: str, says: Mapping[str, Any], *purposes: str, service: str = "appointments", **more: Any
    ) -> None:
        """The next fact of an aggregate, and the purposes it is told for."""
        version = 1 + sum(row.aggregate == id_of(name) for row in self.facts)
        event, full = id_of(f"{name} {version}"), f"de.nahbar.{service}.{type}"
        body = f"{name} {version}".encode()
        values = {"owner": None, "seats": (), "says": says, "happened_at": DAYS_BEFORE} | more
        number = len(self.facts)
        row = Committed(number, service, event, full, id_of(name), version, body, True, **values)
        self.facts.append(row)
        self.notices += [
            Notice(id_of(f"{event} {each}"), row.aggregate, each, "superseded", row.chain, matter_version=version)
            for each in purposes
        ]


def good() -> History:
    """Kim moves twice, then cancels. Wil declines an offer and takes the next. A number is handed over.

    Lea is offered another time because of a closure, and lets it pass. Noa holds one seat, then two, and confirms them.
    """
    story, booked = Story(), ("confirmation", "reminder")
    moved = ("rescheduling", "reminder")
    for at in range(3):
        more: dict[str, Any] = {"owner": KIM, "seats": seat("walsum-1", at)}
        says = {"appointment": state("walsum", at), "before": state("walsum", at - 1)}
        kind, purposes = ("AppointmentRescheduled", moved) if at else ("AppointmentBooked", booked)
        story.tell("kim", kind, says, *purposes, **more)
    story.tell("kim", "AppointmentCancelled", {"appointment": state("walsum", 2)}, "cancellation", owner=KIM)
    story.tell("wil", "WaitingListJoined", {}, "waiting")
    story.tell("wil", "SeatOffered", offer("walsum-2", 0), "seat-offer", owner=OFFER, seats=seat("walsum-2", 0))
    story.tell("wil", "SeatOfferEnded", {"outcome": "declined"}, owner=OFFER)
    story.tell("wil", "SeatOffered", offer("walsum-3", 1), "seat-offer", owner=TAKEN, seats=seat("walsum-3", 1))
    taken = {"appointment": state("walsum", 1)}
    story.tell("taken", "AppointmentBooked", taken, *booked, owner=TAKEN, seats=seat("walsum-3", 1))
    story.tell("wil", "WaitingListLeft", {"entry": {"status": "booked"}})
    for kind, counter in (("Issued", None), ("Called", 1), ("PutBack", 1), ("Called", 2), ("Closed", 2)):
        story.tell("ticket", f"Ticket{kind}", ticket(counter))
    lea = {"appointment": state("sued", 0)}
    story.tell("lea", "AppointmentBooked", lea, *booked, owner=LEA, seats=seat("sued-1", 0))
    closed = {"counter": None, "from_time": None, "place": {"key": "sued"}, "first_day": f"{NINE:%Y-%m-%d}"}
    story.tell("closure", "StationClosed", {"closure": closed})
    kept: dict[str, Any] = {"owner": LEA, "seats": seat("mitte-1", 0), "cause": CLOSED}
    says = {"appointment": state("mitte", 0, "offered"), "about": {"id": str(CLOSURE)}}
    story.tell("lea", "AlternativeOffered", says, "alternative", until=NINE - timedelta(days=2), **kept)
    story.tell("lea", "AppointmentCancelled", {"appointment": state("mitte", 0)}, "cancellation", owner=LEA)
    two = seat("walsum-1", 4) + seat("walsum-1", 5)
    story.tell("noa", "AppointmentBooked", {"appointment": state("walsum", 4)}, *booked, owner=NOA, seats=two)
    chosen: dict[str, Any] = {"starts_at": NINE + 4 * SLOT, "seats": 2}
    return History(
        operations=[
            operation("book", "kim"),
            operation("move", "kim", starts_at=NINE + SLOT),
            operation("move", "kim", starts_at=NINE + 2 * SLOT),
            operation("cancel", "kim"),
            operation("join", "wil"),
            operation("decline", "wil"),
            operation("take", "wil"),
            clerk("issue", "mitte-1"),
            clerk("call", "mitte-1"),
            clerk("call", "mitte-2"),
            operation("book", "lea", station="sued"),
            operation("close", str(CLOSURE), station="sued"),
            operation("hold", "noa", starts_at=NINE + 3 * SLOT),
            operation("change", "noa", **chosen),
            operation("confirm", "noa", **chosen),
        ],
        counters={"walsum": 3, "sued": 1},
        appointments=[
            Appointment(KIM, 4, "cancelled", "N-kim", "kim", seat("walsum-1", 2), by="citizen"),
            Appointment(TAKEN, 1, "confirmed", "N-wil", "wil", seat("walsum-3", 1)),
            Appointment(LEA, 3, "cancelled", "N-lea", "lea", seat("mitte-1", 0), decided_on=True, by="city"),
            Appointment(NOA, 1, "confirmed", "N-noa", "noa", two),
        ],
        taken={seat("walsum-3", 1)[0]: TAKEN, seat("sued-1", 0)[0]: CLOSURE, **dict.fromkeys(two, NOA)},
        committed=story.facts,
        log=[logged(row, offset) for offset, row in enumerate(story.facts)],
        notices=story.notices,
        messages=[Message(id_of(f"{each.id} mail"), each.id, "mail", "superseded") for each in story.notices],
        arrived=[],
        faults=[],
        others=[
            Standing(WIL, 5, "entry", "booked", "wil"),
            Standing(TICKET, 5, "ticket", "closed", "A 001"),
            Standing(CLOSURE, 1, "closure", "in force", "sued"),
        ],
    )


def clerk(kind: str, counter: str) -> Operation:
    said = {"id": str(TICKET), "number": "A 001"}
    return operation(kind, f"{kind} {counter}", station=counter, said=said, number=None)


def fact(history: History, type: str, nth: int = 0) -> int:
    """Where the nth fact of a type stands."""
    return [row.id for row in history.facts(type)][nth]


def saying(history: History, fact_type: str, nth: int = 0, /, **values: Any) -> History:
    """The same, but a fact says something else."""
    at = fact(history, fact_type, nth)
    return replace(history, committed=changed(history.committed, at, **values))


def asked(history: History, asked_for: str, /, **values: Any) -> History:
    """The same, but something else was asked or answered."""
    at = [each.kind for each in history.operations].index(asked_for)
    return replace(history, operations=changed(history.operations, at, **values))


def standing(history: History, at: int, **values: Any) -> History:
    return replace(history, others=changed(history.others, at, **values))


def without_notice(history: History, purpose: str) -> History:
    kept = {each.id for each in history.notices if each.purpose != purpose}
    return replace(
        history,
        notices=[each for each in history.notices if each.id in kept],
        messages=[each for each in history.messages if each.notice in kept],
    )


def news_of_the_closure(history: History) -> History:
    """Lea is also told as a subscriber, a minute after her own message was planned."""
    own = next(place for place, each in enumerate(history.notices) if each.purpose == "alternative")
    notices = changed(history.notices, own, addresses={"mail": "lea's"}, planned_at=100)
    news = Notice(id_of("news"), CLOSURE, "closure", "delivered", CLOSED, "lea's", addresses={"mail": "lea's"})
    message = Message(id_of("news mail"), news.id, "mail", "delivered", attempts=(Attempt(160, 161),))
    return replace(history, notices=[*notices, news], messages=[*history.messages, message])


def without_fallback(history: History) -> History:
    notices = changed(history.notices, 0, outcome="failed", matter_version=4, addresses={"mail": "a", "sms": "b"})
    return replace(history, notices=notices)


def offered_again(history: History) -> History:
    """Wil is offered once more what was declined."""
    return saying(history, "SeatOffered", 1, says=offer("walsum-2", 0))


def held_before(appointments: Sequence[Appointment]) -> list[Appointment]:
    """Noa has what was held before the hold was changed."""
    return changed(appointments, 3, seats=seat("walsum-1", 3))


BROKEN: list[tuple[str, str, Callable[[History], History]]] = [
    ("I1", "another time", lambda h: replace(h, appointments=changed(h.appointments, 0, seats=seat("walsum-1", 1)))),
    (
        "I1",
        "by the city without a closure",
        lambda h: replace(h, appointments=changed(h.appointments, 2, decided_on=False, seats=seat("sued-1", 0))),
    ),
    ("I1", "noa (N-noa) got another time", lambda h: replace(h, appointments=held_before(h.appointments))),
    ("I1", "confirming it was refused", lambda h: asked(h, "confirm", ended=Ended.REFUSED)),
    ("I3", "was given to", lambda h: saying(h, "AppointmentBooked", 3, seats=seat("walsum-3", 1))),
    ("I3", "was given to", lambda h: saying(h, "AppointmentRescheduled", seats=seat("mitte-1", 0), owner=id_of("max"))),
    ("I3", "was given to", lambda h: saying(h, "AppointmentBooked", 1, owner=id_of("max"))),
    ("I4", "move to 08:10 that did not happen", lambda h: saying(h, "AppointmentRescheduled", seats=())),
    ("I4", "told the appointment is cancelled", lambda h: asked(h, "take", kind="reply")),
    ("I5", "version 6 of entry", lambda h: standing(h, 0, version=6)),
    ("I5", "version 6 of ticket", lambda h: standing(h, 1, version=6)),
    ("I6", "a change that did not happen", lambda h: standing(h, 2, version=0)),
    ("I9", "nobody is told the alternative", lambda h: without_notice(h, "alternative")),
    ("I9", "nobody is told the rescheduling", lambda h: without_notice(h, "rescheduling")),
    ("I9", "nobody is told the seat-offer", lambda h: without_notice(h, "seat-offer")),
    ("I9", "nobody is told the offer-ended", lambda h: saying(h, "SeatOfferEnded", says={"outcome": "expired"})),
    ("I9", "nobody is told the turn", lambda h: saying(h, "TicketPutBack", type="de.nahbar.appointments.TicketNear")),
    ("I9", "was not sent on the other", without_fallback),
    ("I10", "told of it personally", news_of_the_closure),
    ("I11", "not in the list", lambda h: standing(h, 0, name="else")),
    ("I11", "was refused, but waits", lambda h: asked(h, "join", ended=Ended.REFUSED)),
    ("I11", "joined once and waits 2 times", lambda h: replace(h, others=[*h.others, h.others[0]])),
    ("I11", "an appointment that is not there", lambda h: asked(h, "take", number="N-else")),
    ("I11", "but took nothing", lambda h: asked(h, "take", ended=Ended.REFUSED)),
    (
        "I11",
        "waited once and has 2 appointments",
        lambda h: replace(h, appointments=[*h.appointments, replace(h.appointments[1], id=OFFER)]),
    ),
    ("I11", "still waits", lambda h: standing(h, 0, status="offered")),
    ("I11", "is open", lambda h: replace(h, committed=without(h.committed, fact(h, "SeatOfferEnded")))),
    ("I11", "the same time twice", offered_again),
    ("I11", "ended without being open", lambda h: replace(h, committed=without(h.committed, fact(h, "SeatOffered")))),
    ("I12", "while it was at", lambda h: replace(h, committed=without(h.committed, fact(h, "TicketPutBack")))),
    (
        "I12",
        "while somebody else was there",
        lambda h: saying(h, "TicketPutBack", type="de.nahbar.appointments.TicketCalled", aggregate=id_of("other")),
    ),
    (
        "I12",
        "goes on after it was closed",
        lambda h: saying(h, "TicketCalled", type="de.nahbar.appointments.TicketClosed"),
    ),
    ("I12", "which is not there", lambda h: standing(h, 1, id=id_of("other"))),
    ("I12", "was given out twice", lambda h: replace(h, operations=[*h.operations, clerk("issue", "mitte-1")])),
    ("I12", "but no fact says so", lambda h: saying(h, "TicketCalled", says=ticket(3))),
    ("I12", "is still waiting", lambda h: standing(h, 1, status="waiting")),
    ("I13", "was to be closed", lambda h: replace(h, others=without(h.others, 2))),
    ("I13", "was refused, but is there", lambda h: asked(h, "close", ended=Ended.REFUSED)),
    ("I13", "lifted by nobody", lambda h: standing(h, 2, status="lifted")),
    (
        "I13",
        "was to be lifted",
        lambda h: replace(h, operations=[*h.operations, operation("lift", str(CLOSURE), station="sued")]),
    ),
    ("I13", "was decided on 2 times", lambda h: saying(h, "AppointmentCancelled", 1, cause=CLOSED)),
    ("I13", "has another cause", lambda h: saying(h, "AlternativeOffered", cause=None)),
    (
        "I13",
        "stays where the closure",
        lambda h: saying(h, "AlternativeOffered", says={"appointment": state("sued", 3), "about": {}}),
    ),
]
