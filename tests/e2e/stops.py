"""The Bürgermobil in the hands of who leads it, over HTTP: stops are planned, published, late, called off."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import text

from services.notifications.news.digest import GATHERING
from services.notifications.news.usecases import FAN_OUT
from shared.clock import BERLIN
from shared.recurrence import monday_of
from tests.e2e.kit import API, City
from tests.e2e.people import (
    Citizen,
    by_mail,
    by_sms,
)
from tests.support.wait import eventually

STAFF = "/mobile_office/api/v1/staff"
RHEINHAUSEN, RUMELN = 600, 605
"""A Stadtbezirk with one station, and one of its Ortsteile, where the stops of tests are."""
PLACE = "rumeln-kaldenhausen"
BREAKDOWN = {"known": "breakdown"}

Plan = dict[str, Any]


@dataclass(frozen=True)
class Stop:
    """A stop as it was planned first."""

    id: UUID
    arrives_at: datetime
    monday: date

    @property
    def key(self) -> str:
        """Its key as a station of `appointments`."""
        return str(self.id)

    def at(self, minutes: int) -> datetime:
        """A time so many minutes after its arrival."""
        return self.arrives_at + timedelta(minutes=minutes)


class Tours:
    """What who leads the Bürgermobil does; without a weekly plan, so that there are only the stops they name."""

    def __init__(self, client: httpx.AsyncClient, token: str) -> None:
        self._client = client
        self._token = token
        self._headers = {"Authorization": f"Bearer {token}"}

    def at(self, client: httpx.AsyncClient) -> "Tours":
        """The same, through another client."""
        return Tours(client, self._token)

    async def ask(self, method: str, path: str, **given: Any) -> httpx.Response:
        """Ask as who leads."""
        return await self._client.request(method, f"{STAFF}/{path}", headers=self._headers, **given)

    async def do(self, method: str, path: str, **given: Any) -> Any:
        """Ask for what is not refused; the answer."""
        answer = await self.ask(method, path, **given)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def plan(self, arrives_at: datetime, hours: float = 2, **changes: Any) -> Stop:
        """Put a stop into the plan of its week, by default with both counters of the first vehicle at Rumeln."""
        monday = monday_of(arrives_at.astimezone(BERLIN).date())
        await self.do("PUT", f"weeks/{monday}")
        stop = Stop(uuid4(), arrives_at, monday)
        await self.replan(stop, arrives_at=arrives_at, departs_at=arrives_at + timedelta(hours=hours), **changes)
        return stop

    async def replan(self, stop: Stop, *, arrives_at: datetime, departs_at: datetime, **changes: Any) -> None:
        """Plan a stop otherwise; nobody hears of it before it is published."""
        week = await self.do("GET", f"weeks/{stop.monday}")
        plan = {"vehicle": "buergermobil-1", "place": PLACE, "counters": 2, **changes}
        times = {"arrives_at": arrives_at.isoformat(), "departs_at": departs_at.isoformat()}
        body = plan | times | {"week_version": week["version"]}
        await self.do("PUT", f"weeks/{stop.monday}/stops/{stop.id}", json=body)

    async def publish(self, monday: date, **reason: Any) -> Any:
        """Look at the preview of a week, and confirm it; what was announced."""
        preview = await self.do("GET", f"weeks/{monday}/preview")
        body = {"preview": preview["version"], **({"reason": reason} if reason else {})}
        return await self.do("POST", f"weeks/{monday}/publication", json=body)

    async def announce(self, arrives_at: datetime, hours: float = 2, **changes: Any) -> Stop:
        """A stop that is planned and published."""
        stop = await self.plan(arrives_at, hours, **changes)
        await self.publish(stop.monday)
        return stop

    async def move(self, stop: Stop, *, minutes: int, hours: float = 2, **changes: Any) -> None:
        """Plan an announced stop so many minutes later than first, and publish that."""
        arrives_at = stop.at(minutes)
        await self.replan(stop, arrives_at=arrives_at, departs_at=arrives_at + timedelta(hours=hours), **changes)
        await self.publish(stop.monday, known="place-taken")

    async def delay(self, stop: Stop, minutes: int) -> None:
        """Say that the vehicle is late at a stop."""
        late = await self.do("GET", f"stops/{stop.id}/delay", params={"minutes": minutes})
        stops = {each["stop"]["id"]: {"version": each["stop"]["version"], "minutes": each["minutes"]} for each in late}
        await self.do("POST", "delays", json={"stops": stops, "reason": {"known": "traffic"}})

    async def call_off(self, stop: Stop, **reason: Any) -> None:
        """Call a stop off."""
        await self.do("POST", f"stops/{stop.id}/cancellation", json=reason or BREAKDOWN)

    async def break_down(self, from_time: datetime, answers: Mapping[Stop, dict[str, Any]], times: int = 1) -> None:
        """Say what becomes of the stops of the first vehicle, which has broken down; as often as the line is bad."""
        body = {
            "vehicle": "buergermobil-1",
            "from_time": from_time.isoformat(),
            "reason": BREAKDOWN,
            "answers": {stop.key: answer for stop, answer in answers.items()},
        }
        id = uuid4()
        for _ in range(times):
            await self.do("PUT", f"breakdowns/{id}", json=body)


async def tours_of(city: City) -> Tours:
    """The tours of a running city."""
    async with city.tools("mobile_office").db.transaction() as conn:
        await conn.execute(text("delete from weekly_stops"))
    return Tours(city.client, await city.staff_token(city.platform.oidc_issuer, "leitung"))


async def let_news_out(city: City) -> None:
    """Let the minutes pass that news of stops waits for."""
    await city.until_known(by="notifications", of="mobile_office")
    tools = city.tools("notifications")

    async def all_out() -> bool:
        async with tools.db.transaction() as conn:
            next_news = text("select min(due_at) from due_work where kind = any(:kinds)")
            due = (await conn.execute(next_news, {"kinds": [FAN_OUT, GATHERING]})).scalar_one()
        if due and due > tools.clock.now():
            city.move_to(due)
        return due is None

    await eventually(all_out, timeout=40)


AMAL, ELIF, KARL, LENA, MILO, TINA = (
    by_mail("amal", "ar"),
    by_mail("elif", "tr"),
    by_mail("karl", "de"),
    by_mail("lena", "de-simple"),
    by_mail("milo", "en"),
    by_mail("tina", "de"),
)


ERNA, JOHN = by_sms(51, "de-simple"), by_sms(52, "en")


async def book(city: City, stop: Stop, minutes: int, citizen: Citizen) -> dict[str, Any]:
    """Book a time at a stop, so many minutes after its arrival."""
    return await city.book(stop.at(minutes), station=stop.key, **citizen.details)


async def appointment(city: City, booked: dict[str, Any]) -> dict[str, Any]:
    """An appointment as it is now."""
    found: dict[str, Any] = (await city.client.get(f"{API}/appointments/{booked['token']}")).raise_for_status().json()
    return found
