"""Closures as JSON, for those who lead the stations."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, StringConstraints

from services.appointments.closing import usecases
from services.appointments.closing.usecases import Closure
from services.appointments.offer.api import Key
from shared import audit
from shared.auth import Caller, require_role
from shared.db import Connection
from shared.http import CurrentService, Now, problems
from shared.problems import NotFound

Lead = Annotated[Caller, Depends(require_role("appointments:lead"))]
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
]

router = APIRouter(prefix="/appointments/api/v1/staff/closures", tags=["closures"])


class ClosureIn(BaseModel):
    """A station and days, both included; `reason` is what people are told, in German."""

    model_config = ConfigDict(extra="forbid")

    station: Key
    first_day: date
    last_day: date
    reason: Reason


class ClosureOut(BaseModel):
    """A closure as it stands."""

    id: UUID
    version: int
    status: Literal["in_force", "lifted"]
    station: str
    first_day: date
    last_day: date
    reason: str


@router.put("/{id}", responses=problems(401, 403, 409, 410, 422))
async def close(
    id: UUID, closure: ClosureIn, conn: Connection, service: CurrentService, now: Now, caller: Lead
) -> ClosureOut:
    """Close a station on some days, or change a closure. The id is the caller's choice; sent again it changes nothing.

    While appointments stand on these days it is refused (409) with their number (`appointments`).
    """
    caller.must_serve(closure.station)
    closed = await usecases.close(conn, service, Closure(id=id, version=1, **closure.model_dump()), now)
    days = {"first_day": str(closed.first_day), "last_day": str(closed.last_day)}
    await audit.note(conn, caller, "closed", now, matter=id, station=closed.station, **days)
    return _out(closed)


@router.get("/{id}", responses=problems(401, 403, 404))
async def show(id: UUID, conn: Connection, caller: Lead) -> ClosureOut:
    """A closure, lifted ones too."""
    found = await usecases.find(conn, id)
    if found is None:
        raise NotFound
    return _out(found)


@router.post("/{id}/lifting", responses=problems(401, 403, 404))
async def lift(id: UUID, conn: Connection, service: CurrentService, now: Now, caller: Lead) -> ClosureOut:
    """Lift a closure: the station opens after all. Sent again it changes nothing."""
    known = await usecases.find(conn, id)
    if known is None:
        raise NotFound
    caller.must_serve(known.station)
    lifted = await usecases.lift(conn, service, id, now)
    await audit.note(conn, caller, "lifted", now, matter=id, station=lifted.station)
    return _out(lifted)


def _out(closure: Closure) -> ClosureOut:
    return ClosureOut(
        id=closure.id,
        version=closure.version,
        status="lifted" if closure.lifted else "in_force",
        station=closure.station,
        first_day=closure.first_day,
        last_day=closure.last_day,
        reason=closure.reason,
    )
