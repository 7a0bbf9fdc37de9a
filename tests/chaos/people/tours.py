"""The staff of the Bürgermobil: a planner, who publishes weeks, and a driver, to whom things happen on the way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import product
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid5

from shared.clock import BERLIN
from shared.recurrence import monday_of
from tests.chaos.history import Operation
from tests.chaos.people.asking import Member

Timetable = dict[str, tuple[datetime, datetime]]
"""When the stops are that citizens know of, by their ids."""
VEHICLES = {"buergermobil-1": 2, "buergermobil-2": 1}
"""Their counters."""
PLACES = ("vierlinden", "marxloh", "beeck", "hochheide", "neudorf-nord", "bergheim", "buchholz")
"""One in each Stadtbezirk, on both banks of the Rhine."""
BEGINS = (9, 12, 15)
"""Hours at which stops begin, or some minutes later; between them there is time for any way."""
LASTS = (timedelta(minutes=90), timedelta(minutes=120))
STOPS = 5
"""How many there should be, of six for which there is time."""


@dataclass
class Crew(Member):
    """Somebody who works on the tours of one day.

    Args:
        timetable: kept as citizens should know it.
    """

    api: str = "/mobile_office/api/v1"
    timetable: Timetable = field(default_factory=dict)
    _count: int = 0

    def begin_deed(self, kind: str, *stops: str) -> Operation:
        """Write down that something is to be announced of some stops."""
        self._count += 1
        operation = self.begin(kind, f"{self.name}-{self._count}", "", self.city.day)
        operation.stops = tuple(map(UUID, stops))
        return operation

    @staticmethod
    def because(deed: Operation, known: str) -> dict[str, str]:
        """The reason of a deed: its name, by which the facts are known to be of it."""
        return {"known": known, "words": deed.person}


@dataclass
class Planner(Crew):
    """Plans stops of a day, moves them and takes them out, and publishes that now and then."""

    async def act(self) -> None:
        """Change the plan, and half of the time publish it."""
        week = await self.look(self._week)
        if week is None:
            return
        self._read(week)
        there = [each for each in week["stops"] if each["status"] != "cancelled" and not each["dropped"]]
        dice = self.random.random()
        vehicle, hour = self.random.choice(list(VEHICLES)), self.random.choice(BEGINS)
        if not there or (len(there) < STOPS and dice < 0.6):
            id = uuid5(UUID(int=0), f"{self.city.prefix} stop {self._count}")
            await self._plan(week, str(id), self._plan_at(vehicle, hour))
        else:
            stop = self.random.choice(there)
            plan = self._plan_at(vehicle, hour) if dice < 0.7 else self._much_as(stop["plan"])
            await self._plan(week, stop["id"], plan if dice < 0.9 else None)
        if self.random.random() < 0.5:
            await self.publish()

    async def begin_week(self) -> None:
        """Plan and publish the first stops, while nothing breaks."""
        await self.ask(self.begin_deed("plan"), self._week, None, method="PUT")
        for vehicle, hour in product(VEHICLES, BEGINS[:2]):
            stop = uuid5(UUID(int=0), f"{self.city.prefix} {vehicle} {hour}")
            await self._plan(await self.look(self._week), str(stop), self._plan_at(vehicle, hour))
        await self.publish()
        self._read(await self.look(self._week))
        assert len(self.timetable) == 4, "the first stops could not be announced"

    async def publish(self) -> None:
        """Announce the week as it is planned, after a preview."""
        shown = await self.look(f"{self._week}/preview")
        if shown and shown["changes"]:
            deed = self.begin_deed("publish", *(each["stop"]["id"] for each in shown["changes"]))
            wanted = {"preview": shown["version"], "reason": self.because(deed, "planning")}
            deed.said = await self.ask(deed, f"{self._week}/publication", wanted)

    async def _plan(self, week: Mapping[str, Any], stop: str, plan: Mapping[str, Any] | None) -> None:
        """Put a stop into the plan, or take it out. Nothing is announced by it."""
        path, version = f"{self._week}/stops/{stop}", week["version"]
        if plan is None:
            await self.ask(self.begin_deed("plan"), f"{path}?week_version={version}", None, method="DELETE")
        else:
            await self.ask(self.begin_deed("plan"), path, {**plan, "week_version": version}, method="PUT")

    def _much_as(self, plan: Mapping[str, Any]) -> dict[str, Any]:
        """Somewhere else, or some minutes later, with the same vehicle."""
        return self._plan_at(plan["vehicle"], datetime.fromisoformat(plan["arrives_at"]).astimezone(BERLIN).hour)

    def _plan_at(self, vehicle: str, hour: int) -> dict[str, Any]:
        arrives = self.city.day + timedelta(hours=hour, minutes=self.random.choice([0, 10, 20]))
        return {
            "vehicle": vehicle,
            "place": self.random.choice(PLACES),
            "arrives_at": arrives.isoformat(),
            "departs_at": (arrives + self.random.choice(LASTS)).isoformat(),
            "counters": self.random.randint(1, VEHICLES[vehicle]),
        }

    def _read(self, week: Mapping[str, Any]) -> None:
        """Take over what is announced."""
        self.timetable.clear()
        for each in week["stops"]:
            if (told := each["announced"]) and each["status"] == "scheduled":
                times = (datetime.fromisoformat(told[name]) for name in ("arrives_at", "departs_at"))
                self.timetable[each["id"]] = (next(times), next(times))

    @property
    def _week(self) -> str:
        return f"staff/weeks/{monday_of(self.city.day.date())}"


@dataclass
class Driver(Crew):
    """Is late, calls stops off, breaks down; on a bad line everything is sent again, a breakdown sometimes anyway."""

    user: str = "mobil"

    async def act(self) -> None:
        """Announce that something happened."""
        dice = self.random.random()
        if dice < 0.3:
            vehicle, hour = self.random.choice(list(VEHICLES)), self.random.choice([0, 12])
            await self.break_down(vehicle, hour, ["proposal", "delay", "cancel"], times=self.random.choice([1, 2]))
        elif self.timetable:
            stop = self.random.choice(list(self.timetable))
            await (self.call_off(stop) if dice < 0.5 else self._delay(stop))

    async def call_off(self, stop: str) -> None:
        """Announce that a stop does not take place."""
        deed = self.begin_deed("call-off", stop)
        if await self.ask(deed, f"staff/stops/{stop}/cancellation", self.because(deed, "illness")):
            self.timetable.pop(stop, None)

    async def call_all_off(self) -> None:
        """Both vehicles break down, for the whole day."""
        for vehicle in VEHICLES:
            await self.break_down(vehicle, 0, ["cancel"])

    async def break_down(self, vehicle: str, hour: int, decisions: Sequence[str], times: int = 1) -> None:
        """Announce, some times over, what becomes of the stops of a vehicle from an hour on: one of some decisions."""
        since = (self.city.day + timedelta(hours=hour)).isoformat()
        concerned = await self.look(f"staff/breakdowns/preview?vehicle={vehicle}&from_time={quote(since)}")
        if not concerned:
            return
        answers = {each["stop"]["id"]: self._answer(each, decisions) for each in concerned}
        deed = self.begin_deed("breakdown", *answers)
        wanted = {
            "vehicle": vehicle,
            "from_time": since,
            "reason": self.because(deed, "breakdown"),
            "answers": answers,
        }
        id = uuid5(UUID(int=0), f"{self.city.prefix} {deed.person}")
        for _ in range(times):
            await self.ask(deed, f"staff/breakdowns/{id}", wanted, method="PUT")
        for stop, answer in answers.items():
            if answer["decision"] == "cancel":
                self.timetable.pop(stop, None)

    async def _delay(self, stop: str) -> None:
        minutes = self.random.choice([0, 10, 20, 40])
        if late := await self.look(f"staff/stops/{stop}/delay?minutes={minutes}"):
            concerned = {each["stop"]["id"]: each for each in late}
            deed = self.begin_deed("delay", *(concerned if minutes else ()))
            stops = {
                id: {"version": each["stop"]["version"], "minutes": each["minutes"]} for id, each in concerned.items()
            }
            await self.ask(deed, "staff/delays", {"stops": stops, "reason": self.because(deed, "traffic")})

    def _answer(self, concerned: Mapping[str, Any], decisions: Sequence[str]) -> dict[str, Any]:
        decision = self.random.choice(decisions)
        if decision == "proposal":
            return {name: value for name, value in concerned["proposal"].items() if value is not None}
        return {"decision": decision, "minutes": 30 if decision == "delay" else 0}
