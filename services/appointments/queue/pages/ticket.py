"""Taking a number in the hall, and the page that follows it: reached by its secret link, renewed by reloading it."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Query, Response
from pydantic import Field

from services.appointments.booking.domain import check_mobile
from services.appointments.booking.limits import CurrentOrigin
from services.appointments.booking.pages.draft import OneTimeKey
from services.appointments.offer.days import load_free_days
from services.appointments.offer.domain import (
    MOST_SERVICES,
    Audience,
    Kind,
    Service,
    Station,
    choose,
    keys_of,
    of_kind,
)
from services.appointments.offer.pages import Choice
from services.appointments.offer.queries import Offer, grid_of, load_offer
from services.appointments.queue.api import ticket_id
from services.appointments.queue.domain import NEAR, Status, is_open, open_on
from services.appointments.queue.facts import TICKET
from services.appointments.queue.queries import are_left, load_situation, load_ticket
from services.appointments.queue.refusals import AlreadyCalled, NoTicketsLeft, StationNotOpen
from services.appointments.queue.usecases import TicketWish, give_back, issue
from shared.idempotency import claim_key
from shared.problems import NotFound
from shared.web.formats import own_name
from shared.web.forms import FormErrors
from shared.web.i18n import MESSAGE_LANGUAGES, message_language
from shared.web.visit import CurrentVisit, Visit

FREE_DAYS_SHOWN = 3

router = APIRouter(prefix="/appointments/ticket", include_in_schema=False)


class TicketForm(Choice):
    """What somebody takes a number for, as typed."""

    phone: str = Field(default="", max_length=1000)
    language: str = ""
    interpreter: str = ""


class PostedTicketForm(TicketForm):
    """The form as it was sent."""

    einmal: OneTimeKey


@router.get("")
async def ask(visit: CurrentVisit, choice: Annotated[Choice, Query()]) -> Response:
    """What for; without a station that exists, where. The codes in the halls name it."""
    offer = await load_offer(visit.conn, visit.today)
    station = _station(offer, choice.place)
    if station is None:
        return visit.render("ticket_place.html", stations=of_kind(offer.stations, Kind.COUNTER))
    if not is_open(station, visit.now):
        return await _no_ticket(visit, offer, station, choice, StationNotOpen.slug)
    if not await are_left(visit.conn, station.key, visit.today):
        return await _no_ticket(visit, offer, station, choice, NoTicketsLeft.slug)
    form = TicketForm(services=choice.services, language=message_language(visit.language.code).code)
    return await _form_page(visit, offer, station, form, FormErrors())


@router.post("")
async def take(
    visit: CurrentVisit,
    origin: CurrentOrigin,
    place: Annotated[str, Query(max_length=60)],
    form: Annotated[PostedTicketForm, Form()],
) -> Response:
    """Take a number. The same press sent twice takes one."""
    offer = await load_offer(visit.conn, visit.today)
    station = _station(offer, place)
    if station is None:
        return visit.redirect("/appointments/ticket")
    errors, phone = _errors(visit, offer, station, form)
    if errors:
        return await _form_page(visit, offer, station, form, errors)
    id = uuid4()
    interpreter = form.interpreter if form.interpreter in visit.service.city.interpreter_languages else None
    wish = TicketWish(station.key, tuple(form.keys), message_language(form.language).code, interpreter, phone)
    try:
        async with visit.conn.begin_nested():
            if first := await claim_key(visit.conn, "take ticket", form.einmal, "", str(id)):
                id = UUID(first)
            else:
                await issue(visit.conn, visit.service, id, wish, visit.now, origin)
    except (StationNotOpen, NoTicketsLeft) as refusal:
        return await _no_ticket(visit, offer, station, form, refusal.slug, refusal.status)
    return visit.redirect(f"/appointments/ticket/{visit.service.links.token(TICKET, id, 1)}")


@router.get("/{token}")
async def show(visit: CurrentVisit, token: str) -> Response:
    """The number, who is ahead, how long it will take, and the counter once it is called."""
    id = ticket_id(visit.service, token)
    try:
        ticket = await load_ticket(visit.conn, id)
    except NotFound:
        return visit.render("ticket_forgotten.html", status=410, secret=True)
    situation = await load_situation(visit.conn, ticket.station, visit.now, ticket)
    closures = (await load_offer(visit.conn, ticket.day, ticket.station, ())).stations[0].closures_on(ticket.day)
    return visit.render(
        "ticket.html",
        secret=True,
        live=True,
        token=token,
        ticket=ticket,
        situation=situation,
        reasons=[each.reason for each in closures],
    )


@router.get("/{token}/return")
async def ask_to_return(visit: CurrentVisit, token: str) -> Response:
    """One question, one button."""
    ticket = await load_ticket(visit.conn, ticket_id(visit.service, token))
    if ticket.status not in (Status.WAITING, Status.PAPERS):
        return visit.redirect(f"/appointments/ticket/{token}")
    return visit.render("ticket_return.html", secret=True, token=token, ticket=ticket)


@router.post("/{token}/return")
async def return_it(visit: CurrentVisit, token: str) -> Response:
    """Give the number back. Sent twice, or too late, it changes nothing and shows how the ticket stands."""
    with suppress(AlreadyCalled):
        await give_back(visit.conn, visit.service, ticket_id(visit.service, token), visit.now)
    return visit.redirect(f"/appointments/ticket/{token}")


def _station(offer: Offer, key: str) -> Station | None:
    return next((each for each in of_kind(offer.stations, Kind.COUNTER) if each.key == key), None)


def _errors(visit: Visit, offer: Offer, station: Station, form: TicketForm) -> tuple[FormErrors, str | None]:
    """What is wrong with a form, and its phone number in E.164."""
    _, errors = visit.gettext, FormErrors()
    chosen = choose(offer.services, form.keys)
    if not chosen:
        errors["services"] = _("Wählen Sie mindestens ein Anliegen.")
    elif len(chosen) > MOST_SERVICES:
        errors["services"] = _("Wählen Sie höchstens fünf Anliegen. Sind es mehr, rufen Sie uns bitte an.")
    elif not _can_do(station, chosen, visit.now) and is_open(station, visit.now):
        errors["services"] = _("Wählen Sie ein Anliegen, das hier möglich ist.")
    phone, wrong = check_mobile(form.phone) if form.phone.strip() else (None, None)
    if wrong == "phone_landline":
        errors["phone"] = _(
            "Geben Sie eine Handynummer ein, zum Beispiel 0151 23456789. An Festnetz können wir keine SMS senden."
        )
    elif wrong:
        errors["phone"] = _("Geben Sie eine Handynummer ein, zum Beispiel 0151 23456789.")
    return errors, phone


def _can_do(station: Station, services: Sequence[Service], now: datetime) -> bool:
    """Whether all of some services can be done at a station now: its hours may be for some services only."""
    return not station.lacks(services) and is_open(station.open_to(Audience.PUBLIC, services), now)


async def _form_page(visit: Visit, offer: Offer, station: Station, form: TicketForm, errors: FormErrors) -> Response:
    here = [each for each in offer.services if not station.lacks([each])]
    now_possible = [each for each in here if _can_do(station, [each], visit.now)]
    return visit.render(
        "ticket_new.html",
        status=422 if errors else 200,
        secret=bool(errors),
        station=station,
        services=now_possible,
        only_some=len(now_possible) < len(here),
        form=form,
        errors=errors,
        near=NEAR,
        situation=await load_situation(visit.conn, station.key, visit.now),
        languages=[(each.code, own_name(each)) for each in MESSAGE_LANGUAGES],
        interpreters=list(visit.service.city.interpreter_languages.items()),
    )


async def _no_ticket(
    visit: Visit, offer: Offer, station: Station, choice: Choice, why: str, status: int = 200
) -> Response:
    """Why there is no number to take now, and the next free appointments at the station."""
    chosen, grid = choose(offer.services, choice.keys), grid_of(visit.service.city)
    days = await load_free_days(
        visit.conn, [station], visit.today, grid.slots_for(chosen), grid, visit.now, FREE_DAYS_SHOWN
    )
    return visit.render(
        "ticket_none.html",
        status=status,
        why=why,
        station=station,
        hours=open_on(station, visit.today),
        keys=keys_of(chosen),
        days=days,
    )
