"""Closures as JSON, for those who lead the stations."""

from datetime import date, time
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from fastapi import Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from services.appointments.closing import usecases
from services.appointments.closing.domain import Closure, Decision
from services.appointments.closing.preview import Preview, PreviewOutdated, Row
from services.appointments.closing.queries import closures_in_force, find
from services.appointments.closing.usecases import Confirmation
from services.appointments.offer.api import Key
from services.appointments.offer.queries import load_offer
from services.appointments.staff import LeadAct
from shared.http import api_router, problems
from shared.lines import legible_line

Reason = Annotated[str, AfterValidator(legible_line), Field(max_length=200)]
Hour = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Number = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{4}$")]

router = api_router("/appointments/api/v1/staff/closures", "closures")


class ClosureIn(BaseModel):
    """A station and days, both included; `reason` is what people are told, in German.

    `counter` closes only one of its counters, `from_time` and `until_time` (local time, HH:MM) only some hours of each
    day.
    """

    model_config = ConfigDict(extra="forbid")

    station: Key
    first_day: date
    last_day: date
    reason: Reason
    counter: Key | None = None
    from_time: Hour | None = None
    until_time: Hour | None = None

    def closure(self, id: UUID) -> Closure:
        return Closure(
            id=id,
            version=1,
            station=self.station,
            first_day=self.first_day,
            last_day=self.last_day,
            reason=self.reason,
            counter=self.counter,
            from_time=time.fromisoformat(self.from_time) if self.from_time else None,
            until_time=time.fromisoformat(self.until_time) if self.until_time else None,
        )


class ConfirmationIn(BaseModel):
    """What becomes of the appointments a closure concerns.

    `preview` is the version of the preview that was looked at. Its proposals count, unless `for_all` or, by number,
    `by_number` say otherwise: move to the proposed time at once, offer it, or cancel.
    """

    model_config = ConfigDict(extra="forbid")

    preview: Annotated[str, Field(max_length=40)]
    for_all: Decision | None = None
    by_number: dict[Number, Decision] = {}


class ConfirmedClosureIn(ClosureIn):
    """A closure, with what was confirmed in its preview; not needed if it concerns nobody."""

    confirmation: ConfirmationIn | None = None


class ClosureOut(BaseModel):
    """A closure as it stands."""

    id: UUID
    version: int
    status: Literal["in_force", "lifted"]
    station: str
    first_day: date
    last_day: date
    reason: str
    counter: str | None
    from_time: str | None
    until_time: str | None


class TimeOut(BaseModel):
    """When and where instead."""

    station: str
    counter: str
    starts_at: AwareDatetime


class ConcernedOut(BaseModel):
    """An appointment a closure concerns, and what is proposed for it; `name` is gone once forgotten.

    At the `same_time` only the counter changes, and nobody needs to be told.
    """

    number: str
    name: str | None
    services: list[str]
    starts_at: AwareDatetime
    status: Literal["confirmed", "offered"]
    proposal: Decision
    time: TimeOut | None
    same_time: bool


class PreviewOut(BaseModel):
    """What a closure would do; `version` goes into the confirmation.

    `waiting` is how many people in the hall it sends home.
    """

    version: str
    waiting: int
    appointments: list[ConcernedOut]


@router.get("", responses=problems(401, 403))
async def in_force(act: LeadAct, station: Annotated[Key | None, Query()] = None) -> list[ClosureOut]:
    """The closures that are not over, of one station or all of the caller's."""
    offer = await load_offer(act, station, [])
    stations = [each.key for each in offer.stations if act.staff.serves(each.key)]
    return [_out(each) for each in await closures_in_force(act.conn, stations, act.today)]


@router.get("/preview", responses=problems(401, 403, 409, 410, 422))
async def preview(act: LeadAct, closure: Annotated[ClosureIn, Query()]) -> PreviewOut:
    """The people a closure would concern, and what is proposed for each. It changes nothing."""
    return _preview_out(await usecases.preview(act, closure.closure(uuid4())))


@router.put("/{id}", responses=problems(401, 403, 409, 410, 422))
async def close(act: LeadAct, id: UUID, closure: ConfirmedClosureIn) -> ClosureOut:
    """Close on some days, or change a closure. The id is the caller's choice; sent again it changes nothing.

    If it concerns appointments it is refused (409) with their number (`appointments`) unless what becomes of them is
    confirmed. If they are no longer those of the preview it is refused (409) with the new one (`preview`).
    """
    given = closure.confirmation
    confirmed = Confirmation(given.preview, given.for_all, given.by_number) if given else None
    try:
        return _out(await usecases.close(act, closure.closure(id), confirmed))
    except PreviewOutdated as outdated:
        outdated.extra = {"preview": _preview_out(outdated.preview).model_dump(mode="json")}
        raise


@router.get("/{id}", responses=problems(401, 403, 404))
async def show(act: LeadAct, id: UUID) -> ClosureOut:
    """A closure, lifted ones too."""
    return _out(act.staff.own(await find(act.conn, id)))


@router.post("/{id}/lifting", responses=problems(401, 403, 404))
async def lift(act: LeadAct, id: UUID) -> ClosureOut:
    """Lift a closure: its times can be booked again, and whoever was moved stays so. Sent again it changes nothing."""
    return _out(await usecases.lift(act, id))


def _out(closure: Closure) -> ClosureOut:
    return ClosureOut(
        id=closure.id,
        version=closure.version,
        status="lifted" if closure.lifted else "in_force",
        station=closure.station,
        first_day=closure.first_day,
        last_day=closure.last_day,
        reason=closure.reason,
        counter=closure.counter,
        from_time=closure.from_time and f"{closure.from_time:%H:%M}",
        until_time=closure.until_time and f"{closure.until_time:%H:%M}",
    )


def _preview_out(shown: Preview) -> PreviewOut:
    return PreviewOut(
        version=shown.version, waiting=shown.waiting, appointments=[_concerned_out(row) for row in shown.rows]
    )


def _concerned_out(row: Row) -> ConcernedOut:
    found, run = row.concerned.appointment, row.proposal.run
    given: dict[str, Any] = {"status": found.status.value}
    return ConcernedOut(
        number=found.number,
        name=row.concerned.person.name if row.concerned.person else None,
        services=list(found.services),
        starts_at=found.starts_at,
        proposal=row.proposal.decision,
        time=run and TimeOut(station=run.station, counter=run.counter, starts_at=run.starts[0]),
        same_time=row.proposal.same_time,
        **given,
    )
