"""One's own place in the waiting list, reached by its secret link: look, or leave."""

from contextlib import suppress

from babel.dates import get_day_names
from fastapi import APIRouter, Response

from services.appointments.booking.facts import MANAGE
from services.appointments.line.domain import EVERY_WEEKDAY, LEAST_TO_ANSWER, TO_ANSWER, NoLongerWaiting, Status
from services.appointments.line.facts import OFFER
from services.appointments.line.queries import Entry, count_ahead, load_open_offer
from services.appointments.waiting.api import entry_by_token
from services.appointments.waiting.usecases import leave
from shared.web.formats import own_name
from shared.web.i18n import message_language
from shared.web.visit import CurrentVisit, Visit

router = APIRouter(prefix="/appointments/waiting/{token}", include_in_schema=False)


@router.get("")
async def show(visit: CurrentVisit, token: str, new: bool = False, declined: bool = False) -> Response:
    """The place in line; right after joining (`new`) or declining it says so."""
    entry = await entry_by_token(visit.act, token)
    if entry.state.appointment:
        return visit.redirect(f"/appointments/m/{visit.act.tools.links.token(MANAGE, entry.state.appointment, 1)}")
    if not entry.status.is_open:
        return visit.render(
            "waiting_ended.html",
            status=410,
            secret=True,
            entry=entry,
            left=entry.status is Status.LEFT,
        )
    offer = await load_open_offer(visit.act.conn, entry.id)
    links = visit.act.tools.links
    return visit.render(
        "waiting.html",
        secret=True,
        token=token,
        entry=entry,
        weekdays=_weekdays(visit, entry),
        position=await count_ahead(visit.act.conn, entry) + 1,
        offered=links.token(OFFER, offer.id, 1) if offer and offer.is_open(visit.act.now) else None,
        until=offer.until if offer else None,
        new=new,
        declined=declined,
        message_language=own_name(message_language(entry.language)),
        hours=TO_ANSWER.seconds // 3600,
        least=LEAST_TO_ANSWER.seconds // 60,
        address=f"{visit.act.tools.settings.platform.public_url}{visit.request.url.path}",
    )


@router.get("/leave")
async def ask(visit: CurrentVisit, token: str) -> Response:
    """One question, one button."""
    entry = await entry_by_token(visit.act, token)
    if not entry.status.is_open:
        return visit.redirect(f"/appointments/waiting/{token}")
    return visit.render("waiting_leave.html", secret=True, token=token, entry=entry)


@router.post("/leave")
async def leave_it(visit: CurrentVisit, token: str) -> Response:
    """Leave. Sent twice, or too late, it changes nothing and shows how things stand."""
    entry = await entry_by_token(visit.act, token)
    with suppress(NoLongerWaiting):
        await leave(visit.act, entry.id)
    return visit.redirect(f"/appointments/waiting/{token}")


def _weekdays(visit: Visit, entry: Entry) -> list[str]:
    """The names of the weekdays that suit; none where all do."""
    if entry.suits.weekdays == EVERY_WEEKDAY:
        return []
    names = get_day_names("wide", locale=visit.language.locale)
    return [names[day] for day in entry.suits.weekdays]
