"""Numbers for those who cannot or will not take one themselves: issued at the desk, and printed if need be.

And the poster in the hall for all others.
"""

from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Query, Response

from services.appointments.booking.pages.draft import OneTimeKey
from services.appointments.offer.domain import Kind, Station, of_kind
from services.appointments.offer.pages import Choice
from services.appointments.offer.queries import Offer, load_offer
from services.appointments.queue import counter as counters
from services.appointments.queue.domain import NEAR, can_do
from services.appointments.queue.facts import ticket_url
from services.appointments.queue.pages.form import TicketForm, check_form, instead, station_of, why_none
from services.appointments.queue.queries import load_situation, load_ticket, station_of_ticket
from services.appointments.queue.refusals import NoTicketsLeft, StationNotOpen
from services.appointments.queue.usecases import TicketWish
from services.appointments.staff import Clerk
from shared.idempotency import claim_key
from shared.problems import NotFound
from shared.web.formats import qr_code
from shared.web.forms import FormErrors
from shared.web.i18n import LANGUAGES, MESSAGE_LANGUAGES, message_language
from shared.web.staff.visit import StaffVisit

router = APIRouter(prefix="/appointments/staff", include_in_schema=False)


class IssueForm(TicketForm):
    """What somebody at the desk needs a number for, as typed."""

    language: str = "de"


class PostedIssueForm(IssueForm):
    """The form as it was sent."""

    einmal: OneTimeKey


@router.get("/ticket")
async def ask(visit: Clerk, choice: Annotated[Choice, Query()]) -> Response:
    """What for, at one of one's own stations; where no number is left, the next free times."""
    offer = await load_offer(visit.act)
    station = station_of(offer, choice.place) or next(iter(_own(visit, offer)), None)
    if station is None:
        raise NotFound
    visit.who.must_serve(station.key)
    if why := await why_none(visit, station):
        return await _no_ticket(visit, offer, station, choice, why)
    return await _form_page(visit, offer, station, IssueForm(services=choice.services), FormErrors())


@router.post("/ticket")
async def issue(
    visit: Clerk, place: Annotated[str, Query(max_length=60)], form: Annotated[PostedIssueForm, Form()]
) -> Response:
    """Issue a number. The same press sent twice issues one."""
    visit.who.must_serve(place)
    offer = await load_offer(visit.act)
    station = station_of(offer, place)
    if station is None:
        raise NotFound
    errors, phone = check_form(visit, offer, station, form)
    if errors:
        return await _form_page(visit, offer, station, form, errors)
    interpreter = form.interpreter if form.interpreter in visit.act.tools.city.interpreter_languages else None
    language = message_language(form.language).code
    wish, id = TicketWish(station.key, tuple(form.keys), language, interpreter, phone), uuid4()
    try:
        async with visit.act.attempt():
            if first := await claim_key(visit.act.conn, "desk ticket", form.einmal, "", str(id)):
                id = UUID(first)
            else:
                await counters.issue(visit.act, id, wish)
    except (StationNotOpen, NoTicketsLeft) as refusal:
        return await _no_ticket(visit, offer, station, form, refusal.slug, refusal.status)
    return visit.redirect(f"/appointments/staff/ticket/{id}")


@router.get("/ticket/{id}")
async def show(visit: Clerk, id: UUID) -> Response:
    """To show or to print: the number, and its page as a QR code."""
    visit.who.must_serve(await station_of_ticket(visit.act.conn, id))
    ticket = await load_ticket(visit.act.conn, id)
    address = ticket_url(visit.act.tools, ticket.id, ticket.language)
    return visit.render("staff/ticket.html", ticket=ticket, address=address, code=qr_code(address))


@router.get("/poster/{place}")
async def poster(visit: Clerk, place: str) -> Response:
    """To print and hang in the hall: the way to a number of this station, as a QR code."""
    visit.who.must_serve(place)
    station = station_of(await load_offer(visit.act, services=()), place)
    if station is None:
        raise NotFound
    address = f"{visit.act.tools.settings.platform.public_url}/appointments/ticket?place={place}"
    return visit.render(
        "staff/poster.html", station=station, address=address, code=qr_code(address), languages=LANGUAGES
    )


def _own(visit: StaffVisit, offer: Offer) -> list[Station]:
    return [each for each in of_kind(offer.stations, Kind.COUNTER) if visit.who.serves(each.key)]


async def _form_page(
    visit: StaffVisit, offer: Offer, station: Station, form: IssueForm, errors: FormErrors
) -> Response:
    return visit.render(
        "staff/ticket_new.html",
        status=422 if errors else 200,
        station=station,
        stations=_own(visit, offer),
        services=[each for each in offer.services if can_do(station, [each], visit.act.now)],
        form=form,
        errors=errors,
        near=NEAR,
        situation=await load_situation(visit.act, station.key),
        languages=[(each.code, each.name) for each in MESSAGE_LANGUAGES],
        interpreters=list(visit.act.tools.city.interpreter_languages.items()),
    )


async def _no_ticket(
    visit: StaffVisit, offer: Offer, station: Station, choice: Choice, why: str, status: int = 200
) -> Response:
    shown = await instead(visit, offer, station, choice, why)
    return visit.render("staff/ticket_none.html", status=status, stations=_own(visit, offer), **shown)
