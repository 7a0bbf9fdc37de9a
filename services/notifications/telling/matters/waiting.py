"""Telling those who wait: that they are in line, what is offered to them, what they missed, and when it is over."""

from datetime import datetime, timedelta

from services.notifications.purposes import Purpose
from services.notifications.telling.domain import (
    AT_ONCE,
    QUIET_HOURS_IGNORED,
    QUIET_HOURS_KEPT,
    Condition,
    MatterKind,
    Moment,
    Rule,
)
from shared.due import Urgency
from shared.events.appointments import (
    SeatOffered,
    SeatOfferEnded,
    WaitingFact,
    WaitingListJoined,
    WaitingListLeft,
)

WORTH_KNOWING = timedelta(days=4)
"""How long after the last day it is still told; longer than quiet hours at Christmas or Easter."""


def _until(fact: SeatOffered, _: datetime) -> datetime | None:
    return fact.entry.offer.until if fact.entry.offer else None


ANSWER_DUE = Moment("the deadline of the offer", _until)
LAST_DAY: Moment[WaitingFact] = Moment("the last day waited for", lambda fact, _: fact.alive_until)
DAYS_LATER: Moment[WaitingFact] = Moment(
    "four days after the last day waited for", lambda fact, _: fact.alive_until + WORTH_KNOWING
)

WITHDRAWN: Condition[SeatOfferEnded] = Condition("by a closure", lambda fact: fact.outcome == "withdrawn")
EXPIRED: Condition[SeatOfferEnded] = Condition("by expiry", lambda fact: fact.outcome == "expired")
ON_ONES_OWN: Condition[WaitingListJoined] = Condition(
    "on one's own wish",
    lambda fact: fact.instead_of is None,  # the cancellation tells whom the city put on the list
)
LAST_DAY_OVER: Condition[WaitingListLeft] = Condition(
    "because the last day is over", lambda fact: fact.entry.status == "over"
)


def _differs(known: WaitingFact, new: WaitingFact) -> bool:
    """Another status, or another time offered."""
    before, after = known.entry.offer, new.entry.offer
    return (known.entry.status, before and before.id) != (new.entry.status, after and after.id)


WAITING_LIST = MatterKind(
    WaitingFact,
    (
        Rule(
            WaitingListJoined,
            Purpose.WAITING,
            Urgency.DIRECT,
            AT_ONCE,
            LAST_DAY,
            QUIET_HOURS_IGNORED,
            ON_ONES_OWN,
        ),
        Rule(SeatOffered, Purpose.SEAT_OFFER, Urgency.URGENT, AT_ONCE, ANSWER_DUE, QUIET_HOURS_KEPT),
        Rule(SeatOfferEnded, Purpose.OFFER_ENDED, Urgency.DIRECT, AT_ONCE, LAST_DAY, QUIET_HOURS_KEPT, EXPIRED),
        Rule(SeatOfferEnded, Purpose.OFFER_ENDED, Urgency.URGENT, AT_ONCE, LAST_DAY, QUIET_HOURS_KEPT, WITHDRAWN),
        Rule(
            WaitingListLeft,
            Purpose.WAITING_OVER,
            Urgency.REMINDER,
            AT_ONCE,
            DAYS_LATER,
            QUIET_HOURS_KEPT,
            LAST_DAY_OVER,
        ),
    ),
    _differs,
)
