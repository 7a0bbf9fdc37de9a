"""The plans of weeks as JSON: everybody of the staff may look, who leads plans and publishes."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, Field

from services.mobile_office.bodies import API, Body, Version, as_body
from services.mobile_office.staff import LeadAct, StaffAct
from services.mobile_office.tours import publishing, usecases
from services.mobile_office.tours.bodies import PlanBody, PlannedStopOut, ReasonIn, WarningOut
from services.mobile_office.tours.domain import Change
from services.mobile_office.tours.publishing import Preview, load_preview
from services.mobile_office.tours.queries import load_stops, load_week
from services.mobile_office.tours.refusals import WeekPreviewOutdated
from services.mobile_office.tours.usecases import SeenWeek
from shared.days import Day
from shared.db import Connection
from shared.http import api_router, problems
from shared.problems import NotFound

router = api_router(f"{API}/staff/weeks/{{monday}}", "weeks")


class StopIn(PlanBody):
    """Where a stop is planned; `week_version` is that of the week as it was looked at."""

    week_version: Version


class PublicationIn(Body):
    """What was confirmed: the version of the preview, and why announced stops change, where they do."""

    preview: Annotated[str, Field(max_length=40)]
    reason: ReasonIn | None = None


class WeekOut(BaseModel):
    """The plan of a week; each change raises its version."""

    monday: date
    version: int
    published_at: AwareDatetime | None
    stops: list[PlannedStopOut]


class AnnouncementOut(BaseModel):
    """A stop something is announced of, and how many people have an appointment there who are told."""

    stop: PlannedStopOut
    change: Change
    people: int


class PreviewOut(BaseModel):
    """What publishing a week announces; `version` goes into the publication."""

    version: str
    changes: list[AnnouncementOut]
    people: int
    needs_reason: bool
    warnings: list[WarningOut]


@router.get("", responses=problems(401, 403, 404))
async def show(act: StaffAct, monday: Day) -> WeekOut:
    """The plan of a week, announced or not."""
    return await _week(act.conn, monday)


@router.put("", responses=problems(401, 403, 422))
async def plan(act: LeadAct, monday: Day) -> WeekOut:
    """Plan a week as the weekly plan has it. One that is planned already stays as it is."""
    await usecases.plan_week(act, monday)
    return await _week(act.conn, monday)


@router.put("/stops/{id}", responses=problems(401, 403, 404, 409, 422))
async def put_stop(act: LeadAct, monday: Day, id: UUID, wanted: StopIn) -> WeekOut:
    """Put a stop into the plan, or replan one. The id is the caller's choice; sent again it changes nothing.

    If the vehicle is elsewhere then, or on its way, it is refused (409) and says at which `stop`.
    """
    await usecases.put_stop(act, SeenWeek(monday, wanted.week_version), id, wanted.plan())
    return await _week(act.conn, monday)


@router.delete("/stops/{id}", responses=problems(401, 403, 404, 409, 422))
async def drop_stop(act: LeadAct, monday: Day, id: UUID, week_version: Annotated[Version, Query()]) -> WeekOut:
    """Take a stop out of the plan; one people know of is called off when the week is published."""
    await usecases.drop_stop(act, SeenWeek(monday, week_version), id)
    return await _week(act.conn, monday)


@router.get("/preview", responses=problems(401, 403, 404))
async def preview(act: LeadAct, monday: Day) -> PreviewOut:
    """What publishing the week would announce, and what to look at before. It changes nothing."""
    return _preview(await load_preview(act, monday))


@router.post("/publication", responses=problems(401, 403, 404, 409, 422))
async def publish(act: LeadAct, monday: Day, wanted: PublicationIn) -> PreviewOut:
    """Announce the week, and say what was announced. Sent again it announces nothing.

    If it is no longer what the preview showed, it is refused (409) with the new one (`preview`).
    """
    reason = wanted.reason.reason() if wanted.reason else None
    try:
        return _preview(await publishing.publish(act, monday, wanted.preview, reason))
    except WeekPreviewOutdated as outdated:
        outdated.extra = {"preview": as_body(_preview(await load_preview(act, monday)))}
        raise


async def _week(conn: Connection, monday: date) -> WeekOut:
    week = await load_week(conn, monday)
    if week is None:
        raise NotFound
    stops = [PlannedStopOut.of(stop) for stop in await load_stops(conn, monday)]
    return WeekOut(monday=week.monday, version=week.version, published_at=week.published_at, stops=stops)


def _preview(shown: Preview) -> PreviewOut:
    return PreviewOut(
        version=shown.version,
        changes=[
            AnnouncementOut(stop=PlannedStopOut.of(stop), change=change, people=shown.booked.get(stop.id, 0))
            for stop, change in shown.changes
        ],
        people=shown.people,
        needs_reason=shown.needs_reason,
        warnings=[WarningOut.model_validate(each) for each in shown.warnings],
    )
