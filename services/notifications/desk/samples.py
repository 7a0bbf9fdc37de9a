"""What every text looks like: the texts of a purpose, made of the examples in the contract of the facts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import shared.events
from services.notifications.links.domain import Open, OpenMatter, OpenMatters
from services.notifications.news.domain import PURPOSES, Circular
from services.notifications.telling.matters import KINDS
from services.notifications.telling.purposes import Purpose
from services.notifications.writing.sms import plain, segments
from services.notifications.writing.texts import MailText, Review, Subject, Texts
from shared.events.appointments import AppointmentBooked, DecidedBy, SeatOffered, StationClosed, WaitingListJoined
from shared.events.base import Fact
from shared.events.links import LinksRequested
from shared.events.personal import Contact, PersonalFact
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


def _at_counter(**values: Any) -> Change:
    """The examples are of appointments by video; at a counter they take place at the station of the closure's."""

    def change(fact: Any) -> Any:
        at = {"kind": "counter", "place": _example(StationClosed).closure.place}
        before = {"before": fact.before.model_copy(update=at)} if hasattr(fact, "before") else {}
        return fact.model_copy(update={**values, **before, "appointment": fact.appointment.model_copy(update=at)})

    return change


_AT_COUNTER = Wording(N_("am Schalter"), _at_counter())
_BY_VIDEO = Wording(N_("per Video"), _changed())
_DECIDED = (
    Wording(N_("von der Person gewünscht"), _at_counter(by=DecidedBy.CITIZEN, reason=None)),
    Wording(N_("von der Stadt entschieden"), _at_counter(by=DecidedBy.CITY, reason=REASON)),
    _BY_VIDEO,
)
_THE_ONLY_ONE = (Wording("", _changed()),)

WORDINGS: Mapping[Purpose, Sequence[Wording]] = MappingProxyType(
    {
        **dict.fromkeys(Purpose, _THE_ONLY_ONE),
        **dict.fromkeys((Purpose.CONFIRMATION, Purpose.STILL_BOOKED, Purpose.MISSED), (_AT_COUNTER, _BY_VIDEO)),
        **dict.fromkeys((Purpose.RESCHEDULING, Purpose.CANCELLATION), _DECIDED),
        Purpose.ALTERNATIVE: (Wording("", _at_counter()),),
        Purpose.REMINDER: (
            _AT_COUNTER,
            replace(_AT_COUNTER, case=N_("am Schalter, ohne Antwort per SMS"), asks=False),
            _BY_VIDEO,
        ),
        Purpose.OFFER_ENDED: (
            Wording(N_("keine Antwort"), _changed(outcome="expired")),
            Wording(N_("wegen einer Schließung"), _changed(outcome="withdrawn")),
        ),
    }
)
"""How each purpose can be worded."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One wording of a purpose in a language; `case` is empty where there is only one."""

    case: str
    mail: MailText
    sms: str

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
    return Sample(wording.case, texts.mail(purpose, subject, contact), sms)


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
    facts = {Purpose.CLOSURE: (closed,), Purpose.CLOSURE_LIFTED: (lifted,), Purpose.DIGEST: (closed, lifted)}
    end = f"{address}/notifications/unsubscribe/{TOKEN}" if purpose in PURPOSES else None
    contact = PERSON.model_copy(update={"name": "", "manage_url": f"{address}/notifications/m/{TOKEN}"})
    return Circular(facts.get(purpose, ()), language.code, closed.closure.first_day, end), contact


def _example(kind: type[Fact]) -> Any:
    return kind.model_validate_json((EXAMPLES / f"{kind.__name__}.v{kind.schema_version}.json").read_bytes())
