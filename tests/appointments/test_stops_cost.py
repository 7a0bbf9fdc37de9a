"""What stops cost those who book elsewhere: nothing; and what stops of the past cost: nothing."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from services.appointments.offer.queries import load_offer
from services.appointments.stops.forgetting import forget_stops
from shared import retention
from shared.clock import BERLIN
from shared.service import Service
from shared.statements import Statement
from tests.appointments.closing import book
from tests.appointments.conftest import API, Client, at, pass_time
from tests.appointments.stops import a_stop


class Noted(list[str]):
    """The statements that were executed."""

    def since(self) -> list[str]:
        """Those since it was asked last."""
        found = list(self)
        self.clear()
        return found


@pytest.fixture
def noted(service: Service, monkeypatch: pytest.MonkeyPatch) -> Noted:
    """The statements the service executes, by SQLAlchemy or past it."""
    found, by_row, by_rows = Noted(), Statement.row, Statement.rows

    async def row(self: Statement, *given: Any) -> Any:
        found.append(self.text)
        return await by_row(self, *given)

    async def rows(self: Statement, *given: Any) -> Any:
        found.append(self.text)
        return await by_rows(self, *given)

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found.append(statement)

    monkeypatch.setattr(Statement, "row", row)
    monkeypatch.setattr(Statement, "rows", rows)
    event.listen(service.db.engine.sync_engine, "before_cursor_execute", note)
    return found


async def test_booking_and_free_times_elsewhere_need_no_statement_more(
    client: Client, service: Service, noted: Noted
) -> None:
    free_times = f"{API}/free-times?services=meldebescheinigung&station=mitte"

    async def at_mitte(minute: int) -> list[str]:
        noted.clear()
        await client.get(free_times)
        await book(client, at(service, 9, minute), f"Person {minute}")
        return [each for each in noted.since() if "due" not in each]

    before = await at_mitte(0)
    stop = await a_stop(service)
    assert await at_mitte(10) == before
    noted.clear()
    await book(client, stop.state.arrives_at, "Anna", station=stop.key)
    of_the_stop = noted.since()
    assert len([each for each in of_the_stop if "for share" in each]) == 1


async def test_stops_of_the_past_are_neither_read_nor_kept(client: Client, service: Service) -> None:
    booked, empty = [await a_stop(service, hour=hour) for hour in (9, 12)]
    await book(client, booked.state.arrives_at, station=booked.key)

    async def keys() -> set[str]:
        async with service.db.transaction() as conn:
            offer = await load_offer(conn, service.clock.now().astimezone(BERLIN).date())
        return {each.key for each in offer.stations if each.stop}

    assert await keys() == {booked.key, empty.key}
    pass_time(service, timedelta(days=10))
    assert await keys() == set()
    async with service.db.transaction() as conn:
        for days in (0, 10):
            await forget_stops(conn, booked.state.departs_at + retention.INBOX + timedelta(days=days - 1))
            left = await conn.execute(text("select station from stops"))
            assert set(left.scalars()) == ({booked.key, empty.key} if days == 0 else {booked.key})
