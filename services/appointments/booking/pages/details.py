"""The person that comes, and the check of everything before it becomes binding."""

from datetime import timedelta
from typing import Annotated, Any, Self

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel

from services.appointments.booking.domain import (
    MOST_EXTENSIONS,
    AppointmentsUsedUp,
    HoldOver,
    hold_ends_soon,
    hold_is_over,
    will_be_reminded,
)
from services.appointments.booking.holds import load_details, save_details
from services.appointments.booking.pages.draft import (
    EXTEND,
    OneTimeKey,
    draft_path,
    extend_draft,
    open_draft,
    to_appointment,
)
from services.appointments.booking.queries import Appointment
from services.appointments.booking.usecases import confirm
from services.appointments.offer.domain import duration_of
from services.appointments.offer.queries import load_offer
from services.appointments.persons.domain import VIDEO_CONSENT, Details, PersonInput, TypedDetails
from shared import retention
from shared.city import City
from shared.web.formats import own_name
from shared.web.forms import FormErrors
from shared.web.i18n import MESSAGE_LANGUAGES, Language, message_language
from shared.web.phones import phone_errors
from shared.web.visit import CurrentVisit, Visit

router = APIRouter(prefix="/appointments/book/{token}", include_in_schema=False)


class Press(BaseModel):
    """Which button of a form was pressed."""

    action: str = ""
    einmal: OneTimeKey


class Confirmation(Press):
    """The button that books; `time` is the place and time the page showed."""

    time: str = ""


class DetailsForm(BaseModel):
    """The person that comes, as typed. An address that was typed is one to be reached at."""

    name: str = ""
    mail: str = ""
    phone: str = ""
    language: str = ""
    interpreter: str = ""
    remarks: str = ""
    consent: str = ""

    @classmethod
    def of(cls, details: TypedDetails) -> Self:
        """The form as it was filled in before."""
        person = details.person
        return cls(
            name=person.name,
            mail=person.mail,
            phone=person.phone,
            language=details.language,
            interpreter=details.interpreter or "",
            remarks=person.remarks,
            consent=details.consent or "",
        )

    def details(self, city: City, page: Language) -> TypedDetails:
        typed = {"mail": self.mail, "sms": self.phone}
        channels = tuple(key for key in typed if typed[key].strip())
        interpreter = self.interpreter if self.interpreter in city.interpreter_languages else None
        return TypedDetails(
            PersonInput(self.name, self.mail, self.phone, channels, self.remarks),
            message_language(self.language).code,
            interpreter,
            page.code,
            self.consent if self.consent == VIDEO_CONSENT else None,
        )


class PostedDetails(DetailsForm, Press):
    """The form as it was sent."""


@router.get("/details")
async def show_details(visit: CurrentVisit, token: str, checked: bool = False) -> Response:
    """The form, with what was typed before; once that was sent (`checked`), with what is wrong with it."""
    draft = await open_draft(visit, token)
    if isinstance(draft, Response):
        return draft
    typed = await load_details(visit.act, draft)
    form = DetailsForm.of(typed) if typed else DetailsForm(language=message_language(visit.language.code).code)
    return await _details_page(visit, draft, form, _errors(visit, typed, draft) if typed and checked else FormErrors())


@router.post("/details")
async def type_details(visit: CurrentVisit, token: str, form: Annotated[PostedDetails, Form()]) -> Response:
    """Keep what was typed, wrong things too: they are still there in the other language, or after going back."""
    draft = await open_draft(visit, token)
    if isinstance(draft, Response):
        return draft
    typed = form.details(visit.act.tools.city, visit.language)
    await save_details(visit.act, draft.id, typed)
    if form.action == EXTEND:
        await extend_draft(visit, draft, form.einmal)
        return visit.redirect(f"/appointments/book/{token}/details")
    if isinstance(typed.checked(draft.kind), Details):
        return visit.redirect(f"/appointments/book/{token}/check")
    return visit.redirect(f"/appointments/book/{token}/details?checked=1")


@router.get("/check")
async def show_check(visit: CurrentVisit, token: str) -> Response:
    """Everything once more."""
    draft = await open_draft(visit, token)
    return draft if isinstance(draft, Response) else await _check_page(visit, draft)


@router.post("/check")
async def book(visit: CurrentVisit, token: str, form: Annotated[Confirmation, Form()]) -> Response:
    """Book, or hold the time longer. Sent twice it leads to the same appointment, because the draft becomes it.

    Where another time was chosen meanwhile, in a second window, everything is shown once more before it is binding.
    """
    draft = await open_draft(visit, token)
    if isinstance(draft, Response):
        return draft
    if form.action == EXTEND:
        await extend_draft(visit, draft, form.einmal)
        return visit.redirect(f"/appointments/book/{token}/check")
    if form.time not in ("", _time_of(draft)):
        return visit.redirect(f"/appointments/book/{token}/check")
    details = await _checked_details(visit, draft)
    if details is None:
        return visit.redirect(f"/appointments/book/{token}/details")
    try:
        async with visit.act.attempt():
            booked = await confirm(visit.act, draft.id, details)
    except HoldOver:
        return await _check_page(visit, draft, status=409)
    except AppointmentsUsedUp as refusal:
        return used_up(visit, refusal, f"/appointments/book/{token}/check")
    return to_appointment(visit, booked)


