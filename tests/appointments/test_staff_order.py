"""Each route for staff asks first whether they may act at that station; what it changes is in the audit log."""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from services.appointments.app import create_app
from services.appointments.booking.api import HOLD_LINK
from services.appointments.settings import Settings
from shared.auth import EVERY_STATION, Caller
from shared.runtime import Role
from shared.tools import Tools
from shared.web.forms import one_time_key
from shared.web.staff.session import SESSION, Session
from shared.web.staff.visit import FORM_FIELD
from tests.appointments.desk import not_reached
from tests.appointments.kit import API, Client, at, booking, pass_time, wish
from tests.support.routes import staff_routes

ROLES = frozenset({"appointments:staff", "appointments:lead"})
SERVICE = "meldebescheinigung"
PAGES = "/appointments/staff"
MATTERS = ("number", "station", "place", "counter", "ticket", "id", "notice", "token")
"""What paths name that is at a station."""
NOT_DONE_YET = {f"{PAGES}/book/time", f"{PAGES}/book/{{token}}"}
"""What only prepares something: a time that is held is nobody's appointment yet."""


@dataclass(frozen=True)
class Known:
    """A matter of each kind at Mitte, by the names paths and bodies have for them, and some that are nowhere."""

    there: Mapping[str, str]
    nowhere: Mapping[str, str]


async def known_to(client: Client, tools: Tools) -> Known:
    """One of each kind at Mitte."""
    number = (await client.post(f"{API}/appointments", json=booking(at(tools, 11, days=3)))).json()["number"]
    notice = await not_reached(tools, number)
    staff = {"Authorization": "Bearer *"}
    issued = await client.post(f"{API}/staff/stations/mitte/tickets", json={"services": [SERVICE]}, headers=staff)
    closure = uuid4()
    day = str(at(tools, 9, days=8).date())
    closing = {"station": "mitte", "first_day": day, "last_day": day, "reason": "Umbau"}
    closed = await client.put(f"{API}/staff/closures/{closure}", json=closing, headers=staff)
    assert (issued.status_code, closed.status_code) == (201, 200), closed.text
    held, time = uuid4(), at(tools, 15, days=3)
    form = {"einmal": one_time_key(), "time": f"mitte {time.isoformat()}"}
    answer = await ask(client, tools, "*", "POST", f"{PAGES}/book/time?services={SERVICE}&place=mitte", form)
    token = answer.headers["location"].rpartition("/")[2]
    there = {"number": number, "station": "mitte", "place": "mitte", "counter": "mitte-1", "notice": str(notice)}
    nowhere = {
        "number": "0000-0000",
        "station": "nirgends",
        "place": "nirgends",
        "counter": "nirgends-1",
        "notice": str(uuid4()),
    }
    ticket = issued.json()["id"]
    return Known(
        there | {"ticket": ticket, "closure": str(closure), "token": token},
        nowhere | {"ticket": str(uuid4()), "closure": str(uuid4()), "token": tools.links.token(HOLD_LINK, held, 1)},
    )


def body_of(tools: Tools, path: str, ids: Mapping[str, str]) -> dict[str, Any]:
    """What a route takes, as far as its path does not name it."""
    time, day = at(tools, 12, days=3), str(at(tools, 9, days=9).date())
    closing = {"station": "mitte", "first_day": day, "last_day": day, "reason": "Umbau"}
    bodies: dict[str, dict[str, Any]] = {
        "/tickets": {"services": [SERVICE]},
        "/call": {},
        "/park": {"ticket": ids["ticket"], "minutes": 5},
        "/pause": {"paused": True},
        "/hours/{station}": {"version": 0, "hours": []},
        "/hours/{station}/preview": {"version": 0, "hours": []},
        "/closures/{id}": closing,
        "/search": {"station": "mitte", "wanted": "Anna"},
        "/staff/appointments": {"time": wish(time), "person": {"name": "Erna Alt", "channels": []}},
        "/cancellation": {"reason": "illness"},
        "/rescheduling": {"reason": "illness", "station": "mitte", "starts_at": time.isoformat()},
    }
    found = next((body for end, body in bodies.items() if path.endswith(end)), {"ticket": ids["ticket"]})
    if "/api/" in path:
        return found
    pages = {"time": f"mitte {time.isoformat()}", "reason": "illness", "said": "take", "services": SERVICE}
    return pages | {"action": "call", "name": "Erna Alt", "id": ids["closure"], "preview": "none", "wanted": "Anna"}


QUERY = {
    "station": "mitte",
    "place": "mitte",
    "where": "mitte",
    "day": "2027-01-04",
    "reason": "illness",
    "time": "mitte 2027-01-04T10:00:00+01:00",
}


