"""Joining the waiting list: when and where, then who."""

from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID, uuid4

from babel.dates import get_day_names
from fastapi import APIRouter, Form, Query, Response
from pydantic import Field

from services.appointments.booking.domain import AppointmentsUsedUp
from services.appointments.booking.pages.details import DetailsForm, PostedDetails, used_up, what_to_do
from services.appointments.line.domain import LONGEST_WAIT, FreeNow, NoSuchDay
from services.appointments.line.facts import WAITING
from services.appointments.offer.domain import Kind, Service, Station, able, duration_of, keys_of, of_kind
from services.appointments.offer.pages import (
    ANYWHERE,
    Choice,
    CurrentChoice,
    Way,
    chosen_of,
    refuse_services,
    services_page,
)
from services.appointments.offer.queries import Offer, load_offer
from services.appointments.persons.domain import Details
from services.appointments.waiting.usecases import WaitFor, check_wait, join
from shared import retention
from shared.idempotency import claim_key
from shared.web.formats import own_name
from shared.web.forms import FormErrors
from shared.web.i18n import MESSAGE_LANGUAGES, message_language
from shared.web.visit import CurrentVisit, Visit

HERE = "/appointments/waiting"
TO_WAIT = Way(f"{HERE}/services", HERE, HERE, 3)
PROPOSED = timedelta(days=28)
Day = Annotated[str, Field(max_length=40)]

router = APIRouter(prefix=HERE, include_in_schema=False)


class WaitChoice(Choice):
    """What to wait for, in the query of the pages: besides the services, the stations and days that suit, as typed."""

    stations: list[str] = Field(default=[], max_length=50)
    weekdays: list[Annotated[int, Field(ge=0, le=6)]] = Field(default=[], max_length=7)
    first: Day = ""
    last: Day = ""


CurrentWait = Annotated[WaitChoice, Query()]


@router.get("/services")
async def choose_services(visit: CurrentVisit, choice: CurrentChoice) -> Response:
    """What for."""
    offer = await load_offer(visit.act)
    return services_page(visit, offer, choice, FormErrors(), TO_WAIT)


@router.get("")
async def choose_days(visit: CurrentVisit, choice: CurrentWait) -> Response:
    """When and where. At first everything is ticked; a link may name a place beforehand."""
    offer = await load_offer(visit.act)
    if refused := refuse_services(visit, offer, choice, TO_WAIT):
        return refused
    stations = _stations(offer, choice)
    everything = choice.model_copy(
        update={
            "stations": choice.stations or [each.key for each in stations if choice.place in ("", ANYWHERE, each.key)],
            "weekdays": choice.weekdays or _weekdays(stations),
            "first": choice.first or visit.act.today.isoformat(),
            "last": choice.last or (visit.act.today + PROPOSED).isoformat(),
        }
    )
    return _days_page(visit, offer, everything, FormErrors())


@router.get("/details")
async def ask_who(visit: CurrentVisit, choice: CurrentWait) -> Response:
    """The form for the person that waits, unless something that suits is free."""
    offer = await load_offer(visit.act)
    wait = await _checked(visit, offer, choice)
    if isinstance(wait, Response):
        return wait
    form = DetailsForm(language=message_language(visit.language.code).code)
    return _details_page(visit, offer, choice, form, FormErrors())


@router.post("/details")
async def join_it(visit: CurrentVisit, choice: CurrentWait, form: Annotated[PostedDetails, Form()]) -> Response:
    """Join. The same press sent twice joins once."""
    id = uuid4()
    offer = await load_offer(visit.act)
    details = form.details(visit.act.tools.city, visit.language).checked(Kind.COUNTER)
    if not isinstance(details, Details):
        texts = what_to_do(visit)
        errors = FormErrors({"mail" if each.field == "channels" else each.field: texts[each.code] for each in details})
        return _details_page(visit, offer, choice, form, errors)
    try:
        # What is refused gives the key back: the same press may succeed later.
        async with visit.act.attempt() as attempt:
            if first := await claim_key(visit.act.conn, "wait", form.einmal, "", str(id)):
                return _to_entry(visit, UUID(first))
            wait = await _checked(visit, offer, choice, status=409)
            if isinstance(wait, Response):
                await attempt.rollback()
                return wait
            await join(visit.act, id, wait, details)
    except AppointmentsUsedUp as refusal:
        return used_up(visit, refusal, f"{HERE}/details?{visit.request.url.query}", waiting=True)
    return _to_entry(visit, id)


