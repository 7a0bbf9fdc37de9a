"""A seat is one owner's: whatever was read before, and whoever is faster."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.appointments.seats.domain import Seat
from services.appointments.seats.usecases import load_seats, release_seats, take_seats
from shared.act import Act, acting
from shared.tools import Tools
from tests.appointments.kit import at
from tests.appointments.locks import wait_not_long, waiting

WALSUM = "walsum-1"
SLOT = timedelta(minutes=10)


@pytest.fixture
def start(tools: Tools) -> datetime:
    return at(tools, 9)


async def alone(tools: Tools, do: Callable[[Act], Awaitable[Any]]) -> Any:
    """Do something in a transaction of its own."""
    async with acting(tools) as act:
        return await do(act)


def taking(
    id: UUID, starts: list[datetime], now: datetime, until: datetime | None = None, person_key: str | None = None
) -> Callable[[Act], Awaitable[Any]]:
    """Take seats at one counter, in the transaction that is given."""
    return lambda act: take_seats(act.at(now), id, {WALSUM: 0}, starts, until, person_key)


async def seats_of(tools: Tools, owner: UUID) -> list[Seat]:
    found: list[Seat] = await alone(tools, lambda act: load_seats(act.conn, owner))
    return found


@pytest.mark.parametrize("lasts", [SLOT, None], ids=["held", "booked"])
async def test_what_somebody_has_nobody_else_gets_even_at_once(
    tools: Tools, start: datetime, lasts: timedelta | None
) -> None:
    first, second, now = uuid4(), uuid4(), tools.clock.now()
    async with acting(tools) as act:
        assert await taking(first, [start], now, now + lasts if lasts else None)(act)
        losing = await waiting(tools, alone(tools, taking(second, [start], now)))
    assert await losing is None
    assert await alone(tools, taking(second, [start], now)) is None
    assert (await seats_of(tools, first), await seats_of(tools, second)) == ([(WALSUM, start)], [])


async def test_a_seat_is_free_when_its_hold_is_over(tools: Tools, start: datetime) -> None:
    first, second, now = uuid4(), uuid4(), tools.clock.now()
    assert await alone(tools, taking(first, [start], now, now + SLOT))
    assert await alone(tools, taking(second, [start], now + SLOT - timedelta(seconds=1))) is None
    assert await alone(tools, taking(second, [start], now + SLOT))
    assert (await seats_of(tools, first), await seats_of(tools, second)) == ([], [(WALSUM, start)])


async def test_who_loses_one_of_several_seats_has_none_and_keeps_none_from_others(
    tools: Tools, start: datetime
) -> None:
    faster, slower, now = uuid4(), uuid4(), tools.clock.now()
    async with acting(tools) as losing:
        async with acting(tools) as act:
            assert await taking(faster, [start + SLOT], now)(act)
            late = await waiting(tools, taking(slower, [start, start + SLOT], now)(losing))
        assert await late is None
        async with acting(tools) as act:
            await wait_not_long(act.conn)
            assert await taking(uuid4(), [start], now)(act)
    assert await seats_of(tools, slower) == []


async def test_bookings_of_one_person_wait_for_each_other_and_for_nobody_else(tools: Tools, start: datetime) -> None:
    now = tools.clock.now()
    async with acting(tools) as act:
        assert await taking(uuid4(), [start], now, person_key="Anna")(act)
        same = await waiting(tools, alone(tools, taking(uuid4(), [start + SLOT], now, person_key="Anna")))
        async with acting(tools) as other:
            await wait_not_long(other.conn)
            assert await taking(uuid4(), [start + 2 * SLOT], now, person_key="Berta")(other)
    assert await same


async def test_everybody_has_and_frees_their_own_seats(tools: Tools, start: datetime) -> None:
    first, second, now = uuid4(), uuid4(), tools.clock.now()
    assert await alone(tools, taking(first, [start, start + SLOT], now))
    assert await alone(tools, taking(second, [start + 2 * SLOT], now))
    assert await seats_of(tools, first) == [(WALSUM, start), (WALSUM, start + SLOT)]
    freed = await alone(tools, lambda act: release_seats(act.conn, first))
    assert sorted(freed) == [(WALSUM, start), (WALSUM, start + SLOT)]
    assert (await seats_of(tools, first), await seats_of(tools, second)) == ([], [(WALSUM, start + 2 * SLOT)])
