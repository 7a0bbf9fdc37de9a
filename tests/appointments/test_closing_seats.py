"""Which seats give way to a closure, and which to the time an appointment gets instead."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.appointments.booking.facts import MANAGE
from services.appointments.closing.domain import Closure
from services.appointments.closing.usecases import close
from services.appointments.seats.domain import Seat, WantedSeat
from services.appointments.seats.usecases import give_seats, load_seats
from shared.act import Act, acting
from shared.auth import EVERY_STATION, Caller
from shared.tools import Tools
from tests.appointments.closing import book
from tests.appointments.kit import Client, at

LEAD = Caller(subject="leitung", roles=frozenset({"appointments:lead"}), stations=frozenset({EVERY_STATION}))
SLOT = timedelta(minutes=10)
_PUT = text("insert into seats (counter, starts_at, appointment, until) values (:counter, :start, :owner, :until)")


@pytest.fixture
def start(tools: Tools) -> datetime:
    return at(tools, 9)


async def put(tools: Tools, seat: Seat, owner: UUID, until: datetime | None = None) -> UUID:
    """Let somebody have a seat: for good, or until a moment."""
    async with tools.db.transaction() as conn:
        await conn.execute(_PUT, {"counter": seat[0], "start": seat[1], "owner": owner, "until": until})
    return owner


async def take(
    tools: Tools, seats: list[Seat], owner: UUID, concerned: list[UUID], closure: UUID
) -> tuple[int, list[Seat]]:
    """Let a closure, or an appointment it concerns, take seats: how many others have one, and what is left over."""
    wanted: list[WantedSeat] = [(seat, owner, None) for seat in seats]
    async with acting(tools) as act:
        return await give_seats(act, wanted, concerned, closure)


async def seats_of(tools: Tools, owner: UUID) -> list[Seat]:
    async with tools.db.transaction() as conn:
        return await load_seats(conn, owner)


@pytest.mark.parametrize(
    ("lasts", "concerned", "to_closure", "to_appointment"),
    [
        (SLOT, False, True, False),
        (-SLOT, False, True, True),
        (None, False, False, False),
        (None, True, True, True),
    ],
    ids=["held", "held before", "offered", "offered and concerned"],
)
async def test_who_gives_way(
    tools: Tools, start: datetime, lasts: timedelta | None, concerned: bool, to_closure: bool, to_appointment: bool
) -> None:
    closure, appointment = uuid4(), uuid4()
    for minutes, taker, gives_way in ((0, closure, to_closure), (10, appointment, to_appointment)):
        seat = ("walsum-1", start + timedelta(minutes=minutes))
        owner = await put(tools, seat, uuid4(), tools.clock.now() + lasts if lasts else None)
        others, _ = await take(tools, [seat], taker, [owner] if concerned else [], closure)
        assert (others == 0) is gives_way
        assert await seats_of(tools, taker if gives_way else owner) == [seat]


async def test_who_gives_way_keeps_what_they_get_and_the_rest_is_left_over(tools: Tools, start: datetime) -> None:
    closure, moved, other = uuid4(), uuid4(), uuid4()
    kept, left, closed = [("walsum-1", start + n * SLOT) for n in range(3)]
    elsewhere, left_too = ("walsum-2", start), ("walsum-2", start + 2 * SLOT)
    for seat in (kept, left, closed, left_too):
        await put(tools, seat, moved)
    await put(tools, elsewhere, other)
    wanted: list[WantedSeat] = [(kept, moved, None), (closed, closure, None)]
    async with acting(tools) as act:
        others, freed = await give_seats(act, wanted, [moved], closure)
    assert (others, sorted(freed)) == (0, sorted([left, left_too]))
    assert [await seats_of(tools, each) for each in (moved, closure, other)] == [[kept], [closed], [elsewhere]]


async def test_a_closure_may_want_what_another_has_but_no_appointment_gets_it(tools: Tools, start: datetime) -> None:
    first = Closure(uuid4(), 0, "walsum", start.date(), start.date(), "Wasserschaden")
    async with tools.db.transaction() as conn:
        await close(Act(conn, tools, tools.clock.now(), who=LEAD), first)
    second, seat = uuid4(), ("walsum-1", start)
    assert await take(tools, [seat], second, [], second) == (0, [])
    assert await take(tools, [seat], uuid4(), [], second) == (1, [])
    assert await seats_of(tools, second) == []


@pytest.mark.parametrize(
    ("changed", "counts"),
    [
        ({}, True),
        ({"status": "offered"}, True),
        ({"status": "arrived"}, False),
        ({"starts_at": -SLOT}, False),
    ],
    ids=["confirmed", "offered", "arrived", "begun"],
)
async def test_who_is_to_come_keeps_a_closure_away_and_who_is_there_stays(
    client: Client, tools: Tools, start: datetime, changed: dict[str, Any], counts: bool
) -> None:
    booked = await book(client, start, station="walsum")
    await book(client, start + SLOT, "Berta", station="walsum")
    id, closure = tools.links.read(MANAGE, booked["token"])[0], uuid4()
    [seat] = await seats_of(tools, id)
    values = {"id": id, "status": "confirmed", "starts_at": start} | changed
    if changed.get("starts_at"):
        values["starts_at"] = tools.clock.now() - SLOT
    changing = text("update appointments set status = :status, starts_at = :starts_at where id = :id")
    async with tools.db.transaction() as conn:
        await conn.execute(changing, values)
    assert await take(tools, [seat], closure, [], closure) == (int(counts), [])
    assert await take(tools, [seat], uuid4(), [], closure) == (1, [])
    assert await seats_of(tools, id) == [seat]
