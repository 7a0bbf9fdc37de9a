"""ReplyReceived arrives while the appointment is in some state (flow 1 of `docs/flow.md`)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.appointments.consumers import REACTIONS
from shared.act import acting
from shared.applying import Applying
from shared.events.base import About, Received
from shared.events.notifications import ReplyAnswer, ReplyReceived, ReplyState
from shared.events.registry import type_of
from shared.kafka import Envelope
from shared.tools import Tools
from tests.appointments.kit import Client, at, booking, pass_time
from tests.appointments.waiting import book, entry, join, sell_out
from tests.shared.records import record

API = "/appointments/api/v1/appointments"
CHAIN = uuid4()


@pytest.fixture
async def appointment(client: Client, tools: Tools) -> UUID:
    """Somebody's appointment."""
    assert (await client.post(API, json=booking(at(tools, 9)))).status_code == 201
    async with tools.db.transaction() as conn:
        id: UUID = (await conn.execute(text("select id from appointments"))).scalar_one()
        return id


async def arrive(
    tools: Tools, matter: UUID, version: int = 1, at: datetime | None = None, of: str = "appointments"
) -> list[Any]:
    """Let a citizen's "cancel" arrive; returns the facts recorded by then, oldest first."""
    state = ReplyState(matter_service=of, purpose="reminder", answer=ReplyAnswer.CANCEL, at=at or tools.clock.now())
    fact = ReplyReceived(id=uuid4(), version=1, about=About(id=matter, version=version), reply=state)
    async with acting(tools) as act:
        received = Received(fact, uuid4(), CHAIN, state.at)
        await REACTIONS[ReplyReceived](act.following(received), received)
        rows = await act.conn.execute(
            text("select type, version, cause, convert_from(body, 'utf8') as body from outbox")
        )
        return sorted(rows.all(), key=lambda row: row.version)


async def seats(tools: Tools) -> int:
    async with tools.db.transaction() as conn:
        return int((await conn.execute(text("select count(*) from seats"))).scalar_one())


async def test_a_reply_in_time_cancels_for_the_citizen_and_frees_the_seat(tools: Tools, appointment: UUID) -> None:
    assert await seats(tools) > 0
    _, cancelled = await arrive(tools, appointment)
    assert cancelled.type.endswith("AppointmentCancelled")
    assert cancelled.cause == CHAIN
    assert '"by":"citizen"' in cancelled.body
    assert await seats(tools) == 0


async def test_a_second_reply_changes_nothing(tools: Tools, appointment: UUID) -> None:
    await arrive(tools, appointment)
    assert len(await arrive(tools, appointment)) == 2
    assert len(await arrive(tools, appointment, version=2)) == 2


async def test_a_reply_that_was_in_time_counts_however_late_it_arrives(tools: Tools, appointment: UUID) -> None:
    start = at(tools, 9)
    assert len(await arrive(tools, appointment, at=start)) == 1
    assert len(await arrive(tools, appointment, at=start - timedelta(seconds=1))) == 2


async def test_a_moved_appointment_is_not_what_the_reply_meant(client: Client, tools: Tools, appointment: UUID) -> None:
    token = tools.links.token("manage", appointment, 1)
    wish = {"station": "mitte", "starts_at": at(tools, 11).isoformat()}
    assert (await client.post(f"{API}/{token}/rescheduling", json=wish)).status_code == 200
    assert len(await arrive(tools, appointment, version=1)) == 2
    assert len(await arrive(tools, appointment, version=2)) == 3


async def test_replies_about_other_matters_change_nothing(tools: Tools, appointment: UUID) -> None:
    assert len(await arrive(tools, appointment, of="centres")) == 1
    assert len(await arrive(tools, uuid4())) == 1


@pytest.mark.parametrize("late", [timedelta(hours=3), timedelta(hours=30)])
async def test_what_a_late_reply_frees_is_offered_for_as_long_as_any_other(
    client: Client, tools: Tools, late: timedelta
) -> None:
    start = at(tools, 9, days=6)
    matter = await id_of(tools, await book(client, start))
    await sell_out(tools, start)
    joined = await join(client, start)
    said = at(tools, 10)
    pass_time(tools, said + late - tools.clock.now())
    await arrive(tools, matter, at=said)
    assert datetime.fromisoformat((await entry(client, joined))["offer"]["until"]) > tools.clock.now()


async def test_a_reply_in_time_that_comes_when_all_is_over_cancels_and_offers_nothing(
    client: Client, tools: Tools
) -> None:
    start = at(tools, 13)
    matter = await id_of(tools, await book(client, start))
    await sell_out(tools, start)
    joined = await join(client, start)
    pass_time(tools, start + timedelta(hours=1) - tools.clock.now())
    *_, last = await arrive(tools, matter, at=start - timedelta(hours=3))
    assert last.type.endswith("AppointmentCancelled")
    assert (await entry(client, joined))["status"] == "waiting"


async def test_a_batch_ends_with_a_reply_that_cancelled(client: Client, tools: Tools) -> None:
    """What it has locked comes behind what the next locks first."""
    matters = [await id_of(tools, await book(client, at(tools, hour))) for hour in (9, 10)]
    applying = Applying(tools, "group", REACTIONS)
    parsed = await applying.read([_record(tools, matter, place) for place, matter in enumerate(matters)])
    assert await applying.together(parsed) == 1
    assert await applying.together(parsed[1:]) == 1
    assert await seats(tools) == 0


def _record(tools: Tools, matter: UUID, place: int) -> Any:
    state = ReplyState(
        matter_service="appointments", purpose="reminder", answer=ReplyAnswer.CANCEL, at=tools.clock.now()
    )
    fact = ReplyReceived(id=uuid4(), version=1, about=About(id=matter, version=1), reply=state)
    envelope = Envelope(
        service="notifications",
        event_id=uuid4(),
        cause=None,
        type=type_of(ReplyReceived),
        schema_version=fact.schema_version,
        aggregate=fact.id,
        occurred_at=state.at,
    )
    return record(envelope.headers({}), fact.model_dump_json().encode(), offset=place)


async def id_of(tools: Tools, booked: dict[str, Any]) -> UUID:
    async with tools.db.transaction() as conn:
        found = await conn.execute(text("select id from appointments where number = :number"), booked)
        id: UUID = found.scalar_one()
        return id
