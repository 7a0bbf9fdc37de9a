"""What every text looks like: the texts of a purpose, made of the examples in the contract of the facts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import shared.events
from services.notifications.links.domain import Open, OpenMatter, OpenMatters
from services.notifications.news.domain import Circular
from services.notifications.purposes import NEWS_PURPOSES, Purpose
from services.notifications.telling.matters import KINDS
from services.notifications.writing.sms import plain, segments
from services.notifications.writing.texts import MailText, Subject, Texts
from shared.events.appointments import (
    AppointmentBooked,
    AppointmentDelayed,
    DecidedBy,
    Place,
    SeatOffered,
    StationClosed,
    WaitingListJoined,
)
from shared.events.base import Fact
from shared.events.links import LinksRequested
from shared.events.mobile_office import MobilStopCancelled, MobilStopRescheduled, MobilStopScheduled, StopReason
from shared.events.personal import Contact, PersonalFact
from shared.texts import Review
from shared.web.i18n import MESSAGE_LANGUAGES, Language
from shared.web.staff.visit import N_

EXAMPLES = Path(shared.events.__file__).parent / "examples"
TOKEN = "x" * 46
REASON = "Wasserschaden"
PERSON = Contact(name="Erika Mustermann", mail="erika.mustermann@stadt.example", phone="+4915228817386", manage_url="")
ANSWERS = {Purpose.STILL_BOOKED: AppointmentBooked}
"""Purposes that answer a reply instead of telling a fact, with a fact they may be about."""

Change = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Wording:
    """One of the wordings of a purpose: in which case, and what makes the example of the contract such a case.

    `asks` says whether the SMS can be answered.
    """

    case: str
    change: Change
    asks: bool = True


def _changed(**values: Any) -> Change:
    return lambda fact: fact.model_copy(update=values)


def _late(minutes: int, change: Change = lambda fact: fact) -> Change:
    """The Bürgermobil is late."""
    return lambda fact: _with_state(change(fact), delay_minutes=minutes)


def _with_state(fact: Any, **values: Any) -> Any:
    return fact.model_copy(update={"appointment": fact.appointment.model_copy(update=values)})


def _at_counter(**values: Any) -> Change:
    """The examples are of appointments by video; at a counter they take place at the station of the closure's."""
    return _at("counter", _station, values)


def _at_stop(**values: Any) -> Change:
    """The same at the stop of the delay's."""
    return _at("stop", _stop, values)


def _at(kind: str, place: Callable[[], Place], values: Mapping[str, Any]) -> Change:
    def change(fact: Any) -> Any:
        at = {"kind": kind, "place": place()}
        before = {"before": fact.before.model_copy(update=at)} if hasattr(fact, "before") else {}
        return fact.model_copy(update={**values, **before, "appointment": fact.appointment.model_copy(update=at)})

    return change


def _station() -> Place:
    """The station of the closure's; the examples show every field, but only stops have a quarter."""
    place: Place = _example(StationClosed).closure.place
    return place.model_copy(update={"quarter": None})


def _stop() -> Place:
    place: Place = _example(AppointmentDelayed).appointment.place
    return place


def _no_longer_offered(place: Callable[[], Place], outcome: str) -> Change:
    return lambda fact: fact.model_copy(
        update={"outcome": outcome, "offer": fact.offer.model_copy(update={"place": place()})}
    )


def _offered_at_station(fact: Any) -> Any:
    offer = fact.entry.offer.model_copy(update={"place": _station()})
    return fact.model_copy(update={"entry": fact.entry.model_copy(update={"offer": offer})})


_AT_COUNTER = Wording(N_("am Schalter"), _at_counter())
_AT_STOP = Wording(N_("am Bürgermobil"), _at_stop())
_LATE = Wording(N_("am Bürgermobil, verspätet"), _late(20, _at_stop()))
_BY_VIDEO = Wording(N_("per Video"), _changed())
_BROKEN_DOWN: Mapping[str, Any] = {
    "by": DecidedBy.CITY,
    "reason": REASON,
    "known_reason": StopReason.BREAKDOWN,
}


def _decided(**values: Any) -> Sequence[Wording]:
    wanted = {"by": DecidedBy.CITIZEN, "reason": None, "known_reason": None, **values}
    return (
        Wording(N_("von der Person gewünscht"), _at_counter(**wanted)),
        Wording(N_("von der Stadt entschieden"), _at_counter(**wanted | {"by": DecidedBy.CITY, "reason": REASON})),
        replace(_AT_STOP, change=_at_stop(**{**values, **_BROKEN_DOWN})),
        replace(_BY_VIDEO, change=_changed(**values)),
    )


_THE_ONLY_ONE = (Wording("", _changed()),)

