"""The weekly plan as JSON: everybody of the staff may look, who leads changes it."""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field

from services.mobile_office.bodies import API, Body, Hour, Key, Version, as_body, time_of
from services.mobile_office.staff import LeadAct, StaffAct
from services.mobile_office.weekly import usecases
from services.mobile_office.weekly.domain import MOST_WEEKS, WeeklyStop
from services.mobile_office.weekly.queries import load_weekly_plan
from services.mobile_office.weekly.usecases import WeeklyStopChanged
from shared.days import Day
from shared.http import api_router, problems

router = api_router(f"{API}/staff/weekly-stops", "weekly plan")


class WeeklyStopIn(Body):
    """A stop on a weekday (0 is Monday), in local time, every so many weeks from that of `valid_from`.

    `version` is that of the stop as it was looked at, 0 for a new one.
    """

    version: Version
    vehicle: Key
    place: Key
    weekday: Annotated[int, Field(ge=0, le=6)]
    arrives: Hour
    departs: Hour
    every_weeks: Annotated[int, Field(ge=1, le=MOST_WEEKS)] = 1
    valid_from: Day
    valid_until: Day | None = None

    def weekly_stop(self, id: UUID) -> WeeklyStop:
        times = {"arrives": time_of(self.arrives), "departs": time_of(self.departs)}
        return WeeklyStop(id=id, **(self.model_dump() | times))


class WeeklyStopOut(BaseModel):
    """A stop of the weekly plan."""

    id: UUID
    version: int
    vehicle: str
    place: str
    weekday: int
    arrives: str
    departs: str
    every_weeks: int
    valid_from: date
    valid_until: date | None

    @classmethod
    def of(cls, stop: WeeklyStop) -> Self:
        return cls(
            id=stop.id,
            version=stop.version,
            vehicle=stop.vehicle,
            place=stop.place,
            weekday=stop.weekday,
            arrives=f"{stop.arrives:%H:%M}",
            departs=f"{stop.departs:%H:%M}",
            every_weeks=stop.every_weeks,
            valid_from=stop.valid_from,
            valid_until=stop.valid_until,
        )


@router.get("", responses=problems(401, 403))
async def show(act: StaffAct) -> list[WeeklyStopOut]:
    """The weekly plan, in order of weekdays and times."""
    return [WeeklyStopOut.of(each) for each in await load_weekly_plan(act.conn)]


@router.put("/{id}", responses=problems(401, 403, 409, 422))
async def save(act: LeadAct, id: UUID, wanted: WeeklyStopIn) -> WeeklyStopOut:
    """Add a stop, or change one. Weeks that are planned stay as they are. Sent again it changes nothing.

    If somebody else has changed it since that version it is refused (409) with theirs (`current`); also if the vehicle
    could not be there in time in some week.
    """
    try:
        saved = await usecases.save_weekly_stop(act, wanted.weekly_stop(id))
    except WeeklyStopChanged as changed:
        changed.extra = {"current": as_body(WeeklyStopOut.of(changed.current)) if changed.current else None}
        raise
    return WeeklyStopOut.of(saved)


@router.delete("/{id}", status_code=204, responses=problems(401, 403))
async def remove(act: LeadAct, id: UUID) -> None:
    """Take a stop out of the weekly plan. Weeks that are planned stay as they are. Sent again it changes nothing."""
    await usecases.remove_weekly_stop(act, id)
