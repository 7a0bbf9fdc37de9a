"""Opening hours as JSON, for those who lead the stations."""

from datetime import time
from typing import Annotated, Self

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from services.appointments.closing.api import Hour
from services.appointments.offer.api import Key
from services.appointments.offer.windows import MOST_WEEKS, Window
from services.appointments.opening import usecases
from services.appointments.opening.domain import MOST_WINDOWS
from services.appointments.opening.usecases import HoursChanged, StationHours, load_hours
from services.appointments.staff import LeadAct
from shared.days import Day
from shared.http import api_router, problems
from shared.recurrence import LAST

StationKey = Annotated[Key, Path()]

router = api_router("/appointments/api/v1/staff/hours/{station}", "opening hours")


class WindowBody(BaseModel):
    """Opening hours on some weekdays (0 is Monday), in local time, valid between two days where given.

    `every_weeks` leaves out the weeks between, counted from the week of `valid_from`; `nth` means only the first to
    fourth such weekday of a month, or, for 5, the last. `staff_counters` of the counters, the last ones, are kept for
    bookings by staff; `services` are the keys of those the hours are for, null means all.
    """

    model_config = ConfigDict(extra="forbid")

    weekdays: Annotated[list[Annotated[int, Field(ge=0, le=6)]], Field(min_length=1, max_length=7)]
    opens: Hour
    closes: Hour
    valid_from: Day | None = None
    valid_until: Day | None = None
    every_weeks: Annotated[int, Field(ge=1, le=MOST_WEEKS)] = 1
    nth: Annotated[int, Field(ge=1, le=LAST)] | None = None
    staff_counters: Annotated[int, Field(ge=0, le=99)] = 0
    services: Annotated[list[Key], Field(min_length=1, max_length=200)] | None = None

    def window(self) -> Window:
        return Window(
            tuple(sorted(set(self.weekdays))),
            time.fromisoformat(self.opens),
            time.fromisoformat(self.closes),
            self.valid_from,
            self.valid_until,
            self.every_weeks,
            self.nth,
            self.staff_counters,
            None if self.services is None else tuple(self.services),
        )

    @classmethod
    def of(cls, window: Window) -> Self:
        return cls(
            weekdays=list(window.weekdays),
            opens=f"{window.opens:%H:%M}",
            closes=f"{window.closes:%H:%M}",
            valid_from=window.valid_from,
            valid_until=window.valid_until,
            every_weeks=window.every_weeks,
            nth=window.nth,
            staff_counters=window.staff_counters,
            services=None if window.services is None else list(window.services),
        )


class HoursBody(BaseModel):
    """All opening hours of a station; `version` is that of the hours that were looked at."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[int, Field(ge=0)]
    hours: Annotated[list[WindowBody], Field(max_length=MOST_WINDOWS)]

    def windows(self) -> list[Window]:
        return [each.window() for each in self.hours]


class OutsideOut(BaseModel):
    """How many appointments to come other hours would leave out; they stay booked.

    `hours` are outside of the hours, `counters` at a counter that the public could take and no longer can.
    """

    hours: int
    counters: int


@router.get("", responses=problems(401, 403, 404))
async def show(act: LeadAct, station: StationKey) -> HoursBody:
    """The opening hours of a station, with their version: 0 while they are those of the city's data."""
    act.staff.must_serve(station)
    return _out(await load_hours(act, station))


@router.post("/preview", responses=problems(401, 403, 404, 409, 422))
async def preview(act: LeadAct, station: StationKey, wanted: HoursBody) -> OutsideOut:
    """How many appointments other hours would leave out. It changes nothing."""
    try:
        left_out = await usecases.preview(act, station, wanted.version, wanted.windows())
    except HoursChanged as changed:
        raise _with_current(changed) from None
    return OutsideOut(hours=len(left_out.hours), counters=len(left_out.counters))


@router.put("", responses=problems(401, 403, 404, 409, 422))
async def change(act: LeadAct, station: StationKey, wanted: HoursBody) -> HoursBody:
    """Give a station other hours. Sent again it changes nothing.

    If somebody else has changed them since that version it is refused (409) with theirs (`current`).
    """
    try:
        return _out(await usecases.change(act, station, wanted.version, wanted.windows()))
    except HoursChanged as changed:
        raise _with_current(changed) from None


def _out(known: StationHours) -> HoursBody:
    return HoursBody(version=known.version, hours=[WindowBody.of(each) for each in known.windows])


def _with_current(changed: HoursChanged) -> HoursChanged:
    changed.extra = {"current": _out(changed.current).model_dump(mode="json")}
    return changed
