"""Answering an offer, reached by its secret link: take the time, decline it, or stop waiting."""

from contextlib import suppress
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel, Field

from services.appointments.booking.domain import ConsentMissing
from services.appointments.booking.pages.details import what_to_do
from services.appointments.booking.pages.draft import OneTimeKey, to_appointment
from services.appointments.booking.queries import load_appointment
from services.appointments.line.domain import NoLongerWaiting, OfferEnded, Outcome
from services.appointments.line.facts import entry_path
from services.appointments.line.queries import Entry, SeatOffer, count_ahead, load_entry
from services.appointments.offer.queries import load_offer
from services.appointments.persons.domain import VIDEO_CONSENT
from services.appointments.waiting.api import offer_by_token
from services.appointments.waiting.usecases import decline, leave, take
from shared.web.forms import FormErrors
from shared.web.visit import CurrentVisit, Visit

router = APIRouter(prefix="/appointments/offer/{token}", include_in_schema=False)


class Answer(StrEnum):
    """The buttons."""

    TAKE = "take"
    DECLINE = "decline"
    LEAVE = "leave"


class AnswerForm(BaseModel):
    """A button was pressed."""

    action: Answer
    consent: str = Field(default="", max_length=20)
    einmal: OneTimeKey


@router.get("")
async def show(visit: CurrentVisit, token: str) -> Response:
    """What is offered until when; or what became of it."""
    return await _page(visit, token, FormErrors())


async def _take(visit: Visit, token: str, offer: SeatOffer, consent: str) -> Response:
    try:
        return to_appointment(visit, await take(visit.act, offer.id, consent))
    except ConsentMissing:
        return await _page(visit, token, FormErrors(consent=what_to_do(visit)["consent_missing"]))


async def _page(visit: Visit, token: str, errors: FormErrors) -> Response:
    offer, entry = await _offered(visit, token)
    if offer.outcome is Outcome.TAKEN and (taken := await load_appointment(visit.act.conn, offer.id)):
        return to_appointment(visit, taken)
    if not entry.status.is_open:
        return visit.redirect(entry_path(visit.act.tools, entry))
    ended = not offer.is_open(visit.act.now)
    [station] = (await load_offer(visit.act, offer.station, ())).stations
    return visit.render(
        "seat_offer_ended.html" if ended else "seat_offer.html",
        status=410 if ended else 422 if errors else 200,
        secret=True,
        token=token,
        offer=offer,
        entry=entry,
        place=next(each for each in entry.state.places if each.key == offer.station),
        delay_minutes=station.delay_minutes,
        declined=offer.outcome is Outcome.DECLINED,
        withdrawn=offer.outcome is Outcome.WITHDRAWN,
        position=await count_ahead(visit.act.conn, entry) + 1 if offer.outcome else None,
        entry_path=entry_path(visit.act.tools, entry),
        consent=VIDEO_CONSENT,
        form={"consent": ""},
        errors=errors,
    )


@router.post("")
async def answer(visit: CurrentVisit, token: str, form: Annotated[AnswerForm, Form()]) -> Response:
    """Take, decline, or stop waiting. Sent twice, or too late, it changes nothing and shows how things stand."""
    offer, entry = await _offered(visit, token)
    with suppress(OfferEnded, NoLongerWaiting):
        if form.action is Answer.TAKE:
            return await _take(visit, token, offer, form.consent)
        if form.action is Answer.LEAVE:
            await leave(visit.act, entry.id)
            return visit.redirect(entry_path(visit.act.tools, entry))
        await decline(visit.act, offer.id)
        offer, _ = await _offered(visit, token)
        if offer.outcome is Outcome.DECLINED:
            return visit.redirect(f"{entry_path(visit.act.tools, entry)}?declined=1")
    return visit.redirect(f"/appointments/offer/{token}")


async def _offered(visit: Visit, token: str) -> tuple[SeatOffer, Entry]:
    offer = await offer_by_token(visit.act, token)
    entry = await load_entry(visit.act.conn, offer.entry)
    assert entry is not None, "an offer has an entry"
    return offer, entry
