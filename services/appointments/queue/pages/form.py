"""The form for a number, the same in the hall and at the desk, and what there is instead when no number is left."""

from typing import Any

from pydantic import Field

from services.appointments.offer.days import load_free_days
from services.appointments.offer.domain import MOST_SERVICES, Kind, Station, choose, keys_of, of_kind
from services.appointments.offer.pages import Choice
from services.appointments.offer.queries import Offer, grid_of
from services.appointments.persons.domain import check_mobile
from services.appointments.queue.domain import can_do, is_open, open_on
from services.appointments.queue.queries import are_left
from services.appointments.queue.refusals import NoTicketsLeft, StationNotOpen
from shared.web.forms import FormErrors
from shared.web.phones import phone_errors
from shared.web.visit import Visit

FREE_DAYS_SHOWN = 3


class TicketForm(Choice):
    """What somebody takes a number for, as typed."""

    phone: str = Field(default="", max_length=1000)
    language: str = ""
    interpreter: str = ""


def station_of(offer: Offer, key: str) -> Station | None:
    """The station of a key, where people can come; None where there is none."""
    return next((each for each in of_kind(offer.stations, Kind.COUNTER) if each.key == key), None)


def check_form(visit: Visit, offer: Offer, station: Station, form: TicketForm) -> tuple[FormErrors, str | None]:
    """What is wrong with a form, and its phone number in E.164."""
    _, errors = visit.gettext, FormErrors()
    chosen = choose(offer.services, form.keys)
    if not chosen:
        errors["services"] = _("Wählen Sie mindestens ein Anliegen.")
    elif len(chosen) > MOST_SERVICES:
        errors["services"] = _("Wählen Sie höchstens fünf Anliegen. Sind es mehr, rufen Sie uns bitte an.")
    elif is_open(station, visit.act.now) and not can_do(station, chosen, visit.act.now):
        errors["services"] = _("Wählen Sie ein Anliegen, das hier möglich ist.")
    phone, wrong = check_mobile(form.phone) if form.phone.strip() else (None, None)
    if wrong:
        errors["phone"] = phone_errors(_)[wrong]
    return errors, phone


async def why_none(visit: Visit, station: Station) -> str | None:
    """Why nobody can take a number at a station now, as the slug of a refusal; None while they can."""
    if not is_open(station, visit.act.now):
        return StationNotOpen.slug
    return None if await are_left(visit.act.conn, station.key, visit.act.today) else NoTicketsLeft.slug


async def instead(visit: Visit, offer: Offer, station: Station, choice: Choice, why: str) -> dict[str, Any]:
    """What a page shows instead of a number: why there is none, and the next free appointments at the station."""
    chosen, grid = choose(offer.services, choice.keys), grid_of(visit.act.tools.city)
    days = await load_free_days(visit.act, [station], visit.act.today, grid.slots_for(chosen), FREE_DAYS_SHOWN)
    return {
        "why": why,
        "station": station,
        "hours": open_on(station, visit.act.today),
        "keys": keys_of(chosen),
        "days": days,
    }