WORDINGS: Mapping[Purpose, Sequence[Wording]] = MappingProxyType(
    {
        **dict.fromkeys(Purpose, _THE_ONLY_ONE),
        **dict.fromkeys((Purpose.CONFIRMATION, Purpose.STILL_BOOKED), (_AT_COUNTER, _AT_STOP, _LATE, _BY_VIDEO)),
        Purpose.MISSED: (_AT_COUNTER, _AT_STOP, _BY_VIDEO),
        Purpose.RESCHEDULING: _decided(),
        Purpose.CANCELLATION: (
            *_decided(waiting=None),
            Wording(N_("von der Stadt entschieden, auf die Warteliste"), _at_stop(**_BROKEN_DOWN)),
        ),
        Purpose.DELAY: (
            Wording(N_("verspätet"), _changed()),
            Wording(N_("doch pünktlich"), _late(0)),
        ),
        Purpose.ALTERNATIVE: (
            _AT_COUNTER,
            replace(_AT_STOP, change=_at_stop(known_reason=StopReason.BREAKDOWN)),
        ),
        Purpose.REMINDER: (
            _AT_COUNTER,
            replace(_AT_COUNTER, case=N_("am Schalter, ohne Antwort per SMS"), asks=False),
            _AT_STOP,
            _LATE,
            _BY_VIDEO,
        ),
        Purpose.SEAT_OFFER: (Wording("", _offered_at_station),),
        Purpose.OFFER_ENDED: (
            Wording(N_("keine Antwort"), _no_longer_offered(_station, "expired")),
            Wording(N_("wegen einer Schließung"), _no_longer_offered(_station, "withdrawn")),
            Wording(N_("weil das Bürgermobil nicht kommt"), _no_longer_offered(_stop, "withdrawn")),
        ),
    }
)
"""How each purpose can be worded."""


@dataclass(frozen=True)
class Sample:
    """One wording of a purpose in a language; `case` is empty where there is only one, `write` writes the mail."""

    case: str
    sms: str
    write: Callable[[], MailText]

    @cached_property
    def mail(self) -> MailText:
        """The mail, written where it is looked at: the list of all texts shows none."""
        return self.write()

    @property
    def parts(self) -> int:
        """How many segments the SMS takes."""
        return segments(self.sms)


@dataclass(frozen=True, slots=True)
class Samples:
    """The texts of a purpose in a language; `review` is None while nobody has checked them."""

    language: Language
    review: Review | None
    wordings: Sequence[Sample]


def samples_of(texts: Texts, purpose: Purpose, address: str) -> Sequence[Samples]:
    """The texts of a purpose in every language.

    Args:
        address: of the city's pages, for the links.
    """
    return [
        Samples(
            language,
            texts.review(language, purpose),
            [_sample(texts, purpose, wording, language, address) for wording in WORDINGS[purpose]],
        )
        for language in MESSAGE_LANGUAGES
    ]


def _sample(texts: Texts, purpose: Purpose, wording: Wording, language: Language, address: str) -> Sample:
    told = _facts_to_tell().get(purpose)
    subject, contact = _personal(wording, told, language, address) if told else _circular(purpose, language, address)
    sms = plain(texts.sms(purpose, subject, contact, asks=wording.asks))
    return Sample(wording.case, sms, partial(texts.mail, purpose, subject, contact))


def _facts_to_tell() -> Mapping[Purpose, type[PersonalFact]]:
    """A fact for each purpose that concerns one person."""
    return {rule.purpose: rule.fact for kind in KINDS for rule in reversed(kind.rules)} | ANSWERS


def _personal(wording: Wording, told: type[PersonalFact], language: Language, address: str) -> tuple[Subject, Contact]:
    url = f"{address}/appointments/m/{TOKEN}"
    contact = PERSON.model_copy(update={"manage_url": url, "cancel_url": f"{url}/cancel"})
    fact = wording.change(_example(told))
    state = fact.personal.model_copy(update={"language": language.code})
    return _subject(fact.model_copy(update={fact.state_field: state}), url), contact


def _subject(fact: PersonalFact, url: str) -> Subject:
    """What the texts say: the fact, or what answers it."""
    if not isinstance(fact, LinksRequested):
        return fact
    found = [_example(AppointmentBooked), _example(SeatOffered), _example(WaitingListJoined)]
    return OpenMatters(fact, tuple(OpenMatter(each, url) for each in found if isinstance(each, Open)))


def _circular(purpose: Purpose, language: Language, address: str) -> tuple[Subject, Contact]:
    """What goes to a subscriber: it has no name, and what is news can be unsubscribed."""
    closed = _example(StationClosed)
    lifted = closed.model_copy(update={"closure": closed.closure.model_copy(update={"status": "lifted"})})
    new, changed = _example(MobilStopScheduled), _example(MobilStopRescheduled)
    cancelled = _example(MobilStopCancelled)
    facts = {
        Purpose.CLOSURE: (closed,),
        Purpose.CLOSURE_LIFTED: (lifted,),
        Purpose.STOPS: (new,),
        Purpose.STOP_CHANGED: (changed,),
        Purpose.STOP_CANCELLED: (cancelled,),
        Purpose.DIGEST: (closed, lifted, new, changed, cancelled),
    }
    end = f"{address}/notifications/unsubscribe/{TOKEN}" if purpose in NEWS_PURPOSES else None
    contact = PERSON.model_copy(update={"name": "", "manage_url": f"{address}/notifications/m/{TOKEN}"})
    return Circular(facts.get(purpose, ()), language.code, closed.closure.first_day, end), contact


@cache
def _example(kind: type[Fact]) -> Any:
    return kind.model_validate_json((EXAMPLES / f"{kind.__name__}.v{kind.schema_version}.json").read_bytes())
