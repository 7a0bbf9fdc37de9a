"""What every text looks like: the texts of a purpose, made of the examples in the contract of the facts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import shared.events
from services.notifications.links.domain import Open, OpenMatter, OpenMatters
from services.notifications.telling.matters import KINDS
from services.notifications.telling.purposes import Purpose
from services.notifications.writing.sms import plain, segments
from services.notifications.writing.texts import MailText, Review, Subject, Texts
from shared.events.appointments import AppointmentBooked, SeatOffered, WaitingListJoined
from shared.events.links import LinksRequested
from shared.events.personal import Contact, PersonalFact
from shared.web.i18n import MESSAGE_LANGUAGES, Language

EXAMPLES = Path(shared.events.__file__).parent / "examples"
ANSWERS = {Purpose.STILL_BOOKED: AppointmentBooked}
"""Purposes that answer a reply instead of telling a fact, with a fact they may be about."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The texts of a purpose in a language; `review` is None while nobody has checked them."""

    language: Language
    mail: MailText
    sms: str
    review: Review | None

    @property
    def parts(self) -> int:
        """How many segments the SMS takes."""
        return segments(self.sms)


def facts_to_tell() -> dict[Purpose, type[PersonalFact]]:
    """A fact for each purpose that concerns one person."""
    told = {rule.purpose: rule.fact for kind in KINDS for rule in reversed(kind.rules)}
    return {purpose: told[purpose] for purpose in Purpose if purpose in told} | ANSWERS


def samples_of(texts: Texts, purpose: Purpose, fact: type[PersonalFact], address: str) -> Sequence[Sample]:
    """The texts of a purpose in every language.

    Args:
        address: of the city's pages, for the links.
    """
    example = _example(fact)
    url = f"{address}/appointments/m/{'x' * 46}"
    contact = Contact(
        name="Erika Mustermann",
        mail="erika.mustermann@stadt.example",
        phone="+4915228817386",
        manage_url=url,
        cancel_url=f"{url}/cancel",
    )
    found = []
    for language in MESSAGE_LANGUAGES:
        state = example.personal.model_copy(update={"language": language.code})
        said = _subject(example.model_copy(update={example.state_field: state}), url)
        sms = plain(texts.sms(purpose, said, contact, asks=True))
        mail = texts.mail(purpose, said, contact)
        found.append(Sample(language, mail, sms, texts.review(language, purpose)))
    return found


def _example(fact: type[PersonalFact]) -> PersonalFact:
    return fact.model_validate_json((EXAMPLES / f"{fact.__name__}.v{fact.schema_version}.json").read_bytes())


def _subject(fact: PersonalFact, url: str) -> Subject:
    """What the texts say: the fact, or what answers it."""
    if not isinstance(fact, LinksRequested):
        return fact
    found = [_example(AppointmentBooked), _example(SeatOffered), _example(WaitingListJoined)]
    return OpenMatters(fact, tuple(OpenMatter(each, url) for each in found if isinstance(each, Open)))