async def ask(
    client: Client, tools: Tools, station: str, method: str, path: str, body: Mapping[str, Any]
) -> httpx.Response:
    """What somebody with both roles at a station, or at "none", is answered."""
    if "/api/" in path:
        sent: dict[str, Any] = {} if method == "GET" else {"json": body}
        return await client.request(method, path, headers={"Authorization": f"Bearer {station}"}, **sent)
    session = Session(subject="somebody", roles=ROLES, stations=frozenset({station} - {"none"}))
    form: dict[str, Any] = (
        {} if method == "GET" else {"data": {"einmal": one_time_key(), **body, FORM_FIELD: session.form_token}}
    )
    cookie = f"nahbar-staff-session={tools.sessions.seal(SESSION, session)}"
    return await client.request(method, path, headers={"Cookie": cookie}, **form)


def filled(path: str, ids: Mapping[str, str]) -> str:
    """The address of a route with its matters."""
    known = {**ids, "id": ids["closure" if "/closures/" in path else "ticket"]}
    address = re.sub(r"{(\w+)}", lambda part: known[part[1]], path)
    return f"{address}?{httpx.QueryParams(QUERY | {'services': SERVICE})}"


async def state(tools: Tools) -> tuple[str, int]:
    """All that is kept but the audit log and answers to be come back to, and how many deeds that log has."""
    async with tools.db.transaction() as conn:
        tables = (
            await conn.execute(text("select tablename from pg_tables where schemaname = 'public' order by 1"))
        ).scalars()
        kept = []
        for table in tables:
            if table not in ("audit", "idempotency", "kept_pages"):
                kept.append(str((await conn.execute(text(f'select * from "{table}" t order by t::text'))).all()))
        deeds = (await conn.execute(text("select count(*) from audit"))).scalar_one()
    return "\n".join(kept), deeds


@pytest_asyncio.fixture
async def app(settings: Settings) -> AsyncIterator[Any]:
    """The application without due work, so that what changes is what a request changed."""
    app = create_app(settings, frozenset({Role.HTTP}))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture(autouse=True)
def stations_as_tokens(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token is the station it is for."""

    async def check(token: str) -> Caller:
        return Caller(subject="somebody", roles=ROLES, stations=frozenset({token} - {"none"}))

    monkeypatch.setattr(tools.tokens, "check", check)
    pass_time(tools, at(tools, 10) - tools.clock.now())


async def test_who_is_of_another_station_is_refused_before_anything_is_looked_at(
    app: Any, client: Client, tools: Tools
) -> None:
    known = await known_to(client, tools)
    before, _ = await state(tools)
    asked = 0
    for method, path in staff_routes(app):
        for station in ("walsum", "none"):
            for ids in (known.there, known.nowhere):
                answer = await ask(client, tools, station, method, filled(path, ids), body_of(tools, path, ids))
                what = f"{method} {path} of {'somewhere' if ids is known.there else 'nowhere'} by {station}"
                assert answer.status_code < 500, what
                if any(f"{{{name}}}" in path for name in MATTERS):
                    assert answer.status_code == 403, f"{what}: {answer.status_code} {answer.text[:200]}"
                    asked += 1
    assert asked > 100
    after, _ = await state(tools)
    assert after == before


async def test_who_serves_every_station_hears_what_is_not_there(app: Any, client: Client, tools: Tools) -> None:
    known = await known_to(client, tools)
    for method, path in staff_routes(app):
        if any(f"{{{name}}}" in path for name in MATTERS) and (method, path) != ("PUT", f"{API}/staff/closures/{{id}}"):
            ids = known.nowhere
            answer = await ask(client, tools, EVERY_STATION, method, filled(path, ids), body_of(tools, path, ids))
            lists = re.search(r"/stations/\{station\}/(queue|figures)$", path)
            assert answer.status_code in ((200,) if lists else (404, 422)), f"{method} {path}: {answer.status_code}"


async def test_whatever_staff_change_is_in_the_audit_log(app: Any, client: Client, tools: Tools) -> None:
    known = await known_to(client, tools)
    changed = set()
    for method, path in staff_routes(app):
        before, deeds = await state(tools)
        await ask(client, tools, "mitte", method, filled(path, known.there), body_of(tools, path, known.there))
        after, then = await state(tools)
        if after != before:
            changed.add(path)
            assert then > deeds or path in NOT_DONE_YET, f"{method} {path}"
            assert method != "GET", path
    assert len(changed) > 8, changed


async def test_a_counter_opened_by_a_call_nobody_answers_is_in_the_audit_log_once(client: Client, tools: Tools) -> None:
    path = f"{API}/staff/counters/mitte-1/call"
    for _ in range(2):
        assert (await ask(client, tools, "mitte", "POST", path, {})).json() is None
    assert (await ask(client, tools, "walsum", "POST", path, {})).status_code == 403
    async with tools.db.transaction() as conn:
        found = (await conn.execute(text("select action, station from audit"))).all()
        staffed = (await conn.execute(text("select counter from staffed_counters"))).scalars().all()
    assert [tuple(each) for each in found] == [("counter_opened", "mitte")]
    assert list(staffed) == ["mitte-1"]
