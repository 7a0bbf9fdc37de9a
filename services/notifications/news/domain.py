"""What is news, who hears it, and when the digest of a day goes out.

A new kind of news is a row of `RULES`, its topic, and the templates of its two purposes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid5

from services.notifications.delivery.domain import Notice, notice_to
from services.notifications.subscribing.domain import Topic
from services.notifications.telling.purposes import Purpose
from shared.calendar import is_quiet
from shared.city import City
from shared.clock import BERLIN
from shared.due import Urgency
from shared.events.appointments import StationClosed
from shared.events.base import Fact

DIGEST_TIME = time(17)

F = TypeVar("F", bound=Fact)


@dataclass(frozen=True, slots=True)
class NewsRule(Generic[F]):
    """A row of the table: which fact is news to whom.

    `district` is where it belongs, `quarter` narrows that to a part of it. `withdrawn` says whether the fact takes the
    news back: then `withdrawal` is told, to those who heard the news. `said` is what people would notice: only a fact
    in which that differs is told. `words` say in the documentation until when it is useful.
    """

    fact: type[F]
    topic: Topic
    purpose: Purpose
    withdrawal: Purpose
    words: str
    district: Callable[[F], int]
    quarter: Callable[[F], int | None]
    useful_until: Callable[[F], datetime]
    withdrawn: Callable[[F], bool]
    said: Callable[[F], object]

    def purpose_of(self, fact: F) -> Purpose:
        """What subscribers are told of a fact."""
        return self.withdrawal if self.withdrawn(fact) else self.purpose


RULES: tuple[NewsRule[Any], ...] = (
    NewsRule(
        StationClosed,
        Topic.STATIONS,
        Purpose.CLOSURE,
        Purpose.CLOSURE_LIFTED,
        words="the end of the last closed day",
        district=lambda fact: fact.closure.place.district,
        quarter=lambda _: None,
        useful_until=lambda fact: fact.alive_until,
        withdrawn=lambda fact: not fact.closure.closes_station,
        said=lambda fact: (fact.closure.closes_station, fact.closure.first_day, fact.closure.last_day),
    ),
)


PURPOSES = frozenset({Purpose.DIGEST, *(rule.purpose for rule in RULES), *(rule.withdrawal for rule in RULES)})
"""The purposes of what subscribers are told; each such message says how to unsubscribe."""


def rule_of(fact: Fact) -> NewsRule[Any]:
    """The rule for a fact that is news."""
    return next(rule for rule in RULES if isinstance(fact, rule.fact))


def reach_of(rule: NewsRule[F], fact: F, city: City) -> Mapping[str, Any]:
    """Whose news it is: the district, and the quarters whose subscribers hear it too (all, where it names none)."""
    district, quarter = rule.district(fact), rule.quarter(fact)
    within = [each.number for known in city.districts if known.number == district for each in known.quarters]
    return {"district": district, "quarters": within if quarter is None else [quarter]}


@dataclass(frozen=True, slots=True)
class Circular:
    """What goes to a subscriber: the facts it tells of, in the reader's language (BCP 47), on a day.

    `unsubscribe_url` is where the subscription can be ended; None in messages that somebody asked for just now.
    """

    facts: tuple[Fact, ...]
    language: str
    day: date
    unsubscribe_url: str | None = None


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Who hears news: a subscription with the key of its address."""

    id: UUID
    address: str
    channel: str
    digest: bool


def news_notice(
    subscriber: Subscriber, matter: UUID, matter_version: int, cause: UUID, purpose: Purpose, useful_until: datetime
) -> Notice:
    """The notice that tells a subscriber news; its id is the same for whoever computes it, however often."""
    return notice_to(
        subscriber.address, subscriber.channel, matter, matter_version, cause, purpose, Urgency.BULK, useful_until
    )


def digest_cause(subscription: UUID, items: Sequence[tuple[UUID, int]]) -> UUID:
    """The id of a digest's chain: that of the news in it, by matter and version, so that none is told twice."""
    return uuid5(subscription, " ".join(f"{matter}/{version}" for matter, version in sorted(items)))


def next_digest(now: datetime) -> datetime:
    """When the digest that news of now belong to goes out: at 17:00, on a day that is no Sunday or holiday."""
    moment = datetime.combine(now.astimezone(BERLIN).date(), DIGEST_TIME, BERLIN)
    while moment <= now or is_quiet(moment):
        moment = datetime.combine(moment.date() + timedelta(days=1), DIGEST_TIME, BERLIN)
    return moment.astimezone(now.tzinfo)
