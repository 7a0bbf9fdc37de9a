"""What stops cost those who book elsewhere: nothing; and what stops of the past cost: nothing."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.appointments.offer.queries import load_offer_on
from services.appointments.stops.usecases import forget_stops
from shared import retention
from shared.act import Act
from shared.clock import BERLIN
from shared.tools import Tools
from tests.appointments.closing import book
from tests.appointments.kit import API, Client, at, pass_time
from tests.appointments.statements import note_statements
from tests.appointments.stops import a_stop


class Noted:
    """The statements that the task of a test executes; due work of the service has its own."""

    def __init__(self) -> None:
        self._statements: list[str] = []
        self._task: asyncio.Task[Any] | None = None

    def begin(self) -> None:
        """Note what this task executes from now on."""
        self._statements, self._task = [], asyncio.current_task()

    def note(self, statement: str) -> None:
        if asyncio.current_task() is self._task:
            self._statements.append(statement)

    def end(self) -> list[str]:
        """What was executed since the beginning."""
        assert self._statements, "requests run in this task"
        self._task = None
        return self._statements


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> Noted:
    """The statements the service executes."""
    found = Noted()
    note_statements(monkeypatch, found.note)
    return found


async def test_booking_and_free_times_elsewhere_need_no_statement_more(
    client: Client, tools: Tools, noted: Noted
) -> None:
    free_times = f"{API}/free-times?services=meldebescheinigung&station=mitte"

    async def at_mitte(minute: int) -> list[str]:
        noted.begin()
        await client.get(free_times)
        await book(client, at(tools, 9, minute), f"Person {minute}")
        return noted.end()

    before = await at_mitte(0)
    stop = await a_stop(tools)
    assert await at_mitte(10) == before
    noted.begin()
    await book(client, stop.state.arrives_at, "Anna", station=stop.key)
    assert len([each for each in noted.end() if "for share" in each]) == 1


async def test_stops_of_the_past_are_neither_read_nor_kept(client: Client, tools: Tools) -> None:
    booked, empty = [await a_stop(tools, hour=hour) for hour in (9, 12)]
    await book(client, booked.state.arrives_at, station=booked.key)

    async def keys() -> set[str]:
        async with tools.db.transaction() as conn:
            offer = await load_offer_on(conn, tools.clock.now().astimezone(BERLIN).date())
        return {each.key for each in offer.stations if each.stop}

    assert await keys() == {booked.key, empty.key}
    pass_time(tools, timedelta(days=10))
    assert await keys() == set()
    async with tools.db.transaction() as conn:
        for days in (0, 10):
            await forget_stops(Act(conn, tools, booked.state.departs_at + retention.INBOX + timedelta(days=days - 1)))
            left = await conn.execute(text("select station from stops"))
            assert set(left.scalars()) == ({booked.key, empty.key} if days == 0 else {booked.key})
