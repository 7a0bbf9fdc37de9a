"""The checker on a history of two stops, one moved and late, one called off; and each way to break a rule."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from tests.chaos.checker import RULES, cases, check
from tests.chaos.history import Appointment, Arrived, Attempt, Ended, History, Message, Notice, Standing, Stop
from tests.chaos.stories import BROKEN as BROKEN_BOOKINGS
from tests.chaos.stories import DAYS_BEFORE, NINE, SLOT, changed, id_of, logged, operation, without
from tests.chaos.stories import good as good_bookings
from tests.chaos.stories_of_changes import BROKEN as BROKEN_CHANGES
from tests.chaos.stories_of_changes import Story, asked, fact, saying, seat, standing, state, without_notice
from tests.chaos.stories_of_changes import good as good_changes
from tests.chaos.stories_of_lines import BROKEN as BROKEN_LINES
from tests.chaos.stories_of_lines import FAIR, told

ANN, BEN, CID, DEE, ENTRY = (id_of(name) for name in ("ann", "ben", "cid", "dee", "entry"))
DOVE, FINCH = id_of("dove"), id_of("finch")
MOVED, LATE, CALLED_OFF = id_of("finch 2"), id_of("finch 3"), id_of("dove 2")
"""Facts of the stops, causes of what they decide."""
LARGE, SMALL = {"key": "large", "counters": 2}, {"key": "small", "counters": 1}
MINUTE = timedelta(minutes=1)
BOOKED, RESCHEDULED, DELAYED = (("confirmation", "reminder"), ("rescheduling", "reminder"), ("delay", "reminder"))
"""What is told of each."""


def stop(place: str, vehicle: Mapping[str, Any], at: int, status: str = "scheduled", **more: Any) -> dict[str, Any]:
    begins = NINE + at * SLOT
    times = {"arrives_at": begins.isoformat(), "departs_at": (begins + 6 * SLOT).isoformat()}
    return {"status": status, "place": {"key": place}, "vehicle": vehicle, **times, **more}


def good() -> History:
    """Cid and Dee move with the Finch, which is late then. The Dove is called off.

    Ann takes what she is offered at the Finch; for Ben nothing is free, so he waits. Eva held a time at the Dove.
    """
    story = Story()

    def tell(name: str, type: str, says: Mapping[str, Any], *purposes: str, **more: Any) -> None:
        moment = DAYS_BEFORE + len(story.facts) * MINUTE
        story.tell(name, type, says, *purposes, happened_at=moment, **more)

    def has(name: str, type: str, place: str, at: int, *purposes: str, **more: Any) -> None:
        status, cause = more.pop("status", "confirmed"), more.pop("cause", None)
        says = {"appointment": state(str(id_of(place)), at, status), "before": state(str(id_of(place)), at - 1), **more}
        seats = seat(f"{id_of(place)}-1", at) if status != "cancelled" else ()
        tell(name, type, says, *purposes, owner=id_of(name), seats=seats, cause=cause)

    def announce(name: str, type: str, state: Mapping[str, Any], **more: Any) -> None:
        tell(name, f"MobilStop{type}", {"stop": state, **more}, service="mobile_office")

    announce("dove", "Scheduled", stop("vierlinden", LARGE, 0))
    announce("finch", "Scheduled", stop("marxloh", SMALL, 0))
    for at, (name, place) in enumerate([("ann", "dove"), ("ben", "dove"), ("cid", "finch"), ("dee", "finch")]):
        has(name, "AppointmentBooked", place, at, *BOOKED)
    announce("finch", "Rescheduled", stop("marxloh", SMALL, 1), reason="planner-1")
    has("cid", "AppointmentRescheduled", "finch", 3, *RESCHEDULED, cause=MOVED, by="city")
    has("dee", "AppointmentRescheduled", "finch", 4, *RESCHEDULED, cause=MOVED, by="city")
    announce("finch", "Delayed", stop("marxloh", SMALL, 1, reason="driver-1"))
    has("cid", "AppointmentDelayed", "finch", 3, *DELAYED, cause=LATE)
    has("dee", "AppointmentDelayed", "finch", 4, *DELAYED, cause=LATE)
    announce("dove", "Cancelled", stop("vierlinden", LARGE, 0, "cancelled", reason="driver-2"))
    has("ann", "AlternativeOffered", "finch", 5, "alternative", status="offered", cause=CALLED_OFF)
    lost = {"status": "cancelled", "by": "city", "waiting": str(ENTRY)}
    has("ben", "AppointmentCancelled", "dove", 1, "cancellation", cause=CALLED_OFF, **lost)
    tell("entry", "WaitingListJoined", {"instead_of": str(BEN)}, cause=CALLED_OFF)
    has("ann", "AppointmentRescheduled", "finch", 5, *RESCHEDULED, by="citizen")
    hour = NINE + SLOT, NINE + 7 * SLOT
    announced = [
        Stop(DOVE, 2, "cancelled", "Vierlinden", NINE, NINE + 6 * SLOT, 2, 0, frozenset()),
        Stop(FINCH, 3, "scheduled", "Marxloh", *hour, 1, 20, frozenset()),
    ]
    return History(
        operations=[
            operation("book", "ann", station=str(DOVE)),
            operation("book", "ben", station=str(DOVE)),
            operation("book", "cid", station=str(FINCH)),
            operation("book", "dee", station=str(FINCH)),
            operation("publish", "planner-1", stops=(FINCH,)),
            operation("delay", "driver-1", stops=(FINCH,)),
            operation("call-off", "driver-2", stops=(DOVE,)),
            operation("hold", "eva", station=str(DOVE), starts_at=NINE + 2 * SLOT, number=None),
            operation("confirm", "eva", Ended.REFUSED, station=str(DOVE), starts_at=NINE + 2 * SLOT),
        ],
        counters={str(DOVE): 2, str(FINCH): 1},
        appointments=[
            Appointment(ANN, 3, "confirmed", "N-ann", "ann", seat(f"{FINCH}-1", 5), decided_on=True),
            Appointment(BEN, 2, "cancelled", "N-ben", "ben", seat(f"{DOVE}-1", 1), decided_on=True, by="city"),
            Appointment(CID, 3, "confirmed", "N-cid", "cid", seat(f"{FINCH}-1", 3), decided_on=True),
            Appointment(DEE, 3, "confirmed", "N-dee", "dee", seat(f"{FINCH}-1", 4), decided_on=True),
        ],
        taken={(f"{FINCH}-1", NINE + at * SLOT): who for at, who in ((3, CID), (4, DEE), (5, ANN))},
        committed=story.facts,
        log=[logged(row, offset) for offset, row in enumerate(story.facts)],
        notices=story.notices,
        messages=[Message(id_of(f"{each.id} mail"), each.id, "mail", "superseded") for each in story.notices],
        arrived=[],
        faults=[],
        others=[
            Standing(DOVE, 2, "stop", "cancelled", "Vierlinden"),
            Standing(FINCH, 3, "stop", "scheduled", "Marxloh"),
            Standing(ENTRY, 1, "entry", "waiting", "ben", date(2027, 1, 31)),
        ],
        announced=announced,
        known=announced,
        travel={("vierlinden", "marxloh"): 2 * SLOT, ("marxloh", "vierlinden"): 2 * SLOT},
        today=date(2026, 12, 20),
    )


def test_a_good_history_breaks_nothing() -> None:
    assert check(good()) == {}


def having(history: History, at: int, **values: Any) -> History:
    """The same, but an appointment stands differently."""
    return replace(history, appointments=changed(history.appointments, at, **values))


def news_of_the_dove(history: History) -> History:
    """Ann, known to be booked there, is told as a subscriber before her own message is planned."""
    notices = [
        replace(each, addresses={"mail": "ann's"}, planned_at=each.matter_version * 100) if each.matter == ANN else each
        for each in history.notices
    ]
    news = Notice(id_of("news"), DOVE, "stop-cancelled", "delivered", CALLED_OFF, addresses={"mail": "ann's"})
    message = Message(id_of("news mail"), news.id, "mail", "delivered", attempts=(Attempt(160, 161),))
    arrived = [Arrived(str(message.id), "mail", "ann")]
    return replace(history, notices=[*notices, news], messages=[*history.messages, message], arrived=arrived)


def told_twice(history: History) -> History:
    """Ben hears in a message of its own that he waits."""
    notice = Notice(id_of("waiting"), ENTRY, "waiting", "superseded", CALLED_OFF)
    message = Message(id_of("waiting mail"), notice.id, "mail", "superseded")
    return replace(history, notices=[*history.notices, notice], messages=[*history.messages, message])


def parallel(history: History) -> History:
    """One vehicle is announced for both stops."""
    return saying(history, "MobilStopScheduled", 1, says={"stop": stop("marxloh", LARGE, 7)})


def confirmed_there(history: History) -> History:
    """Eva has what was held at the Dove."""
    eva = Appointment(id_of("eva"), 1, "confirmed", "N-eva", "eva", seat(f"{DOVE}-2", 2))
    return replace(history, appointments=[*history.appointments, eva])


BROKEN: list[tuple[str, str, Callable[[History], History]]] = [
    ("I1", "confirming it was refused", lambda h: saying(h, "MobilStopCancelled", aggregate=FINCH)),
    ("I2", "eva was refused, but has N-eva", confirmed_there),
    (
        "I3",
        "was given to",
        lambda h: saying(h, "MobilStopRescheduled", type="de.nahbar.mobile_office.MobilStopDelayed"),
    ),
    ("I5", "version 4 of stop", lambda h: standing(h, 1, version=4)),
    ("I6", "a change that did not happen", lambda h: standing(h, 1, version=2)),
    ("I9", "nobody is told the delay", lambda h: without_notice(h, "delay")),
    ("I10", "the stop-cancelled of", news_of_the_dove),
    ("I10", "waits was told a second time", told_twice),
    ("I11", "ben still waits", lambda h: replace(h, today=date(2027, 2, 1))),
    ("I14", "ben (N-ben) is confirmed at the cancelled stop", lambda h: having(h, 1, status="confirmed")),
    (
        "I14",
        "eva (N-eva) is confirmed at the cancelled stop",
        confirmed_there,
    ),
    ("I14", "whose deadline is over", lambda h: having(h, 0, status="offered")),
    ("I14", "which the stop does not have", lambda h: having(h, 2, seats=seat(f"{FINCH}-1", 0))),
    ("I14", "which the stop does not have", lambda h: having(h, 2, seats=seat(f"{FINCH}-2", 3))),
    ("I14", "at a cancelled stop", lambda h: replace(h, taken={**h.taken, (f"{DOVE}-1", NINE): BEN})),
    ("I15", "was decided on 2 times", lambda h: saying(h, "AppointmentDelayed", cause=MOVED)),
    ("I15", "which did not change", lambda h: saying(h, "AlternativeOffered", cause=None)),
    ("I15", "which did not change", lambda h: saying(h, "AppointmentCancelled", cause=MOVED)),
    (
        "I15",
        "offered the stop that was cancelled",
        lambda h: saying(h, "AlternativeOffered", says={"appointment": state(str(DOVE), 5, "offered")}),
    ),
    ("I15", "does not wait", lambda h: saying(h, "WaitingListJoined", says={"instead_of": str(ANN)})),
    ("I15", "does not wait", lambda h: saying(h, "WaitingListJoined", cause=None)),
    ("I16", "but appointments knows", lambda h: replace(h, known=changed(h.known, 1, delay_minutes=0))),
    ("I16", "but appointments knows None", lambda h: replace(h, known=without(h.known, 1))),
    ("I17", "at once, or on its way", parallel),
    (
        "I18",
        "announced 2 times",
        lambda h: saying(h, "MobilStopRescheduled", says={"stop": stop("marxloh", SMALL, 1), "reason": "driver-1"}),
    ),
    ("I18", "which nobody announced", lambda h: asked(h, "publish", ended=Ended.REFUSED)),
    ("I18", "which nobody announced", lambda h: asked(h, "publish", person="planner-2")),
    ("I18", "called off the stop", lambda h: asked(h, "call-off", stops=(DOVE, FINCH))),
    ("I18", "announced the delay of the stop", lambda h: asked(h, "delay", stops=(DOVE, FINCH))),
]


@pytest.mark.parametrize(("rule", "words", "change"), BROKEN, ids=[f"{rule} {words}" for rule, words, _ in BROKEN])
def test_a_broken_rule_is_found(rule: str, words: str, change: Callable[[History], History]) -> None:
    found = check(change(good()))
    assert any(words in violation for violation in found.get(rule, [])), found


def test_news_of_a_stop_is_no_repetition_where_the_booking_was_not_known_yet() -> None:
    history = news_of_the_dove(good())
    late = [replace(each, planned_at=each.planned_at + 200) for each in history.notices]
    assert "I10" not in check(replace(history, notices=late))


@pytest.mark.parametrize("kind", ["AlternativeOffered", "AppointmentCancelled"])
def test_a_time_only_offered_at_a_stop_that_moves_is_given_up_before_others_get_it(kind: str) -> None:
    offered = saying(good(), "AppointmentRescheduled", 1, type=f"de.nahbar.appointments.{kind}")
    assert "I3" not in check(offered)
    by_another = saying(offered, kind, 0, cause=CALLED_OFF)
    assert "I3" in check(by_another)


def test_a_vehicle_may_be_at_a_place_as_soon_as_another_is_off() -> None:
    history = parallel(good())
    first = fact(history, "MobilStopScheduled")
    gone = history.committed[first].happened_at
    assert "I17" not in check(saying(history, "MobilStopCancelled", happened_at=gone))


def test_every_rule_has_a_case() -> None:
    histories = [good_bookings(), good_changes(), parallel(good()), told(*FAIR["one seat is too few for two"])]
    assert set(RULES) == {rule for history in histories for rule, count in cases(history).items() if count}


def test_every_rule_is_broken() -> None:
    assert {rule for rule, *_ in (*BROKEN_BOOKINGS, *BROKEN_CHANGES, *BROKEN_LINES, *BROKEN)} == {*RULES, "rest"}
