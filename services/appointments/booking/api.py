"""Booking as JSON, for machines and staff tools."""

from typing import Annotated, Literal
from uuid import UUID, uuid4

from fastapi import Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.booking import changes, usecases
from services.appointments.booking.alternatives import take_alternative
from services.appointments.booking.calendar import calendar_file
from services.appointments.booking.domain import CheckedPerson, PersonInput, Status, Wrong, check_person
from services.appointments.booking.facts import MANAGE, manage_url
from services.appointments.booking.holds import extend_hold, hold
from services.appointments.booking.limits import CurrentOrigin
from services.appointments.booking.queries import Appointment, load_appointment
from services.appointments.booking.wishes import Details, Wish
from services.appointments.offer.api import Key
from services.appointments.offer.domain import MOST_KEYS, Kind
from shared.addresses import PHONE_MESSAGES
from shared.days import Moment
from shared.db import Connection
from shared.events.appointments import DecidedBy
from shared.events.personal import Channel
from shared.http import CurrentService, Now, api_router, problems
from shared.idempotency import IdempotencyKey, claim_key, digest
from shared.problems import FieldError, InvalidInput, NotFound
from shared.service import Service
from shared.web.i18n import MESSAGE_LANGUAGES

router = api_router("/appointments/api/v1", "booking")

HOLD_LINK = "hold"
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
    """An appointment; whoever has the token can read and cancel it.

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


@router.post("/holds", status_code=201, responses=problems(409, 422, 429))
async def hold_time(
    wish: WishIn,
    conn: Connection,
    service: CurrentService,
    now: Now,
    origin: CurrentOrigin,
    key: IdempotencyKey = None,
) -> HoldOut:
    """Keep a time for ten minutes."""
    id = uuid4()
    if key and (first := await claim_key(conn, "hold", key, digest(wish.model_dump_json()), str(id))):
        held = await load_appointment(conn, UUID(first))
        if held is None or held.held_until is None:
            raise NotFound
        return HoldOut(token=service.links.token(HOLD_LINK, held.id, 1), held_until=held.held_until)
    until = await hold(conn, service, id, wish.wish(), now, origin)
    return HoldOut(token=service.links.token(HOLD_LINK, id, 1), held_until=until)


@router.post("/holds/{token}/extension", responses=problems(404, 409))
async def extend(token: str, conn: Connection, service: CurrentService, now: Now) -> HoldOut:
    """Keep a held time for ten more minutes."""
    id, _ = service.links.read(HOLD_LINK, token)
    return HoldOut(token=token, held_until=await extend_hold(conn, service, id, now))


@router.post("/appointments", status_code=201, responses=problems(404, 409, 422, 429))
async def book(
    booking: BookingIn,
    response: Response,
    conn: Connection,
    service: CurrentService,
    now: Now,
    origin: CurrentOrigin,
    key: IdempotencyKey = None,
) -> AppointmentOut:
    """Book. Sent again with the same Idempotency-Key it answers with the first booking.

    A taken time answers 409 with the nearest free times (`nearest`), 429 means that a limit is reached.
    """
    details = booking.person.details()
    if (booking.hold is None) == (booking.time is None):
        raise InvalidInput(errors=[FieldError(field="time", message="Give either a hold or a time.")])
    id = service.links.read(HOLD_LINK, booking.hold)[0] if booking.hold else uuid4()
    if key and (first := await claim_key(conn, "book", key, digest(booking.model_dump_json()), str(id))):
        return appointment_out(service, await _known(conn, UUID(first)))
    if booking.time is None:
        found = await usecases.confirm(conn, service, id, details, now, origin)
    else:
        found = await usecases.book(conn, service, id, booking.time.wish(), details, now, origin)
    out = appointment_out(service, found)
    response.headers["Location"] = f"/appointments/api/v1/appointments/{out.token}"
    return out


@router.get("/appointments/{token}", responses=problems(404))
async def appointment(token: str, conn: Connection, service: CurrentService) -> AppointmentOut:
    """An appointment, by its secret token."""
    return appointment_out(service, await by_token(conn, service, token))


@router.post("/appointments/{token}/cancellation", responses=problems(404, 409, 410))
async def cancel(token: str, conn: Connection, service: CurrentService, now: Now) -> AppointmentOut:
    """Cancel an appointment; its time is free at once."""
    found = await by_token(conn, service, token)
    return appointment_out(service, await changes.cancel(conn, service, found.id, DecidedBy.CITIZEN, None, now))


@router.post("/appointments/{token}/rescheduling", responses=problems(404, 409, 410, 422))
async def reschedule(token: str, new: NewTimeIn, conn: Connection, service: CurrentService, now: Now) -> AppointmentOut:
    """Move an appointment to another time or place; number and link stay. Sent again it changes nothing.

    A taken time answers 409 with the nearest free times (`nearest`), and the old time is kept.
    """
    found = await by_token(conn, service, token)
    moved = await changes.reschedule(conn, service, found.id, new.station, new.starts_at, DecidedBy.CITIZEN, now)
    return appointment_out(service, moved)


@router.post("/appointments/{token}/acceptance", responses=problems(404, 410))
async def accept(token: str, conn: Connection, service: CurrentService, now: Now) -> AppointmentOut:
    """Take the time that is kept instead of one that cannot be. Sent again it changes nothing.

    To decline it, cancel the appointment or move it to another time.
    """
    found = await by_token(conn, service, token)
    return appointment_out(service, await take_alternative(conn, service, found.id, now))


@router.get(
    "/appointments/{token}/calendar.ics",
    response_class=Response,
    responses={200: {"content": {"text/calendar": {}}}, **problems(404)},
)
async def calendar(token: str, conn: Connection, service: CurrentService) -> Response:
    """An appointment as a calendar file (RFC 5545)."""
    return calendar_file(service, await by_token(conn, service, token))


async def by_token(conn: AsyncConnection, service: Service, token: str) -> Appointment:
    """The appointment a secret token gives access to; raises NotFound for a revoked or made-up one."""
    id, generation = service.links.read(MANAGE, token)
    found = await _known(conn, id)
    if found.generation != generation:
        raise NotFound
    return found


async def _known(conn: AsyncConnection, id: UUID) -> Appointment:
    found = await load_appointment(conn, id)
    if found is None or found.state is None:
        raise NotFound
    return found


def appointment_out(service: Service, found: Appointment) -> AppointmentOut:
    """An appointment with its token."""
    return AppointmentOut(
        token=service.links.token(MANAGE, found.id, found.generation),
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
        manage_url=manage_url(service, found.id, found.generation, found.language, found.page_language),
        instead_of=_instead_of(found),
    )


def _instead_of(found: Appointment) -> InsteadOfOut | None:
    if found.status is not Status.OFFERED or found.state is None or found.state.instead_of is None:
        return None
    old = found.state.instead_of
    return InsteadOfOut(station=old.place.key, starts_at=old.starts_at, reason=old.reason, until=old.until)


def _field_error(wrong: Wrong) -> FieldError:
    return FieldError(field=f"person.{wrong.field}", message=MESSAGES[wrong.code])
