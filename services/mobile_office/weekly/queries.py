"""Reads of the weekly plan."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.mobile_office.tables import weekly_stops
from services.mobile_office.weekly.domain import WeeklyStop


async def load_weekly_plan(conn: AsyncConnection) -> list[WeeklyStop]:
    """The weekly plan, in order of weekdays and times."""
    columns = (weekly_stops.c.weekday, weekly_stops.c.arrives, weekly_stops.c.valid_from, weekly_stops.c.id)
    rows = await conn.execute(select(weekly_stops).order_by(*columns))
    return [WeeklyStop(**row) for row in rows.mappings()]
