"""What happens on the way, as JSON, for everybody of the staff: delays, cancellations, breakdowns."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from services.mobile_office.bodies import API, Body, Key, Version
from services.mobile_office.staff import StaffAct
from services.mobile_office.tours import changes
from services.mobile_office.tours.bodies import ReasonIn, StopOut
from services.mobile_office.tours.breakdown import Answer, Decision
from services.mobile_office.tours.breaking_down import Breakdown, break_down, load_concerned
from services.mobile_office.tours.changes import MOST_MINUTES, Delay, load_delay
from services.mobile_office.tours.queries import find_stop, lock_stops
from shared.days import Moment
from shared.http import api_router, problems

router = api_router(f"{API}/staff", "changes")

MOST_STOPS = 50
Minutes = Annotated[int, Field(ge=0, le=MOST_MINUTES)]


class DelayIn(Body):
    """How many minutes later than announced the vehicle comes; `version` is that of the stop as it was looked at."""

    version: Version
    minutes: Minutes


class DelaysIn(Body):
    """Delays by stop; `reason` is not needed where all are in time after all."""

    stops: Annotated[dict[UUID, DelayIn], Field(min_length=1, max_length=MOST_STOPS)]
    reason: ReasonIn | None = None


class LateOut(BaseModel):
    """A stop the vehicle reaches late, and how many people have an appointment there."""

    stop: StopOut
    minutes: int
    people: int


class AnswerBody(Body):
    """What becomes of a stop: `minutes` later, or with another `vehicle`, or not at all."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    decision: Decision
    minutes: Minutes = 0
    vehicle: Key | None = None


class BreakdownIn(Body):
    """A vehicle does not drive from a moment on; `answers` says what becomes of its stops. The others stay."""

    vehicle: Key
    from_time: Moment
    reason: ReasonIn
    answers: Annotated[dict[UUID, AnswerBody], Field(min_length=1, max_length=MOST_STOPS)]


class ConcernedOut(BaseModel):
    """A stop of the broken vehicle, how many people have an appointment there, and what is proposed."""

    stop: StopOut
    people: int
    proposal: AnswerBody


@router.get("/stops/{id}/delay", responses=problems(401, 403, 404, 409, 422))
async def show_delay(act: StaffAct, id: UUID, minutes: Annotated[int, Query(ge=0, le=MOST_MINUTES)]) -> list[LateOut]:
    """What a delay concerns: the stop, then those of the day that the vehicle reaches late, too. It changes nothing."""
    found = await load_delay(act, id, minutes)
    return [LateOut(stop=StopOut.of(each.stop), minutes=each.minutes, people=each.people) for each in found]


@router.post("/delays", responses=problems(401, 403, 404, 409, 422))
async def delay(act: StaffAct, wanted: DelaysIn) -> list[StopOut]:
    """Announce that the vehicle is late at some stops, or in time after all (0). Sent again it announces nothing."""
    delays = {id: Delay(each.version, each.minutes) for id, each in wanted.stops.items()}
    await changes.delay(act, delays, wanted.reason.reason() if wanted.reason else None)
    return [StopOut.of(stop) for stop in (await lock_stops(act.conn, delays)).values()]


@router.post("/stops/{id}/cancellation", responses=problems(401, 403, 404, 409, 422))
async def cancel(act: StaffAct, id: UUID, reason: ReasonIn) -> StopOut:
    """Call an announced stop off. Sent again it announces nothing."""
    await changes.cancel(act, id, reason.reason())
    found = await find_stop(act.conn, id)
    assert found is not None
    return StopOut.of(found)


@router.get("/breakdowns/preview", responses=problems(401, 403, 422))
async def preview(
    act: StaffAct, vehicle: Annotated[Key, Query()], from_time: Annotated[Moment, Query()]
) -> list[ConcernedOut]:
    """The stops the vehicle still has within a week, and what is proposed for each. It changes nothing."""
    return [
        ConcernedOut(stop=StopOut.of(each.stop), people=each.people, proposal=AnswerBody.model_validate(each.proposal))
        for each in await load_concerned(act, vehicle, from_time)
    ]


@router.put("/breakdowns/{id}", status_code=204, responses=problems(401, 403, 409, 422))
async def breakdown(act: StaffAct, id: UUID, wanted: BreakdownIn) -> None:
    """Announce what becomes of the stops of a broken vehicle, all at once.

    The id is the caller's choice; sent again it announces nothing.
    """
    answers = {stop: Answer(each.decision, each.minutes, each.vehicle) for stop, each in wanted.answers.items()}
    await break_down(act, Breakdown(id, wanted.vehicle, wanted.from_time, wanted.reason.reason()), answers)