def _to_entry(visit: Visit, id: UUID) -> Response:
    return visit.redirect(f"{HERE}/{visit.act.tools.links.token(WAITING, id, 1)}?new=1")


async def _checked(visit: Visit, offer: Offer, choice: WaitChoice, status: int = 200) -> WaitFor | Response:
    """What can be waited for; or the page that says what to correct, or what is free."""
    if refused := refuse_services(visit, offer, choice, TO_WAIT):
        return refused
    _, errors = visit.gettext, FormErrors()
    known = {each.key for each in _stations(offer, choice)}
    if not known.intersection(choice.stations):
        errors["stations"] = _("Wählen Sie mindestens einen Ort.")
    if not choice.weekdays:
        errors["weekdays"] = _("Wählen Sie mindestens einen Wochentag.")
    days = {name: _day(typed) for name, typed in (("first", choice.first), ("last", choice.last))}
    for name in (name for name, day in days.items() if day is None):
        errors[name] = _("Geben Sie einen Tag ein, zum Beispiel 24.12.2026.")
    first, last = days["first"], days["last"]
    if errors or first is None or last is None:
        return _days_page(visit, offer, choice, errors)
    stations = tuple(key for key in choice.stations if key in known)
    wait = WaitFor(tuple(choice.keys), stations, tuple(choice.weekdays), first, last)
    try:
        await check_wait(visit.act, wait)
    except NoSuchDay:
        text = _("Wählen Sie Tage in den nächsten %(days)s Tagen, darunter einen der Wochentage.")
        errors["last"] = text % {"days": LONGEST_WAIT.days}
        return _days_page(visit, offer, choice, errors)
    except FreeNow as free:
        return _free_page(visit, offer, choice, free, status)
    return wait


def _days_page(visit: Visit, offer: Offer, choice: WaitChoice, errors: FormErrors) -> Response:
    services = chosen_of(offer, choice)
    stations = _stations(offer, choice)
    names = get_day_names("wide", locale=visit.language.locale)
    return visit.render(
        "waiting_days.html",
        status=422 if errors else 200,
        choice=choice,
        errors=errors,
        stations=stations,
        weekdays=[(day, names[day]) for day in _weekdays(stations)],
        video=next(iter(of_kind(able(offer.stations, services), Kind.VIDEO)), None),
        **_chosen(services),
    )


def _details_page(visit: Visit, offer: Offer, choice: WaitChoice, form: DetailsForm, errors: FormErrors) -> Response:
    return visit.render(
        "waiting_details.html",
        status=422 if errors else 200,
        secret=True,
        query=visit.request.url.query,
        form=form,
        errors=errors,
        languages=[(each.code, own_name(each)) for each in MESSAGE_LANGUAGES],
        interpreters=list(visit.act.tools.city.interpreter_languages.items()),
        spoken=(),
        contact_days=retention.PERSON_AFTER_MATTER.days,
    )


def _free_page(visit: Visit, offer: Offer, choice: WaitChoice, found: FreeNow, status: int) -> Response:
    by_key = {each.key: each for each in offer.stations}
    places = {key for key, _ in found.free}
    return visit.render(
        "waiting_free.html",
        status=status,
        query=visit.request.url.query,
        place=places.pop() if len(places) == 1 else ANYWHERE,
        times=[(by_key[key], start) for key, start in found.free],
        **_chosen(chosen_of(offer, choice)),
    )


def _chosen(services: list[Service]) -> dict[str, Any]:
    return {
        "services": services,
        "keys": keys_of(services),
        "minutes": duration_of(services) // timedelta(minutes=1),
    }


def _stations(offer: Offer, choice: Choice) -> list[Station]:
    """Where everything wanted can be done: at stations, or by video or at a stop where that was chosen as the place."""
    suitable = able(offer.stations, chosen_of(offer, choice))
    named = [each for each in of_kind(suitable, Kind.VIDEO, Kind.STOP) if each.key == choice.place]
    return named or of_kind(suitable, Kind.COUNTER)


def _weekdays(stations: list[Station]) -> list[int]:
    """The weekdays on which some of the stations open."""
    return sorted({hours.weekday for station in stations for hours in station.hours})


def _day(typed: str) -> date | None:
    """A day as browsers send it, or as people type it where their browser has no calendar."""
    for pattern in ("%Y-%m-%d", "%d.%m.%Y"):
        with suppress(ValueError):
            return datetime.strptime(typed.strip(), pattern).date()  # noqa: DTZ007 - a day has no zone
    return None
