"""Who comes, and the check of everything before it becomes binding."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel

from services.appointments.booking.domain import MOST_EXTENSIONS, CheckedPerson, PersonInput, check_person, hold_is_over
from services.appointments.booking.holds import save_details
from services.appointments.booking.pages.draft import EXTEND, extended, open_draft, to_appointment
from services.appointments.booking.queries import Appointment
from services.appointments.booking.refusals import HoldOver
from services.appointments.booking.usecases import confirm
from services.appointments.booking.wishes import Details
from services.appointments.offer.queries import load_offer
from shared import retention
from shared.web.forms import FormErrors
from shared.web.i18n import LANGUAGES, language
from shared.web.visit import CurrentVisit, Visit

router = APIRouter(prefix="/appointments/book/{token}", include_in_schema=False)


class DetailsForm(BaseModel):
    """Who comes, as typed. An address that was typed is one to be reached at."""

    name: str = ""
    mail: str = ""
    phone: str = ""
    language: str = ""
    interpreter: str = ""
    action: str = ""

    def person(self) -> PersonInput:
        typed = {"mail": self.mail, "sms": self.phone}
        return PersonInput(self.name, self.mail, self.phone, tuple(key for key in typed if typed[key].strip()))


@router.get("/details")
async def show_details(visit: CurrentVisit, token: str) -> Response:
    """The form, with what was typed before."""
    draft = await open_draft(visit, token)
    if isinstance(draft, Response):
        return draft
    person = await visit.service.people.load(visit.conn, draft.id)
    form = DetailsForm(language=visit.language.code)
    if person:
        form = DetailsForm(
            name=person.name,
            mail=person.mail or "",
            phone=person.phone or "",
            language=draft.language,
            interpreter=draft.interpreter or "",
        )
    return _details_page(visit, draft, form, FormErrors())


@router.post("/details")
async def type_details(visit: CurrentVisit, token: str, form: Annotated[DetailsForm, Form()]) -> Response:
    """Keep what was typed; or hold the time longer and show what was typed again."""
    draft = await open_draft(visit, token)
    if isinstance(draft, Response):
        return draft
    if form.action == EXTEND:
        return _details_page(visit, await extended(visit, draft), form, FormErrors())
    checked = check_person(form.person())
    if not isinstance(checked, CheckedPerson):
        texts = _what_to_do(visit)
        errors = FormErrors({"mail" if each.field == "channels" else each.field: texts[each.code] for each in checked})
        return _details_page(visit, draft, form, errors)
    interpreter = form.interpreter if form.interpreter in visit.service.city.interpreter_languages else None
    details = Details(checked, language(form.language).code, interpreter)
    await save_details(visit.conn, visit.service, draft.id, details)
    return visit.redirect(f"/appointments/book/{token}/check")


@router.get("/check")
async def show_check(visit: CurrentVisit, token: str) -> Response:
    """Everything once more."""
    draft = await open_draft(visit, token)
    return draft if isinstance(draft, Response) else await _check_page(visit, token, draft)


@router.post("/check")
async def book(visit: CurrentVisit, token: str, action: Annotated[str, Form()] = "") -> Response:
    """Book, or hold the time longer. Sent twice it leads to the same appointment, because the draft becomes it."""
    draft = await open_draft(visit, token)
    if isinstance(draft, Response):
        return draft
    if action == EXTEND:
        await extended(visit, draft)
        return visit.redirect(f"/appointments/book/{token}/check")
    person = await visit.service.people.load(visit.conn, draft.id)
    if person is None:
        return visit.redirect(f"/appointments/book/{token}/details")
    checked = CheckedPerson(person.name, person.mail, person.phone, draft.channels)
    details = Details(checked, draft.language, draft.interpreter)
    try:
        async with visit.conn.begin_nested():
            booked = await confirm(visit.conn, visit.service, draft.id, details, visit.now)
    except HoldOver:
        return await _check_page(visit, token, draft, status=409)
    return to_appointment(visit, booked, new=True)


def _details_page(visit: Visit, draft: Appointment, form: DetailsForm, errors: FormErrors) -> Response:
    return visit.render(
        "details.html",
        status=422 if errors else 200,
        secret=True,
        form=form,
        errors=errors,
        languages=[(each.code, each.name) for each in LANGUAGES],
        interpreters=list(visit.service.city.interpreter_languages.items()),
        **_hold(visit, draft),
    )


async def _check_page(visit: Visit, token: str, draft: Appointment, status: int = 200) -> Response:
    person = await visit.service.people.load(visit.conn, draft.id)
    if person is None:
        return visit.redirect(f"/appointments/book/{token}/details")
    offer = await load_offer(visit.conn, visit.today, draft.station, draft.services)
    return visit.render(
        "check.html",
        status=status,
        secret=True,
        token=token,
        station=offer.stations[0],
        services=offer.services,
        person=person,
        message_language=language(draft.language).name,
        interpreter=visit.service.city.interpreter_languages.get(draft.interpreter or ""),
        contact_days=retention.PERSON_AFTER_MATTER.days,
        **_hold(visit, draft),
    )


def _hold(visit: Visit, draft: Appointment) -> dict[str, Any]:
    """What every page of a draft says of its hold."""
    return {
        "draft": draft,
        "over": hold_is_over(draft.held_until, visit.now),
        "extendable": draft.extensions < MOST_EXTENSIONS,
        "draft_token": visit.request.path_params["token"],
    }


def _what_to_do(visit: Visit) -> dict[str, str]:
    """What to say about each mistake."""
    _ = visit.gettext
    mail = _("Geben Sie eine E-Mail-Adresse ein, zum Beispiel name@beispiel.de.")
    return {
        "name_missing": _("Geben Sie Ihren Namen ein."),
        "name_unusable": _("Geben Sie Ihren Namen mit höchstens 120 Buchstaben ein."),
        "channel_missing": _("Geben Sie eine E-Mail-Adresse oder eine Handynummer ein."),
        "mail_missing": mail,
        "mail_unusable": mail,
        "phone_missing": _("Geben Sie eine Handynummer ein, zum Beispiel 0151 23456789."),
        "phone_unusable": _("Diese Nummer gibt es nicht. Geben Sie eine Handynummer ein, zum Beispiel 0151 23456789."),
        "phone_landline": _(
            "Geben Sie eine Handynummer ein, zum Beispiel 0151 23456789. An Festnetz können wir keine SMS senden."
        ),
    }
