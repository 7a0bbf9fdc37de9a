"""Taking a number in the hall, and the page that follows it: reached by its secret link, renewed by reloading it."""

from contextlib import suppress
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Query, Response

from services.appointments.booking.pages.draft import OneTimeKey
from services.appointments.offer.domain import Kind, Station, of_kind
from services.appointments.offer.pages import Choice
from services.appointments.offer.queries import Offer, load_offer, load_offer_on
from services.appointments.offer.windows import public_hours
from services.appointments.queue.api import ticket_id
from services.appointments.queue.domain import NEAR, Status, can_do
from services.appointments.queue.facts import TICKET
from services.appointments.queue.pages.form import TicketForm, check_form, instead, station_of, why_none
from services.appointments.queue.queries import load_situation, load_ticket
from services.appointments.queue.refusals import AlreadyCalled, NoTicketsLeft, StationNotOpen
from services.appointments.queue.usecases import TicketWish, give_back, issue
from shared.idempotency import claim_key
from shared.problems import NotFound
from shared.web.formats import own_name
from shared.web.forms import FormErrors
from shared.web.i18n import MESSAGE_LANGUAGES, message_language
from shared.web.visit import CurrentVisit, Visit

router = APIRouter(prefix="/appointments/ticket", include_in_schema=False)


class PostedTicketForm(TicketForm):
    """The form as it was sent."""

    einmal: OneTimeKey


@router.get("")
async def ask(visit: CurrentVisit, choice: Annotated[Choice, Query()]) -> Response:
    """What for; without a station that exists, where. The codes in the halls name it."""
    offer = await load_offer(visit.act)
    station = station_of(offer, choice.place)
    if station is None:
        return visit.render("ticket_place.html", stations=of_kind(offer.stations, Kind.COUNTER))
    if why := await why_none(visit, station):
        return await _no_ticket(visit, offer, station, choice, why)
    form = TicketForm(services=choice.services, language=message_language(visit.language.code).code)
    return await _form_page(visit, offer, station, form, FormErrors())


@router.post("")
async def take(
    visit: CurrentVisit,
    place: Annotated[str, Query(max_length=60)],
    form: Annotated[PostedTicketForm, Form()],
) -> Response:
    """Take a number. The same press sent twice takes one."""
    offer = await load_offer(visit.act)
    station = station_of(offer, place)
    if station is None:
        return visit.redirect("/appointments/ticket")
    errors, phone = check_form(visit, offer, station, form)
    if errors:
        return await _form_page(visit, offer, station, form, errors)
    id = uuid4()
    interpreter = form.interpreter if form.interpreter in visit.act.tools.city.interpreter_languages else None
    wish = TicketWish(station.key, tuple(form.keys), message_language(form.language).code, interpreter, phone)
    try:
        async with visit.act.attempt():
            if first := await claim_key(visit.act.conn, "take ticket", form.einmal, "", str(id)):
                id = UUID(first)
            else:
                await issue(visit.act, id, wish)
    except (StationNotOpen, NoTicketsLeft) as refusal:
        return await _no_ticket(visit, offer, station, form, refusal.slug, refusal.status)
    return visit.redirect(f"/appointments/ticket/{visit.act.tools.links.token(TICKET, id, 1)}")


@router.get("/{token}")
async def show(visit: CurrentVisit, token: str) -> Response:
    """The number, who is ahead, how long it will take, and the counter once it is called."""
    id = ticket_id(visit.act.tools, token)
    try:
        ticket = await load_ticket(visit.act.conn, id)
    except NotFound:
        return visit.render("ticket_forgotten.html", status=410, secret=True)
    situation = await load_situation(visit.act, ticket.station, ticket)
    [station] = (await load_offer_on(visit.act.conn, ticket.day, ticket.station, ())).stations
    return visit.render(
        "ticket.html",
        secret=True,
        live=True,
        token=token,
        ticket=ticket,
        situation=situation,
        reasons=[each.reason for each in station.closures_on(ticket.day)],
        hours=public_hours(station.hours, visit.act.today),
    )


@router.get("/{token}/return")
async def ask_to_return(visit: CurrentVisit, token: str) -> Response:
    """One question, one button."""
    ticket = await load_ticket(visit.act.conn, ticket_id(visit.act.tools, token))
    if ticket.status not in (Status.WAITING, Status.PAPERS):
        return visit.redirect(f"/appointments/ticket/{token}")
    return visit.render("ticket_return.html", secret=True, token=token, ticket=ticket)


@router.post("/{token}/return")
async def return_it(visit: CurrentVisit, token: str) -> Response:
    """Give the number back. Sent twice, or too late, it changes nothing and shows how the ticket stands."""
    with suppress(AlreadyCalled):
        await give_back(visit.act, ticket_id(visit.act.tools, token))
    return visit.redirect(f"/appointments/ticket/{token}")


async def _form_page(visit: Visit, offer: Offer, station: Station, form: TicketForm, errors: FormErrors) -> Response:
    here = [each for each in offer.services if not station.lacks([each])]
    now_possible = [each for each in here if can_do(station, [each], visit.act.now)]
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
        situation=await load_situation(visit.act, station.key),
        languages=[(each.code, own_name(each)) for each in MESSAGE_LANGUAGES],
        interpreters=list(visit.act.tools.city.interpreter_languages.items()),
    )


async def _no_ticket(
    visit: Visit, offer: Offer, station: Station, choice: Choice, why: str, status: int = 200
) -> Response:
    return visit.render("ticket_none.html", status=status, **await instead(visit, offer, station, choice, why))
