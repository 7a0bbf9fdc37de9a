"""What is news, who hears it, and when the digest of a day goes out.

A new kind of news is a row of `RULES`, its topic, and the templates of its purposes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid5

from services.notifications.purposes import Purpose
from services.notifications.subscribing.domain import Topic
from shared.calendar import is_quiet
from shared.city import City
from shared.clock import BERLIN
from shared.events.appointments import StationClosed
from shared.events.base import Fact
from shared.events.mobile_office import MobilStopCancelled, MobilStopScheduled, StopFact, StopState
from shared.events.registry import FACTS

DIGEST_TIME = time(17)
GRACE = timedelta(minutes=2)
"""How long news waits for the messages to those whose own appointment the same fact concerns."""
GATHERED_FOR = timedelta(minutes=5)
"""How long new stops of a week that is published are gathered, so that they come in one message."""

F = TypeVar("F", bound=Fact)


class Audience(StrEnum):
    """The people that hear news."""

    SUBSCRIBED = "subscribers of the district"
    TOLD_BEFORE = "subscribers who heard of it"
    BOTH = "subscribers of the district, and those who heard of it"


@dataclass(frozen=True, slots=True)
class Telling:
    """What is told to whom.

    `words` say in the documentation of which fact. It waits for a `grace`; `gathered` with other such news it comes in
    one message, like a digest, to those who want news at once too.
    """

    words: str
    purpose: Purpose
    audience: Audience
    grace: timedelta = timedelta()
    gathered: bool = False


@dataclass(frozen=True, slots=True)
class NewsRule(Generic[F]):
    """A row of the table: which fact is news to whom.

    `district` is where it belongs, `quarter` narrows that to a part of it. `telling` chooses of the `tellings`. `said`
    is what people would notice: only a fact in which that differs is told. `words` say in the documentation until when
    it is useful.
    """

    fact: type[F]
    topic: Topic
    tellings: tuple[Telling, ...]
    telling: Callable[[F], Telling]
    words: str
    district: Callable[[F], int]
    quarter: Callable[[F], int | None]
    useful_until: Callable[[F], datetime]
    said: Callable[[F], object]


CLOSED = Telling("StationClosed", Purpose.CLOSURE, Audience.SUBSCRIBED)
LIFTED = Telling("StationClosed that takes back", Purpose.CLOSURE_LIFTED, Audience.TOLD_BEFORE)

STOP = Telling("MobilStopScheduled", Purpose.STOPS, Audience.SUBSCRIBED, gathered=True)
STOP_CHANGED = Telling("MobilStopRescheduled", Purpose.STOP_CHANGED, Audience.BOTH, GRACE)
STOP_CANCELLED = Telling("MobilStopCancelled", Purpose.STOP_CANCELLED, Audience.TOLD_BEFORE, GRACE)


def _telling_of_stop(fact: StopFact) -> Telling:
    """A delay is told only where another fact was missed, and then as the change that is new."""
    if isinstance(fact, MobilStopScheduled):
        return STOP
    return STOP_CANCELLED if isinstance(fact, MobilStopCancelled) else STOP_CHANGED


def _said_of_stop(stop: StopState) -> tuple[object, ...]:
    return stop.status, stop.arrives_at, stop.departs_at, stop.place.name, stop.place.landmark


RULES: tuple[NewsRule[Any], ...] = (
    NewsRule(
        StationClosed,
        Topic.STATIONS,
        (CLOSED, LIFTED),
        lambda fact: CLOSED if fact.closure.closes_station else LIFTED,
        words="the end of the last closed day",
        district=lambda fact: fact.closure.place.district,
        quarter=lambda _: None,
        useful_until=lambda fact: fact.alive_until,
        said=lambda fact: (fact.closure.closes_station, fact.closure.first_day, fact.closure.last_day),
    ),
    NewsRule(
        StopFact,
        Topic.BUERGERMOBIL,
        (STOP, STOP_CHANGED, STOP_CANCELLED),
        _telling_of_stop,
        words="the departure",
        district=lambda fact: fact.stop.place.district,
        quarter=lambda fact: fact.stop.place.quarter,
        useful_until=lambda fact: fact.alive_until,
        said=lambda fact: _said_of_stop(fact.stop),
    ),
)

NEWS: tuple[type[Fact], ...] = tuple(fact for fact in FACTS if issubclass(fact, tuple(rule.fact for rule in RULES)))
"""The facts that may be news."""

_TELLINGS = tuple(telling for rule in RULES for telling in rule.tellings)
GATHERED = frozenset({Purpose.DIGEST, *(telling.purpose for telling in _TELLINGS if telling.gathered)})
"""The purposes of messages that tell several news at once."""


def rule_of(fact: Fact) -> NewsRule[Any]:
    """The rule for a fact that is news."""
    return next(rule for rule in RULES if isinstance(fact, rule.fact))


def reach_of(rule: NewsRule[F], fact: F, city: City) -> Mapping[str, Any]:
    """Whose news it is: the district, and the quarters whose subscribers hear it too (all, where it names none)."""
    district, quarter = rule.district(fact), rule.quarter(fact)
    within = [each.number for known in city.districts if known.number == district for each in known.quarters]
    return {"district": district, "quarters": within if quarter is None else [quarter]}


def in_order(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """News as a message tells it: what is over first comes first."""
    return tuple(sorted(facts, key=lambda fact: rule_of(fact).useful_until(fact)))


@dataclass(frozen=True, slots=True)
class Circular:
    """What goes to a subscriber: the facts it tells of, in the reader's language (BCP 47), on a day.

    `unsubscribe_url` is where the subscription can be ended; None in messages that somebody asked for just now.
    """

    facts: tuple[Fact, ...] = field(hash=False)
    language: str
    day: date
    unsubscribe_url: str | None = None


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A hearer of news: a subscription with the key of its address."""

    id: UUID
    address: str
    channel: str
    digest: bool


def digest_purpose(subscriber: Subscriber, facts: Sequence[Fact]) -> Purpose:
    """What a message with several news is for; gathered news of one kind goes out under its own name."""
    purposes = {rule_of(fact).telling(fact).purpose for fact in facts}
    return purposes.pop() if not subscriber.digest and len(purposes) == 1 and purposes <= GATHERED else Purpose.DIGEST


def digest_cause(subscription: UUID, items: Sequence[tuple[UUID, int]]) -> UUID:
    """The id of a digest's chain: that of the news in it, by matter and version, so that none is told twice."""
    return uuid5(subscription, " ".join(f"{matter}/{version}" for matter, version in sorted(items)))


def next_digest(now: datetime) -> datetime:
    """When the digest that news of now belong to goes out: at 17:00, on a day that is no Sunday or holiday."""
    moment = datetime.combine(now.astimezone(BERLIN).date(), DIGEST_TIME, BERLIN)
    while moment <= now or is_quiet(moment):
        moment = datetime.combine(moment.date() + timedelta(days=1), DIGEST_TIME, BERLIN)
    return moment.astimezone(now.tzinfo)