def _errors(visit: Visit, typed: TypedDetails, draft: Appointment) -> FormErrors:
    """What is wrong with what was typed."""
    texts, checked = what_to_do(visit), typed.checked(draft.kind)
    wrong = [] if isinstance(checked, Details) else checked
    return FormErrors({"mail" if each.field == "channels" else each.field: texts[each.code] for each in wrong})


async def _details_page(visit: Visit, draft: Appointment, form: DetailsForm, errors: FormErrors) -> Response:
    offer = await load_offer(visit.act, draft.station, draft.services)
    return visit.render(
        "details.html",
        status=422 if errors else 200,
        secret=True,
        form=form,
        errors=errors,
        languages=[(each.code, own_name(each)) for each in MESSAGE_LANGUAGES],
        interpreters=list(visit.act.tools.city.interpreter_languages.items()),
        station=offer.stations[0],
        spoken=offer.stations[0].languages,
        consent=VIDEO_CONSENT,
        reminded=will_be_reminded(draft.starts_at, visit.act.now),
        **_hold(visit, draft),
    )


async def _check_page(visit: Visit, draft: Appointment, status: int = 200) -> Response:
    details = await _checked_details(visit, draft)
    if details is None:
        return visit.redirect(f"{draft_path(visit.act.tools, draft.id)}/details")
    offer = await load_offer(visit.act, draft.station, draft.services)
    return visit.render(
        "check.html",
        status=status,
        secret=True,
        station=offer.stations[0],
        services=offer.services,
        minutes=duration_of(offer.services) // timedelta(minutes=1),
        person=details.person,
        message_language=own_name(message_language(details.language)),
        interpreter=visit.act.tools.city.interpreter_languages.get(details.interpreter or ""),
        spoken_here=details.interpreter in offer.stations[0].languages,
        spoken_at_counter=offer.stations[0].speaks(draft.counter, details.interpreter),
        contact_days=retention.PERSON_AFTER_MATTER.days,
        time=_time_of(draft),
        **_hold(visit, draft),
    )


async def _checked_details(visit: Visit, draft: Appointment) -> Details | None:
    """What was typed; None while something is missing or wrong."""
    typed = await load_details(visit.act, draft)
    checked = typed.checked(draft.kind) if typed else None
    return checked if isinstance(checked, Details) else None


def _time_of(draft: Appointment) -> str:
    return f"{draft.station} {draft.starts_at.isoformat()}"


def _hold(visit: Visit, draft: Appointment) -> dict[str, Any]:
    """What every page of a draft says of its hold."""
    return {
        "draft": draft,
        "live": True,
        "over": hold_is_over(draft.held_until, visit.act.now),
        "soon": hold_ends_soon(draft.held_until, visit.act.now),
        "extendable": draft.extensions < MOST_EXTENSIONS,
        "token": visit.request.path_params["token"],
    }


def used_up(visit: Visit, refusal: AppointmentsUsedUp, back: str, waiting: bool = False) -> Response:
    """The page for who may have no more; `back` is where they came from, `waiting` whether they wanted to wait."""
    page = visit.render(
        "used_up.html", status=refusal.status, secret=True, limit=refusal.limit, back=back, waiting=waiting
    )
    page.headers.update(refusal.headers)
    return page


def what_to_do(visit: Visit) -> dict[str, str]:
    """What to say about each mistake."""
    _ = visit.gettext
    mail = _("Geben Sie eine E-Mail-Adresse ein, zum Beispiel name@beispiel.de.")
    return {
        "name_missing": _("Geben Sie Ihren Namen ein."),
        "name_illegible": _("Tippen Sie den Namen neu ein. Er enthält Zeichen, die wir nicht darstellen können."),
        "name_leads_elsewhere": _(
            "Geben Sie nur den Namen ein, ohne Internet-Adresse, E-Mail-Adresse und Telefonnummer."
        ),
        "name_too_long": _("Geben Sie Ihren Namen mit höchstens 120 Buchstaben ein."),
        "channel_missing": _("Geben Sie eine E-Mail-Adresse oder eine Handynummer ein."),
        "mail_missing": mail,
        "mail_unusable": mail,
        **phone_errors(_),
        "remarks_illegible": _("Tippen Sie den Hinweis neu ein. Er enthält Zeichen, die wir nicht darstellen können."),
        "remarks_too_long": _("Fassen Sie sich kürzer: höchstens 300 Buchstaben."),
        "consent_missing": _("Kreuzen Sie an, dass Sie einverstanden sind. Oder wählen Sie einen Termin vor Ort."),
    }
