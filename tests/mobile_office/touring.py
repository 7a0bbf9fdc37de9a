"""A week of the Bürgermobil to look at: a quiet Monday morning, four stops, and who leads them."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID, uuid4

from sqlalchemy import text

from services.mobile_office.fleet.domain import Plan
from services.mobile_office.tours import publishing, usecases
from services.mobile_office.tours.domain import Stop
from services.mobile_office.tours.queries import load_stops
from services.mobile_office.tours.reasons import Reason
from shared.act import Act
from shared.calendar import public_holidays
from shared.clock import BERLIN, Clock
from shared.events.mobile_office import StopReason
from shared.tools import Tools
from shared.web.staff.session import Session

LEAD = Session(
    subject="tourenplanung",
    name="Ruth Brinkmann",
    roles=frozenset({"mobile_office:staff", "mobile_office:lead"}),
    stations=frozenset({"*"}),
)
VEHICLE, SPARE = "buergermobil-1", "buergermobil-2"
WEEK = (("marxloh", 0, 9), ("neumuehl", 0, 14), ("duissern", 1, 9), ("baerl", 2, 9))
"""Places, each with its weekday and the hour at which the vehicle arrives; it stays for three hours."""


class Touring:
    """A service and its weeks, on a Monday at seven in weeks without holidays."""

    def __init__(self, tools: Tools) -> None:
        self.tools = tools
        self.monday = _quiet_monday(tools.clock.now().astimezone(BERLIN).date())
        self.at(7)

    def at(self, hour: int, day: int = 0) -> None:
        """Let it be this hour on a weekday of the week."""
        file = self.tools.settings.platform.clock_file
        assert file is not None
        Clock.move(file, self._moment(day, hour) - self.tools.clock.now() + self.tools.clock.offset())

    async def begin(self) -> None:
        """Nothing is planned or booked, on Monday at seven."""
        self.at(7)
        async with self.tools.db.transaction() as conn:
            await conn.execute(text("truncate weeks, stops, breakdowns, bookings, idempotency_keys"))

    async def plan(self, week: Sequence[tuple[str, int, int]] = WEEK) -> list[Stop]:
        """Plan the week; its stops in order of time."""
        plans = [self.plan_of(place, day, hour) for place, day, hour in week]
        async with self.tools.db.transaction() as conn:
            now = self.tools.clock.now()
            await usecases.replace_plans(Act(conn, self.tools, now, who=LEAD), {self.monday: plans})
        return await self.stops()

    async def publish(self) -> list[Stop]:
        """Plan the week, if there is no plan, and publish it; its stops in order of time."""
        if not await self.stops():
            await self.plan()
        async with self.tools.db.transaction() as conn:
            now = self.tools.clock.now()
            shown = await publishing.load_preview(Act(conn, self.tools, now), self.monday)
            reason = Reason(StopReason.PLANNING)
            await publishing.publish(Act(conn, self.tools, now, who=LEAD), self.monday, shown.version, reason)
        return await self.stops()

    async def publish_week(self, week: Sequence[tuple[str, int, int]]) -> list[Stop]:
        """Plan a week and publish it; its stops in order of time."""
        await self.plan(week)
        return await self.publish()

    async def stops(self) -> list[Stop]:
        """The stops of the week, in order of time."""
        async with self.tools.db.transaction() as conn:
            return await load_stops(conn, self.monday)

    async def book(self, stop: UUID, people: int) -> None:
        """Let some people have an appointment at a stop."""
        rows = [{"appointment": uuid4(), "stop": stop} for _ in range(people)]
        async with self.tools.db.transaction() as conn:
            await conn.execute(
                text(
                    "insert into bookings (appointment, version, stop, delete_after) "
                    "values (:appointment, 1, :stop, now() + interval '1 year')"
                ),
                rows,
            )

    def plan_of(self, place: str, day: int, hour: int, vehicle: str = VEHICLE) -> Plan:
        """The vehicle at a place for three hours."""
        return Plan(vehicle, place, self._moment(day, hour), self._moment(day, hour + 3), 1)

    def _moment(self, day: int, hour: int) -> datetime:
        return datetime.combine(self.monday + timedelta(days=day), time(hour), BERLIN)


def _quiet_monday(today: date) -> date:
    """The first Monday to come with two weeks without a public holiday."""
    monday = today + timedelta(days=7 - today.weekday())
    while public_holidays(monday, monday + timedelta(days=13)):
        monday += timedelta(days=7)
    return monday
