"""What the texts of every purpose are tested with, in every language."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from services.notifications.links.domain import OpenMatter, OpenMatters
from services.notifications.news.domain import Circular
from services.notifications.purposes import Purpose
from services.notifications.writing.texts import Subject
from shared.events.appointments import AppointmentFact, DecidedBy
from shared.events.base import Fact
from tests.notifications.facts import (
    MANAGE_URL,
    MONDAY_NOON,
    UNSUBSCRIBE_URL,
    barrier,
    booked,
    cancelled,
    closed,
    delayed,
    hall_closed,
    left,
    links_requested,
    missed,
    near,
    offer_ended,
    offered,
    rescheduled,
    seat_offered,
    waiting,
)
from tests.notifications.stops import NAME, booked_at, scheduled, stop_cancelled, stop_moved


@dataclass(frozen=True, slots=True)
class Sample:
    """A fact that a notice follows from, in a language, decided by somebody; and what the notice must say.

    `needed` stands in mail and SMS, the first of it in the subject. `turning` and `names` stand in the mail: numbers
    and times that must not turn round in a text from right to left, and German proper names. `titled` stands in the
    subject instead of the first that is needed; `short` in the SMS where there is no room for all that is needed;
    `greeted` says whether the reader's name is known.
    """

    make: Callable[[str, DecidedBy], Subject]
    needed: Sequence[str]
    turning: Sequence[str]
    names: Sequence[str]
    titled: str | None = None
    short: Sequence[str] | None = None
    greeted: bool = True


_STATION = "Bürger-Service-Station Hamborn"


def _appointment_sample(make: Callable[[AppointmentFact, DecidedBy], AppointmentFact]) -> Sample:
    return Sample(
        lambda language, by: make(booked(language=language), by),
        needed=("4711-0815", "09:20", _STATION, MANAGE_URL),
        turning=("4711-0815", "09:20"),
        names=(_STATION,),
    )


def _circular_sample(*facts: Fact, names: Sequence[str] = (), titled: str = "") -> Sample:
    return Sample(
        lambda language, _: Circular(facts, language, MONDAY_NOON.date(), UNSUBSCRIBE_URL),
        needed=(MANAGE_URL, titled),
        turning=(),
        names=names,
        titled=titled,
        greeted=False,
    )


SAMPLES: Mapping[Purpose, Sample] = {
    Purpose.CONFIRMATION: _appointment_sample(lambda fact, _: fact),
    Purpose.REMINDER: _appointment_sample(lambda fact, _: fact),
    Purpose.RESCHEDULING: _appointment_sample(lambda fact, by: rescheduled(fact, by, "Krankheit")),
    Purpose.DELAY: Sample(
        lambda language, by: delayed(booked_at(scheduled(), language=language), 20),
        needed=("4711-0815", "09:40", MANAGE_URL),
        turning=("4711-0815", "09:40"),
        names=(NAME,),
    ),
    Purpose.ALTERNATIVE: _appointment_sample(lambda fact, _: offered(fact)),
    Purpose.STILL_BOOKED: replace(
        _appointment_sample(lambda fact, _: fact), short=("4711-0815", "09:20", "Hamborn", MANAGE_URL)
    ),
    Purpose.CANCELLATION: _appointment_sample(lambda fact, by: cancelled(fact, by, "Krankheit")),
    Purpose.MISSED: replace(_appointment_sample(lambda fact, _: missed(fact)), short=("4711-0815", "26", MANAGE_URL)),
    Purpose.TURN: Sample(
        lambda language, _: near(language=language),
        needed=("A 017", MANAGE_URL),
        turning=("A 017",),
        names=(_STATION,),
    ),
    Purpose.HALL_CLOSED: Sample(
        lambda language, _: hall_closed(language=language),
        needed=("A 017", MANAGE_URL),
        turning=("A 017",),
        names=(_STATION,),
    ),
    Purpose.WAITING: Sample(
        lambda language, _: waiting(language=language), ("Duisburg", MANAGE_URL), (), (_STATION, "Duisburg")
    ),
    Purpose.SEAT_OFFER: Sample(
        lambda language, _: seat_offered(waiting(language=language)),
        needed=("09:20", "14:00", "Hamborn", MANAGE_URL),
        turning=("09:20", "14:00"),
        names=(_STATION,),
    ),
    Purpose.OFFER_ENDED: Sample(
        lambda language, by: offer_ended(
            seat_offered(waiting(language=language)), "expired" if by is DecidedBy.CITIZEN else "withdrawn"
        ),
        ("09:20", MANAGE_URL),
        ("09:20",),
        (_STATION,),
    ),
    Purpose.WAITING_OVER: Sample(
        lambda language, _: left(waiting(language=language)), ("Duisburg", MANAGE_URL), (), (_STATION,)
    ),
    Purpose.LINKS: Sample(
        lambda language, _: OpenMatters(links_requested(language=language), (OpenMatter(booked(), MANAGE_URL),)),
        needed=("09:20", MANAGE_URL),
        turning=("09:20", "4711-0815"),
        names=(),
        titled="Duisburg",
        greeted=False,
    ),
    Purpose.SUBSCRIPTION: _circular_sample(),
    Purpose.SUBSCRIPTION_LINK: _circular_sample(),
    Purpose.CLOSURE: _circular_sample(closed(), names=(_STATION,), titled=_STATION),
    Purpose.CLOSURE_LIFTED: _circular_sample(closed(status="lifted"), names=(_STATION,), titled=_STATION),
    Purpose.STOPS: _circular_sample(scheduled(), names=(NAME,), titled="Altmarkt Hamborn"),
    Purpose.STOP_CHANGED: _circular_sample(stop_moved(scheduled()), names=(NAME,), titled="Altmarkt Hamborn"),
    Purpose.STOP_CANCELLED: _circular_sample(stop_cancelled(scheduled()), names=(NAME,), titled="Altmarkt Hamborn"),
    Purpose.BARRIER: Sample(
        lambda language, _: barrier(language=language), ("B-3F2A-91BC", MANAGE_URL), ("B-3F2A-91BC",), ()
    ),
    Purpose.DIGEST: _circular_sample(
        closed(),
        closed(status="lifted"),
        scheduled(),
        stop_moved(scheduled()),
        stop_cancelled(scheduled()),
        names=(_STATION, NAME),
    ),
}
"""One for every purpose: the texts of all languages are tested with them."""


def fact_for(purpose: Purpose, language: str = "de", by: DecidedBy = DecidedBy.CITIZEN) -> Subject:
    """A fact that a notice of this purpose follows from."""
    return SAMPLES[purpose].make(language, by)
