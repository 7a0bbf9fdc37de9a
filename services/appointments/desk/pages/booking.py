"""Booking for somebody on the phone or at the counter: what for and where, when, who, with or without messages."""

from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel, Field

from services.appointments.booking.api import HOLD_LINK
from services.appointments.booking.domain import HoldOver, NotOffered, Status, TimeTaken, hold_is_over
from services.appointments.booking.holds import hold, load_details, save_details
from services.appointments.booking.pages.draft import OneTimeKey
from services.appointments.booking.pages.times import ShownTimes, TimeForm, shown_times, stations_at
from services.appointments.booking.queries import Appointment, load_appointment
from services.appointments.booking.wishes import Wish
from services.appointments.desk import usecases
from services.appointments.desk.pages.visit import STAFF
from services.appointments.locks import Lock
from services.appointments.offer.domain import MOST_SERVICES, Audience, Kind, Station, able, keys_of, of_kind, too_many
from services.appointments.offer.pages import ANYWHERE, Choice, a_to_z, chosen_of
from services.appointments.offer.queries import Offer, load_offer
from services.appointments.persons.domain import Details, PersonInput, TypedDetails, check_person
from services.appointments.staff import Clerk
from shared.city import City
from shared.idempotency import claim_key
from shared.web.forms import FormErrors
from shared.web.i18n import MESSAGE_LANGUAGES, message_language
from shared.web.phones import phone_errors
from shared.web.staff.visit import StaffVisit

router = APIRouter(prefix=f"{STAFF}/book", include_in_schema=False)


class TimeChoice(Choice, ShownTimes):
    """What is wanted, and which of its times are shown."""


class PersonForm(BaseModel):
    """The person that comes, as typed; without a channel they get no messages."""

    name: str = ""
    mail: str = ""
    phone: str = ""
    channels: Annotated[list[str], Field(max_length=2)] = []
    language: str = "de"
    interpreter: str = ""
    remarks: str = ""

    def details(self, city: City) -> TypedDetails:
        channels = tuple(each for each in ("mail", "sms") if each in self.channels)
        return TypedDetails(
            PersonInput(self.name, self.mail, self.phone, channels, self.remarks),
            message_language(self.language).code,
            self.interpreter if self.interpreter in city.interpreter_languages else None,
        )


class PostedPerson(PersonForm):
    """The form as it was sent."""

    einmal: OneTimeKey


@router.get("")
async def choose(visit: Clerk, choice: Annotated[Choice, Query()]) -> Response:
    """What for, and where."""
    return _choice_page(visit, await load_offer(visit.act), choice, FormErrors())


@router.get("/time")
async def show_times(visit: Clerk, choice: Annotated[TimeChoice, Query()]) -> Response:
    """The free times at one's stations, the earliest first."""
    return await _times_page(visit, choice)


@router.post("/time")
async def choose_time(
    visit: Clerk, choice: Annotated[TimeChoice, Query()], form: Annotated[TimeForm, Form()]
) -> Response:
    """Hold a time. The same press sent twice holds it once."""
    station, starts_at = form.chosen()
    visit.who.must_serve(station)
    id = await _draft_of(visit, choice.draft, form.einmal)
    before = await load_appointment(visit.act.conn, id, lock=Lock.HOLD)
    if before is None or before.status is Status.HELD:
        try:
            async with visit.act.attempt():
                await hold(visit.act, id, Wish(station, tuple(choice.keys), starts_at))
        except (TimeTaken, NotOffered) as refusal:
            return await _times_page(visit, choice, refusal)
    return visit.redirect(f"{STAFF}/book/{visit.act.tools.links.token(HOLD_LINK, id, 1)}")


@router.get("/{token}")
async def ask_person(visit: Clerk, token: str, checked: bool = False) -> Response:
    """The person that comes, with what was typed before; once that was sent (`checked`), with what is wrong with it."""
    draft = await _draft(visit, token)
    typed = await load_details(visit.act, draft)
    form, errors = PersonForm(), FormErrors()
    if typed:
        person = typed.person
        form = PersonForm(name=person.name, mail=person.mail, phone=person.phone, channels=list(person.channels))
        told = {"language": typed.language, "interpreter": typed.interpreter or "", "remarks": person.remarks}
        form = form.model_copy(update=told)
    if typed and checked:
        wrong, texts = check_person(typed.person, channel_needed=False), _what_to_do(visit)
        errors = FormErrors({each.field: texts[each.code] for each in wrong} if isinstance(wrong, list) else {})
    return await _person_page(visit, draft, form, errors)


@router.post("/{token}")
async def book(visit: Clerk, token: str, form: Annotated[PostedPerson, Form()]) -> Response:
    """Book. Sent twice it leads to the same appointment, because the draft becomes it."""
    draft = await _draft(visit, token)
    if draft.status is Status.HELD:
        typed = form.details(visit.act.tools.city)
        await save_details(visit.act, draft.id, typed, Audience.STAFF)
        person = check_person(typed.person, channel_needed=False)
        if isinstance(person, list):
            return visit.redirect(f"{STAFF}/book/{token}?checked=1")
        try:
            async with visit.act.attempt():
                details = Details(person, typed.language, typed.interpreter)
                draft = await usecases.confirm(visit.act, draft.id, details)
        except HoldOver:
            return await _person_page(visit, draft, form, FormErrors(), status=409)
    return visit.redirect(f"{STAFF}/appointments/{draft.number}")


