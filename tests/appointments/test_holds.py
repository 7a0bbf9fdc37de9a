"""Holds that meet something else: people who wait, the end of their time, another who takes the seat."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.appointments.booking.domain import HoldOver
from services.appointments.booking.holds import HOLD_END, end_hold, hold, save_details
from services.appointments.booking.queries import load_appointment
from services.appointments.booking.usecases import confirm
from services.appointments.booking.wishes import Wish
from services.appointments.line.usecases import lock_line
from services.appointments.locks import Lock
from services.appointments.persons.domain import CheckedPerson, Details, PersonInput, TypedDetails
from services.appointments.seats.usecases import load_seats
from shared.act import Act, acting
from shared.due import Claim
from shared.origins import Origin
from shared.problems import NotFound
from shared.tools import Tools
from tests.appointments.checks import assert_consistent, fill
from tests.appointments.closing import book
from tests.appointments.kit import API, Client, at, pass_time, wish
from tests.appointments.locks import take_line, wait_not_long, waiting
from tests.appointments.visitor import Visitor
from tests.appointments.waiting import assert_line_consistent, entry, free_starts, join, sell_out

DETAILS = Details(CheckedPerson("Anna Muster", "anna@example.org", None, ("mail",), None), "de", None)
ORIGIN = Origin(None, person_limit=100, address_limit=100)


@pytest.fixture
def start(tools: Tools) -> datetime:
    return at(tools, 9)


async def keep(tools: Tools, id: UUID, start: datetime, station: str = "walsum") -> datetime:
    """Hold a time under an id: until when."""
    async with tools.db.transaction() as conn:
        wanted = Wish(station, ("meldebescheinigung",), start)
        return await hold(Act(conn, tools, tools.clock.now(), origin=ORIGIN), id, wanted)


async def seats_of(tools: Tools, id: UUID) -> list[datetime]:
    """The starts of the seats of a hold."""
    async with tools.db.transaction() as conn:
        return [start for _, start in await load_seats(conn, id)]


async def test_the_time_let_go_for_another_goes_to_the_first_who_waits_and_never_public(
    client: Client, tools: Tools, start: datetime
) -> None:
    id = uuid4()
    await keep(tools, id, start)
    await sell_out(tools, start)
    joined = await join(client, start)
    await keep(tools, id, start, station="mitte")
    offered = await entry(client, joined)
    assert offered["status"] == "offered"
    assert datetime.fromisoformat(offered["offer"]["starts_at"]) == start
    assert await free_starts(client, start) == []
    assert await seats_of(tools, id) == [start]
    await assert_line_consistent(tools)


async def test_a_hold_is_not_confirmed_with_a_seat_somebody_else_has_by_now(client: Client, tools: Tools) -> None:
    """The request came in time, and was carried out late: the hold had ended, and another had booked."""
    start, id = at(tools, 9), uuid4()
    await fill(client, tools, start, leave=1)
    await keep(tools, id, start, station="mitte")
    in_time = tools.clock.now()
    pass_time(tools, timedelta(minutes=11))
    await book(client, start, "Berta")
    with pytest.raises(HoldOver):
        async with tools.db.transaction() as conn:
            await confirm(Act(conn, tools, in_time, origin=ORIGIN), id, DETAILS)
    await assert_consistent(tools)


async def test_a_hold_changed_twice_at_once_keeps_one_time(tools: Tools, start: datetime) -> None:
    """Its first seat is gone already, so that nothing else than the hold itself makes the second wait."""
    id, hour = uuid4(), timedelta(hours=1)
    await keep(tools, id, start)
    async with tools.db.transaction() as conn:
        await conn.execute(text("delete from seats where appointment = :id"), {"id": id})
    async with tools.db.transaction() as conn:
        wanted = Wish("walsum", ("meldebescheinigung",), start + hour)
        await hold(Act(conn, tools, tools.clock.now(), origin=ORIGIN), id, wanted)
        second = await waiting(tools, keep(tools, id, start + 2 * hour))
    await second
    assert await seats_of(tools, id) == [start + 2 * hour]


async def test_the_end_of_a_hold_comes_again_where_somebody_is_at_it(tools: Tools, start: datetime) -> None:
    id = uuid4()
    await keep(tools, id, start)
    async with tools.db.transaction() as busy, tools.db.transaction() as conn:
        await load_appointment(busy, id, lock=Lock.HOLD)
        await wait_not_long(conn)
        await end_hold(Act(conn, tools, tools.clock.now()), Claim(HOLD_END, str(id), 1, uuid4()))
        due_at = (await conn.execute(text("select due_at from due_work where kind = 'hold-end'"))).scalar_one()
        assert due_at < tools.clock.now() + timedelta(minutes=1)
    assert await seats_of(tools, id) == [start]


async def test_what_became_an_appointment_is_held_and_forgotten_no_more(tools: Tools, start: datetime) -> None:
    """Not even where another time is kept for it until a moment, as for a hold."""
    id = uuid4()
    await keep(tools, id, start)
    async with tools.db.transaction() as conn:
        await confirm(Act(conn, tools, tools.clock.now(), origin=ORIGIN), id, DETAILS)
    with pytest.raises(HoldOver):
        await keep(tools, id, start + timedelta(hours=1))
    kept = text("update appointments set status = 'offered', held_until = :until where id = :id")
    async with acting(tools) as act:
        await act.conn.execute(kept, {"id": id, "until": tools.clock.now() - timedelta(hours=3)})
        await end_hold(act, Claim(HOLD_END, str(id), 1, uuid4()))
        assert (await load_appointment(act.conn, id)) is not None
    assert await seats_of(tools, id) == [start]


async def test_a_hold_is_confirmed_once(tools: Tools, start: datetime) -> None:
    id = uuid4()
    await keep(tools, id, start)

    async def confirmed() -> None:
        async with tools.db.transaction() as conn:
            await confirm(Act(conn, tools, tools.clock.now(), origin=ORIGIN), id, DETAILS)

    async with tools.db.transaction() as conn:
        await confirm(Act(conn, tools, tools.clock.now(), origin=ORIGIN), id, DETAILS)
        second = await waiting(tools, confirmed())
    with pytest.raises(HoldOver):
        await second
    await assert_consistent(tools)


async def test_a_seat_left_for_a_counter_where_a_language_is_spoken_passes_on(
    client: Client, tools: Tools, start: datetime
) -> None:
    held = (await client.post(f"{API}/holds", json=wish(start, station="walsum"))).json()
    await sell_out(tools, start)
    joined = await join(client, start)
    async with tools.db.transaction() as conn:
        [counter] = (await conn.execute(text("select counter from appointments"))).scalars()
        await conn.execute(text("update counters set languages = '{}' where station = 'walsum'"))
        other = await conn.execute(
            text("""
                delete from seats where starts_at = :start and counter = (
                    select min(key) from counters where station = 'walsum' and key <> :counter and key = any(:public)
                ) returning counter
            """),
            {"start": start, "counter": counter, "public": ["walsum-1", "walsum-2"]},
        )
        speaks = text("update counters set languages = '{ar}' where key = :counter")
        await conn.execute(speaks, {"counter": other.scalar_one()})
    draft = f"/appointments/book/{held['token']}"
    async with tools.db.transaction() as conn:
        await lock_line(conn)
        moving = await waiting(tools, Visitor(client).fill_in(draft, interpreter="ar"))
        assert (await conn.execute(text("select 1 from seats for update nowait"))).all(), "it waits before it takes any"
    assert (await moving).status_code == 303
    assert (await entry(client, joined))["status"] == "offered"
    assert await free_starts(client, start) == []
    await assert_line_consistent(tools)


async def test_the_end_of_a_hold_waits_for_the_line_before_touching_its_seats(tools: Tools, start: datetime) -> None:
    id = uuid4()
    await keep(tools, id, start)
    async with tools.db.transaction() as conn:
        await tools.due.cancel(conn, HOLD_END, [str(id)])
    pass_time(tools, timedelta(minutes=15))

    async def end() -> None:
        async with acting(tools) as act:
            await end_hold(act, Claim(HOLD_END, str(id), 1, uuid4()))

    async with tools.db.transaction() as conn:
        await take_line(conn)
        ending = await waiting(tools, end())
        assert (await conn.execute(text("select counter from seats for update nowait"))).all()
    await ending
    assert await seats_of(tools, id) == []


async def test_what_is_typed_into_a_hold_waits_for_somebody_that_confirms_it(tools: Tools, start: datetime) -> None:
    id = uuid4()
    await keep(tools, id, start)
    typed = TypedDetails(PersonInput("Berta Muster", "berta@example.org", "", ("mail",)), "de", None)

    async def save() -> None:
        async with acting(tools) as act:
            await save_details(act, id, typed)

    async with tools.db.transaction() as conn:
        await confirm(Act(conn, tools, tools.clock.now(), origin=ORIGIN), id, DETAILS)
        saving = await waiting(tools, save())
    with pytest.raises(NotFound):
        await saving
    async with tools.db.transaction() as conn:
        person = await tools.people.load(conn, id)
    assert person
    assert person.name == "Anna Muster"
