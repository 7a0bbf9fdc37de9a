"""Reads of the weekly plan."""

from sqlalchemy.ext.asyncio import AsyncConnection

from services.mobile_office.weekly.domain import WeeklyStop
from shared.statements import Query

_PLAN = Query(
    WeeklyStop,
    """
    select id, vehicle, place, weekday, arrives, departs, every_weeks, valid_from, valid_until, version
    from weekly_stops order by weekday, arrives, valid_from, id
""",
)


async def load_weekly_plan(conn: AsyncConnection) -> list[WeeklyStop]:
    """The weekly plan, in order of weekdays and times."""
    return await _PLAN.all(conn)
