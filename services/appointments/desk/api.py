"""The desk as JSON, for staff tools: people expected, arrived, missed; bookings and changes by staff; calls to make."""

from typing import Annotated
from uuid import UUID, uuid4

from fastapi import Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.appointments.booking.bodies import AppointmentOut, NewTimeIn, PersonIn, WishIn, appointment_out
from services.appointments.booking.numbering import AppointmentNumber
from services.appointments.booking.queries import load_appointment
from services.appointments.desk import calls, usecases
from services.appointments.desk.domain import Reason
from services.appointments.desk.finding import MOST_SIGNS, read_wanted
from services.appointments.desk.queries import Expected, load_day, load_unreached
from services.appointments.desk.search import search
from services.appointments.offer.api import Key
from services.appointments.staff import StaffAct
from shared.act import Act
from shared.days import Day
from shared.http import api_router, problems
from shared.idempotency import IdempotencyKey, claim_key, digest
from shared.problems import FieldError, InvalidInput, NotFound

router = api_router("/appointments/api/v1/staff", "staff")

Number = AppointmentNumber


class ReasonIn(BaseModel):
    """Why; the citizen reads it in the city's words, unless they asked for it themselves."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class MoveIn(NewTimeIn, ReasonIn):
    """Where and when an appointment is to be instead, and why."""


class DeskBookingIn(BaseModel):
    """A booking for somebody at the desk or on the phone; `channels` of the person may be empty."""

    model_config = ConfigDict(extra="forbid")

    time: WishIn
    person: PersonIn


class ExpectedOut(AppointmentOut):
    """An appointment in the list of a day. `name` and `phone` are gone once forgotten."""

    counter: str
    name: str | None
    phone: str | None
    unreached: bool


class SearchIn(BaseModel):
    """People to find: `wanted` is a name or its beginnings, a number, the end of a phone number, or a mail address.

    `station` is where the caller sits; the audit log has the search there.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    station: Key
    wanted: Annotated[str, Field(max_length=MOST_SIGNS)]


class FoundOut(BaseModel):
    """The people found, those to come first, and people whose names sound or are spelt alike; `more` were left out."""

    exact: list[ExpectedOut]
    alike: list[ExpectedOut]
    more: bool


class UnreachedOut(BaseModel):
    """Somebody no message reached. `phone` is the number to call, if one was given.

    `number` and `status` are null for who waits for an appointment; then `starts_at` and `station` are what is offered
    to them, if anything is. `until` is how long a time is kept for them.
    """

    notice: UUID
    purpose: str
    at: AwareDatetime
    number: str | None
    status: str | None
    starts_at: AwareDatetime | None
    station: str | None
    until: AwareDatetime | None
    name: str
    phone: str | None


@router.get("/appointments", responses=problems(401, 403))
async def day(act: StaffAct, station: Annotated[Key, Query()], day: Day) -> list[ExpectedOut]:
    """The appointments of a station on a day, in the order of time."""
    act.staff.must_serve(station)
    return [_expected_out(act, each) for each in await load_day(act, station, day)]


@router.post("/appointments", status_code=201, responses=problems(401, 403, 409, 422))
async def book(booking: DeskBookingIn, response: Response, act: StaffAct, key: IdempotencyKey = None) -> AppointmentOut:
    """Book for somebody. Sent again with the same Idempotency-Key it answers with the first booking.

    A taken time answers 409 with the nearest free times (`nearest`).
    """
    wish = booking.time.wish()
    act.staff.must_serve(wish.station)
    details = booking.person.details(channel_needed=False)
    id = uuid4()
    if key and (first := await claim_key(act.conn, "desk-book", key, digest(booking.model_dump_json()), str(id))):
        found = await load_appointment(act.conn, UUID(first))
        if found is None:
            raise NotFound
    else:
        found = await usecases.book(act, id, wish, details)
    response.headers["Location"] = f"/appointments/api/v1/staff/appointments/{found.number}"
    return appointment_out(act.tools, found)


@router.post("/appointments/search", responses=problems(401, 403, 422))
async def find(wanted: SearchIn, act: StaffAct) -> FoundOut:
    """Find appointments at all of the caller's stations, from a week ago until four weeks ahead; a number at any time.

    What is looked for stands in the body, for names and numbers of people do not belong into addresses. The audit log
    has the search, without what was looked for.
    """
    act.staff.must_serve(wanted.station)
    read = read_wanted(wanted.wanted)
    if read is None:
        raise InvalidInput(errors=[FieldError(field="wanted", message="Give two letters or four digits at least.")])
    found = await search(act, wanted.station, read)
    return FoundOut(
        exact=[_expected_out(act, each) for each in found.exact],
        alike=[_expected_out(act, each) for each in found.alike],
        more=found.more,
    )


@router.get("/appointments/{number}", responses=problems(401, 403, 404))
async def appointment(number: Number, act: StaffAct) -> AppointmentOut:
    """An appointment by its number."""
    return appointment_out(act.tools, await usecases.find(act, number))


@router.post("/appointments/{number}/arrival/correction", responses=problems(401, 403, 404, 409))
async def take_back(number: Number, act: StaffAct) -> AppointmentOut:
    """They are not here after all, and are not called; `/arrival` lets them wait again."""
    return appointment_out(act.tools, await usecases.take_back_arrival(act, number))


@router.post("/appointments/{number}/missed", responses=problems(401, 403, 404, 409))
async def miss(number: Number, act: StaffAct) -> AppointmentOut:
    """Nobody came; possible from the start on, and final: they are told, with a way to book again."""
    return appointment_out(act.tools, await usecases.miss(act, number))


@router.post("/appointments/{number}/cancellation", responses=problems(401, 403, 404, 409, 422))
async def cancel(number: Number, why: ReasonIn, act: StaffAct) -> AppointmentOut:
    """Cancel an appointment; its time is free at once."""
    return appointment_out(act.tools, await usecases.cancel(act, number, why.reason))


@router.post("/appointments/{number}/rescheduling", responses=problems(401, 403, 404, 409, 410, 422))
async def move(number: Number, new: MoveIn, act: StaffAct) -> AppointmentOut:
    """Move an appointment, also to another station; number and link stay.

    A taken time answers 409 with the nearest free times (`nearest`), and the old time is kept.
    """
    return appointment_out(act.tools, await usecases.move(act, number, new.station, new.starts_at, new.reason))


@router.get("/unreached", responses=problems(401, 403))
async def unreached(act: StaffAct) -> list[UnreachedOut]:
    """People no message reached and nobody has called yet, the nearest deadline first, with the number to call."""
    return [
        UnreachedOut(
            notice=each.notice,
            purpose=each.purpose,
            at=each.at,
            number=each.number,
            status=each.status,
            starts_at=each.starts_at,
            station=each.station,
            until=each.until,
            name=each.person.name,
            phone=each.person.phone,
        )
        for each in await load_unreached(act)
    ]


@router.post("/unreached/{notice}/call", status_code=204, responses=problems(401, 403, 404))
async def call(notice: UUID, act: StaffAct) -> None:
    """Somebody has called them; they leave the list."""
    await calls.call(act, notice)


def _expected_out(act: Act, each: Expected) -> ExpectedOut:
    return ExpectedOut(
        **appointment_out(act.tools, each.appointment).model_dump(),
        counter=each.appointment.counter,
        name=each.person.name if each.person else None,
        phone=each.person.phone if each.person else None,
        unreached=each.unreached,
    )
