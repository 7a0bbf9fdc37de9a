"""Two changes of one thing at once: the second waits for the first, and finds what it made of it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.appointments.booking.changes import ALTERNATIVE_END, cancel, end_alternative, take_alternative
from services.appointments.booking.facts import MANAGE
from services.appointments.closing.domain import Closure
from services.appointments.closing.usecases import close, lift
from shared.act import Act, acting
from shared.auth import EVERY_STATION, Caller
from shared.due import Claim
from shared.events.appointments import DecidedBy
from shared.tools import Tools
from tests.appointments.checks import assert_consistent
from tests.appointments.closing import Lead, appointment, book, closing, facts_of, send
from tests.appointments.kit import API, Client, at, outbox
from tests.appointments.locks import take_line, waiting

pytestmark = pytest.mark.usefixtures("roles_as_tokens")
LEAD = Caller(subject="leitung", roles=frozenset({"appointments:lead"}), stations=frozenset({EVERY_STATION}))


@pytest.fixture
def start(tools: Tools) -> datetime:
    return at(tools, 9)


def id_of(tools: Tools, booked: dict[str, Any]) -> UUID:
    """The id of an appointment."""
    return tools.links.read(MANAGE, booked["token"])[0]


async def offered(client: Client, start: datetime) -> dict[str, Any]:
    """An appointment whose station was closed, and which was offered another time."""
    booked = await book(client, start)
    await Lead(client).close(closing(start.date()))
    return await appointment(client, booked)


async def test_what_is_cancelled_meanwhile_is_neither_moved_nor_taken(
    client: Client, tools: Tools, start: datetime
) -> None:
    kept = await offered(client, start)
    booked = await book(client, start + timedelta(days=7), "Berta")
    there = {"station": "sued", "starts_at": (start + timedelta(days=7)).isoformat()}
    for each, act, body in ((kept, "acceptance", None), (booked, "rescheduling", there)):
        async with tools.db.transaction() as conn:
            await cancel(Act(conn, tools, tools.clock.now()), id_of(tools, each), DecidedBy.CITIZEN, None)
            second = await waiting(tools, client.post(f"{API}/appointments/{each['token']}/{act}", json=body))
        assert (await second).status_code == 410
        assert (await facts_of(tools, each))[-1]["type"] == "AppointmentCancelled"
    await assert_consistent(tools)


async def test_what_is_taken_at_the_last_moment_does_not_end(client: Client, tools: Tools, start: datetime) -> None:
    kept = await offered(client, start)
    id, in_time = id_of(tools, kept), tools.clock.now()
    over = text("update appointments set held_until = :now where id = :id")

    async def end() -> None:
        async with acting(tools) as act:
            await end_alternative(act, Claim(ALTERNATIVE_END, f"{id} 2", 1, uuid4()))

    async with tools.db.transaction() as conn:
        await conn.execute(over, {"id": id, "now": in_time + timedelta(milliseconds=1)})
    async with tools.db.transaction() as conn:
        await take_alternative(Act(conn, tools, in_time), id)
        ending = await waiting(tools, end())
    await ending
    assert (await appointment(client, kept))["status"] == "confirmed"
    assert [each["type"] for each in await facts_of(tools, kept)][2:] == ["AppointmentRescheduled"]
    await assert_consistent(tools)


async def test_what_is_taken_twice_at_once_is_told_once(client: Client, tools: Tools, start: datetime) -> None:
    kept = await offered(client, start)
    async with acting(tools) as act:
        await take_alternative(act, id_of(tools, kept))
        second = await waiting(tools, client.post(f"{API}/appointments/{kept['token']}/acceptance"))
    assert (await second).json()["status"] == "confirmed"
    assert [each["type"] for each in await facts_of(tools, kept)][2:] == ["AppointmentRescheduled"]
    await assert_consistent(tools)


async def test_a_closure_sent_or_lifted_twice_at_once_is_told_once(
    client: Client, tools: Tools, start: datetime
) -> None:
    id, day, now = uuid4(), start.date(), tools.clock.now()
    wanted = Closure(id, 0, "mitte", day, day, "Wasserschaden")
    async with tools.db.transaction() as conn:
        await close(Act(conn, tools, now, who=LEAD), wanted)
        second = await waiting(tools, send(client, "PUT", f"/{id}", closing(day)))
    await second
    async with tools.db.transaction() as conn:
        await lift(Act(conn, tools, now, who=LEAD), id)
        second = await waiting(tools, send(client, "POST", f"/{id}/lifting"))
    await second
    assert [row.version for row in await outbox(tools)] == [1, 2]


async def test_who_cancels_while_a_closure_is_confirmed_is_offered_nothing(
    client: Client, tools: Tools, start: datetime
) -> None:
    booked, closure = await book(client, start), closing(start.date())
    body = closure | {"confirmation": {"preview": (await Lead(client).preview(closure))["version"]}}
    async with acting(tools) as act:
        await cancel(act, id_of(tools, booked), DecidedBy.CITIZEN, None)
        second = await waiting(tools, send(client, "PUT", f"/{uuid4()}", body, status=409))
    assert (await second)["type"] == "urn:nahbar:problem:preview-outdated"
    assert [each["type"] for each in await facts_of(tools, booked)] == ["AppointmentBooked", "AppointmentCancelled"]
    await assert_consistent(tools)


async def test_a_closure_and_its_end_wait_for_the_line_before_touching_seats(
    client: Client, tools: Tools, start: datetime
) -> None:
    closed, closure, new = uuid4(), closing(start.date()), uuid4()
    await send(client, "PUT", f"/{closed}", closure)
    for method, path, body in (("PUT", f"/{new}", closure), ("POST", f"/{closed}/lifting", None)):
        async with tools.db.transaction() as conn:
            await take_line(conn)
            second = await waiting(tools, send(client, method, path, body))
            assert (await conn.execute(text("select counter from seats for update nowait"))).all()
        await second
