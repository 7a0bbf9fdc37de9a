"""What booking takes and answers as JSON."""

from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Response
from icalendar import Alarm
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from services.appointments.booking.domain import Status
from services.appointments.booking.facts import MANAGE, manage_url
from services.appointments.booking.queries import Appointment
from services.appointments.booking.wishes import Move, Wish
from services.appointments.offer.api import Key
from services.appointments.offer.domain import MOST_KEYS, Kind
from services.appointments.persons.domain import CheckedPerson, Details, PersonInput, Wrong, check_person
from shared.addresses import PHONE_MESSAGES
from shared.appointment_calendar import appointment_entry
from shared.calendar_files import calendar_file
from shared.days import Moment
from shared.events.appointments import DecidedBy
from shared.events.personal import Channel
from shared.problems import FieldError, InvalidInput
from shared.tools import Tools
from shared.web.i18n import MESSAGE_LANGUAGES

MessageLanguage = Annotated[str, StringConstraints(pattern=f"^({'|'.join(each.code for each in MESSAGE_LANGUAGES)})$")]
LanguageTag = Annotated[str, StringConstraints(max_length=20, pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]

MESSAGES = {
    "name_missing": "Give the person's name.",
    "name_illegible": "Type the name anew: it has characters that cannot be shown.",
    "name_leads_elsewhere": "Give the name alone, without a web or mail address or phone number.",
    "name_too_long": "Give a name of at most 120 letters.",
    "channel_missing": "Choose mail, sms or both.",
    "mail_missing": "Give a mail address, such as name@example.org.",
    "mail_unusable": "Give a mail address, such as name@example.org.",
    **PHONE_MESSAGES,
    "remarks_illegible": "Type the remarks anew: they have characters that cannot be shown.",
    "remarks_too_long": "Give remarks of at most 300 letters.",
}


class WishIn(BaseModel):
    """A time at a station, for one or several services; a key stands in `services` as often as it is wanted."""

    model_config = ConfigDict(extra="forbid")

    station: Key
    services: Annotated[list[Key], Field(min_length=1, max_length=MOST_KEYS)]
    starts_at: Moment

    def wish(self) -> Wish:
        return Wish(self.station, tuple(self.services), self.starts_at)


class NewTimeIn(BaseModel):
    """Where and when an appointment is to be instead."""

    model_config = ConfigDict(extra="forbid")

    station: Key
    starts_at: Moment

    def move(self, id: UUID) -> Move:
        """The move of an appointment by the person that has it."""
        return Move(id, self.station, self.starts_at, DecidedBy.CITIZEN)


class PersonIn(BaseModel):
    """A person that books; `phone` is read as a German number unless it starts with a country code.

    `page_language` is that of pages the person saw; `consent` the version of the text agreed to, needed for video.
    `remarks` are read by the staff who serve them.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: Annotated[str, Field(max_length=200)]
    mail: Annotated[str, Field(max_length=320)] = ""
    phone: Annotated[str, Field(max_length=40)] = ""
    channels: Annotated[list[Channel], Field(max_length=2)]
    language: MessageLanguage = "de"
    interpreter: LanguageTag | None = None
    page_language: LanguageTag | None = None
    consent: Annotated[str | None, Field(max_length=20)] = None
    remarks: Annotated[str, Field(max_length=1000)] = ""

    def details(self, channel_needed: bool = True) -> Details:
        """What was typed, checked; raises InvalidInput naming the fields."""
        typed = PersonInput(self.name, self.mail, self.phone, tuple(self.channels), self.remarks)
        checked = check_person(typed, channel_needed)
        if not isinstance(checked, CheckedPerson):
            raise InvalidInput(errors=[_field_error(each) for each in checked])
        return Details(checked, self.language, self.interpreter, self.page_language, self.consent)


class BookingIn(BaseModel):
    """A binding booking: of a time held before (`hold`), or of a time at once (`time`)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "time": {"station": "mitte", "services": ["reisepass"], "starts_at": "2026-12-01T09:20:00+01:00"},
                    "person": {"name": "Anna Muster", "mail": "anna@example.org", "channels": ["mail"]},
                }
            ]
        },
    )

    hold: Annotated[str | None, Field(max_length=100, description="The token of a hold.")] = None
    time: WishIn | None = None
    person: PersonIn


class HoldOut(BaseModel):
    """A held time; the token extends it and turns it into an appointment."""

    token: str
    held_until: AwareDatetime


class InsteadOfOut(BaseModel):
    """What an offered time stands in for, and why; it is kept `until` a moment."""

    station: str
    starts_at: AwareDatetime
    reason: str
    until: AwareDatetime


class AppointmentOut(BaseModel):
    """An appointment; the token lets read and cancel it.

    While it is `offered`, station and times are an alternative to take before its deadline.
    """

    token: str
    number: str
    status: Literal["confirmed", "offered", "arrived", "missed", "cancelled"]
    kind: Kind
    station: str
    services: list[str]
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    language: str
    interpreter: str | None
    page_language: str | None
    manage_url: str
    instead_of: InsteadOfOut | None = None


def appointment_out(tools: Tools, found: Appointment) -> AppointmentOut:
    """An appointment with its token."""
    return AppointmentOut(
        token=tools.links.token(MANAGE, found.id, found.generation),
        number=found.number,
        status=found.status.value,
        kind=found.kind,
        station=found.station,
        services=list(found.services),
        starts_at=found.starts_at,
        ends_at=found.ends_at,
        language=found.language,
        interpreter=found.interpreter,
        page_language=found.page_language,
        manage_url=manage_url(tools, found.id, found.generation, found.language, found.page_language),
        instead_of=_instead_of(found),
    )


def _instead_of(found: Appointment) -> InsteadOfOut | None:
    if found.status is not Status.OFFERED or found.state is None or found.state.instead_of is None:
        return None
    old = found.state.instead_of
    return InsteadOfOut(station=old.place.key, starts_at=old.starts_at, reason=old.reason, until=old.until)


def _field_error(wrong: Wrong) -> FieldError:
    return FieldError(field=f"person.{wrong.field}", message=MESSAGES[wrong.code])


def calendar_answer(tools: Tools, appointment: Appointment) -> Response:
    """The answer a phone takes into its calendar: stable UID, rising SEQUENCE, UTC times."""
    state = appointment.state
    assert state is not None, "only appointments have a calendar file"
    entry = appointment_entry(
        appointment.id,
        appointment.version,
        state,
        reach=tools.city.reach(state.place.key),
        url=manage_url(tools, appointment.id, appointment.generation, appointment.language, appointment.page_language),
        stamp=tools.clock.now(),
    )
    if entry["status"] != "CANCELLED":
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", entry["summary"])
        alarm.add("trigger", timedelta(days=-1))
        entry.add_component(alarm)
    headers = {
        "Content-Disposition": 'attachment; filename="termin.ics"',
        "Cache-Control": "no-store",
        "X-Robots-Tag": "noindex",
        "Referrer-Policy": "no-referrer",
    }
    content = calendar_file(tools.name, [entry])
    return Response(content, media_type="text/calendar; charset=utf-8", headers=headers)