async def _draft(visit: StaffVisit, token: str) -> Appointment:
    """The draft of a token, or the appointment it has become."""
    id, _ = visit.act.tools.links.read(HOLD_LINK, token)
    return visit.who.own(
        await load_appointment(visit.act.conn, id, lock=Lock.HOLD if visit.request.method == "POST" else None)
    )


async def _draft_of(visit: StaffVisit, token: str, key: str) -> UUID:
    """The draft a time is for: the one of the token, the one this form made before, or a new one."""
    if token:
        return (await _draft(visit, token)).id
    new = uuid4()
    first = await claim_key(visit.act.conn, "desk hold", key, "", str(new))
    return UUID(first) if first else new


def _errors_of(visit: StaffVisit, offer: Offer, choice: Choice) -> FormErrors:
    """Why these services cannot be booked together at the place."""
    _, errors, chosen = visit.gettext, FormErrors(), chosen_of(offer, choice)
    stations = stations_at(_counters_of(visit, offer), choice.place)
    if not chosen:
        errors["services"] = _("Wählen Sie mindestens ein Anliegen.")
    elif len(chosen) > MOST_SERVICES or too_many(chosen):
        errors["services"] = _("Wählen Sie höchstens fünf Anliegen, und von jedem nicht mehr als angeboten.")
    elif not stations:
        errors["place"] = _("Wählen Sie einen Ort.")
    elif not able(stations, chosen):
        errors["place"] = _("Wählen Sie einen anderen Ort: Dort geht nicht alles davon.")
    return errors


def _counters_of(visit: StaffVisit, offer: Offer) -> list[Station]:
    """One's own stations and stops; by video people book themselves, because they have to agree to it."""
    return [each for each in of_kind(offer.stations, Kind.COUNTER, Kind.STOP) if visit.who.serves(each.key)]


def _choice_page(visit: StaffVisit, offer: Offer, choice: Choice, errors: FormErrors) -> Response:
    return visit.render(
        "staff/book.html",
        status=422 if errors else 200,
        services=a_to_z(offer.services, visit.language.code),
        chosen={each.key: each for each in chosen_of(offer, choice)},
        places={each.key: each for each in offer.stations},
        stations=_counters_of(visit, offer),
        place=choice.place,
        draft=choice.draft,
        anywhere=ANYWHERE,
        errors=errors,
    )


async def _times_page(visit: StaffVisit, choice: TimeChoice, refusal: TimeTaken | NotOffered | None = None) -> Response:
    """The free times; or the page before, where the place has nothing for these services, or is gone by now."""
    offer = await load_offer(visit.act)
    if errors := _errors_of(visit, offer, choice):
        return _choice_page(visit, offer, choice, errors)
    chosen = chosen_of(offer, choice)
    shown: dict[str, Any] = await shown_times(visit, _counters_of(visit, offer), choice, chosen, refusal)
    return visit.render(
        "staff/book_time.html", choice=choice, services=chosen, keys=keys_of(chosen), anywhere=ANYWHERE, **shown
    )


async def _person_page(
    visit: StaffVisit, draft: Appointment, form: PersonForm, errors: FormErrors, status: int = 200
) -> Response:
    offer = await load_offer(visit.act, draft.station, draft.services)
    return visit.render(
        "staff/person.html",
        status=422 if errors else status,
        draft=draft,
        over=hold_is_over(draft.held_until, visit.act.now),
        token=visit.request.path_params["token"],
        station=offer.stations[0],
        services=offer.services,
        form=form,
        errors=errors,
        languages=[(each.code, each.name) for each in MESSAGE_LANGUAGES],
        interpreters=list(visit.act.tools.city.interpreter_languages.items()),
    )


def _what_to_do(visit: StaffVisit) -> dict[str, str]:
    """What to say about each mistake."""
    _ = visit.gettext
    mail = _("Geben Sie eine E-Mail-Adresse ein, zum Beispiel name@beispiel.de.")
    return {
        "name_missing": _("Geben Sie den Namen ein."),
        "name_illegible": _("Tippen Sie den Namen neu ein. Er enthält Zeichen, die wir nicht darstellen können."),
        "name_leads_elsewhere": _(
            "Geben Sie nur den Namen ein, ohne Internet-Adresse, E-Mail-Adresse und Telefonnummer."
        ),
        "name_too_long": _("Geben Sie den Namen mit höchstens 120 Buchstaben ein."),
        "remarks_illegible": _("Tippen Sie den Hinweis neu ein. Er enthält Zeichen, die wir nicht darstellen können."),
        "remarks_too_long": _("Fassen Sie sich kürzer: höchstens 300 Buchstaben."),
        "mail_missing": mail,
        "mail_unusable": mail,
        **phone_errors(_),
    }
