"""Days at the ends of time, and days there are not, are answered by every route that takes one, whoever asks."""

from itertools import product
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from services.appointments.booking.api import HOLD_LINK
from shared.auth import EVERY_STATION, Caller
from shared.clock import BERLIN
from shared.recurrence import monday_of
from shared.settings import SERVICES
from shared.tools import Tools
from shared.web.staff.session import SESSION, Session
from shared.web.staff.visit import FORM_FIELD
from tests.appointments.kit import at, booking
from tests.services.kit import client_of
from tests.support.routes import Route, routes_of

FURTHEST = ("9999-12-31", "0001-01-01")
ENDS = (
    *FURTHEST,
    *("1000-01-01", "9999-01-01", "0000-00-00", "10000-01-01", "2027-02-29", "2026-12-31", "31.12.9999", "1.1.0001"),
    *("2026-W53", "2026-W53-7", "9999-W52-7", "0001-W01-1"),
    *("9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59", "9999-12-31T23:59:59+00:00"),
    *("mitte 9999-12-31T23:59:59-12:00", "mitte 0001-01-01T00:00:00+14:00", "0", "-1", "99999999999999999999", "\0"),
)
ROLES = {
    "citizen": frozenset[str](),
    "clerk": frozenset(f"{name}:staff" for name in SERVICES),
    "lead": frozenset(f"{name}:{role}" for name in SERVICES for role in ("staff", "lead")),
}


class Asking:
    """Asks a service for its routes with one value for all days, and what else is needed as it may well be."""

    def __init__(self, client: httpx.AsyncClient, tools: Tools, known: dict[str, str]) -> None:
        self._client = client
        self._tools = tools
        self._known = known

    async def ask(self, route: Route, end: str, role: str, name: str) -> httpx.Response:
        """The answer to a request by somebody with a role; `name` is what gets the value, or empty for all of time."""
        session = Session(subject="somebody", roles=ROLES[role], stations=frozenset({EVERY_STATION}))
        filled: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "body": {}}
        for each in route.parameters:
            if each.of_time and name in ("", each.name):
                filled[each.where][each.name] = end
            elif each.name in self._known:
                filled[each.where][each.name] = self._known[each.name]
        path = route.path
        for part, value in filled["path"].items():
            path = path.replace(f"{{{part}}}", value.replace("\0", "%00").replace("+", "%2B"))
        if "/m/{token}" in route.path:
            path = path.replace(self._known["token"], self._known["manage"])
        if "/api/" in route.path:
            headers, sent = {"Authorization": f"Bearer {role}"}, "json"
        else:
            headers = {"Cookie": f"nahbar-staff-session={self._tools.sessions.seal(SESSION, session)}"}
            sent = "data"
            filled["body"] |= {FORM_FIELD: session.form_token, "einmal": uuid4().hex}
        body: dict[str, Any] = {} if route.method == "GET" else {sent: filled["body"]}
        return await self._client.request(route.method, path, params=filled["query"], headers=headers, **body)


async def known_to(tools: Tools, client: httpx.AsyncClient) -> dict[str, str]:
    """What requests may name besides days: a place, an appointment, a hold, a stop there is none of."""
    known = {
        "place": "mitte", "station": "mitte", "stations": "mitte", "services": "meldebescheinigung",
        "seats": "1", "reason": "asked", "time": "mitte 2027-01-04T09:00:00+00:00", "id": str(uuid4()),
        "monday": str(monday_of(tools.clock.now().astimezone(BERLIN).date())), "vehicle": "buergermobil-1",
        "weekdays": "1", "minutes": "10", "version": "0",
    }  # fmt: skip
    if tools.name != "appointments":
        return known | {
            "token": "none",
            "manage": "none",
            "number": "1234-5678",
            "place": "marxloh",
            "reason": "weather",
        }
    booked = (await client.post("/appointments/api/v1/appointments", json=booking(at(tools, 10)))).json()
    return known | {
        "token": tools.links.token(HOLD_LINK, uuid4(), 1),
        "manage": booked["token"],
        "number": booked["number"],
    }


@pytest.mark.parametrize("name", SERVICES)
async def test_no_end_of_time_breaks_a_route(name: str, answering: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    tools: Tools = answering.state.tools

    async def check(token: str) -> Caller:
        return Caller(subject="somebody", roles=ROLES[token], stations=frozenset({EVERY_STATION}))

    monkeypatch.setattr(tools.tokens, "check", check)
    routes = [route for route in routes_of(answering) if route.of_time]
    broken, reached = [], set()
    async with client_of(answering) as client:
        asking = Asking(client, tools, await known_to(tools, client))
        for route, role in product(routes, ROLES):
            single = sorted({each.name for each in route.of_time})
            names = ["", *single] if role == "lead" and len(single) > 1 else [""]
            for end, name_of_time in product(ENDS if role == "lead" else FURTHEST, names):
                status = (await asking.ask(route, end, role, name_of_time)).status_code
                reached.add((route.path, status == 200))
                if status >= 500:
                    broken.append(f"{route.method} {route.path} {name_of_time}={end!r} as {role}: {status}")
    assert not broken, "\n".join(broken)
    assert name == "notifications" or len([path for path, shown in reached if shown]) > 3, "some days are days"
