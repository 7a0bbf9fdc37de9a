"""People no message reached: the facts of `notifications`, whatever order they come in (flow 6 of `docs/flow.md`)."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.appointments.consumers import REACTIONS
from services.appointments.desk.queries import load_unreached
from shared.act import Act, acting
from shared.auth import Caller
from shared.events.base import Fact, Received
from shared.events.notifications import NoticeState, NotificationDelivered, NotificationFailed
from shared.tools import Tools
from tests.appointments.desk import failed
from tests.appointments.kit import Client, at, booking, pass_time

EVERYWHERE = Caller(subject="leitung", roles=frozenset(), stations=frozenset({"*"}))
NOTICE = UUID("0199f0a0-0000-5000-8000-000000000001")
PHONE = "0176 04069050"


@pytest.fixture
async def appointment(client: Client, tools: Tools) -> UUID:
    """Somebody's appointment."""
    booked = await client.post("/appointments/api/v1/appointments", json=booking(at(tools, 9), person={"phone": PHONE}))
    assert booked.status_code == 201
    async with tools.db.transaction() as conn:
        id: UUID = (await conn.execute(text("select id from appointments"))).scalar_one()
        return id


def told(
    kind: type[NotificationDelivered] | type[NotificationFailed], matter: UUID, version: int, service: str
) -> Fact:
    state = {"matter": matter, "matter_service": service, "matter_version": 1, "purpose": "confirmation", "tried": []}
    return kind(id=NOTICE, version=version, notice=NoticeState(**state, at="2026-11-23T08:00:00Z"))


async def arrive(
    tools: Tools, matter: UUID, *facts: tuple[type[Any], int], of: str = "appointments"
) -> list[str | None]:
    """Let facts arrive; returns the numbers staff then see to call."""
    async with acting(tools) as act:
        for kind, version in facts:
            fact = told(kind, matter, version, of)
            received = Received(fact, uuid4(), uuid4(), tools.clock.now())
            await REACTIONS[kind](act.following(received), received)
    async with tools.db.transaction() as conn:
        return [
            each.person.phone if each.person else None
            for each in await load_unreached(Act(conn, tools, tools.clock.now(), who=EVERYWHERE))
        ]


async def test_whom_nothing_reached_is_listed_once_with_the_number_to_call(tools: Tools, appointment: UUID) -> None:
    assert await arrive(tools, appointment, (NotificationFailed, 1), (NotificationFailed, 1)) == ["+4917604069050"]


async def test_who_was_reached_is_not_listed(tools: Tools, appointment: UUID) -> None:
    assert await arrive(tools, appointment, (NotificationDelivered, 1)) == []


async def test_who_is_reached_after_all_leaves_the_list(tools: Tools, appointment: UUID) -> None:
    assert await arrive(tools, appointment, (NotificationFailed, 1), (NotificationDelivered, 2)) == []


async def test_a_bounce_after_delivery_puts_the_person_on_the_list(tools: Tools, appointment: UUID) -> None:
    assert len(await arrive(tools, appointment, (NotificationDelivered, 1), (NotificationFailed, 2))) == 1


async def test_an_older_outcome_that_comes_late_changes_nothing(tools: Tools, appointment: UUID) -> None:
    assert await arrive(tools, appointment, (NotificationDelivered, 2), (NotificationFailed, 1)) == []


async def test_the_person_of_a_cancelled_appointment_stays_on_the_list(
    client: Client, tools: Tools, appointment: UUID
) -> None:
    await arrive(tools, appointment, (NotificationFailed, 1))
    token = tools.links.token("manage", appointment, 1)
    answer = await client.post(f"/appointments/api/v1/appointments/{token}/cancellation")
    assert answer.status_code == 200
    async with tools.db.transaction() as conn:
        assert [each.status for each in await load_unreached(Act(conn, tools, tools.clock.now(), who=EVERYWHERE))] == [
            "cancelled"
        ]


async def test_who_was_forgotten_is_not_listed_and_nothing_is_kept(app: Any, tools: Tools, appointment: UUID) -> None:
    await arrive(tools, appointment, (NotificationFailed, 1))
    async with acting(tools) as act:
        await act.conn.execute(text("delete from people"))
        await app.state.runtime.parts.housekeeping.forget(act, [appointment])
        assert (await act.conn.execute(text("select count(*) from unreached"))).scalar_one() == 0
    assert await arrive(tools, appointment, (NotificationFailed, 1)) == []


async def test_nothing_is_kept_of_who_holds_a_number_or_is_never_called(tools: Tools, appointment: UUID) -> None:
    await failed(tools, uuid4(), "turn")
    await failed(tools, appointment, "missed")
    async with tools.db.transaction() as conn:
        assert (await conn.execute(text("select count(*) from unreached"))).scalar_one() == 0


async def test_once_an_appointment_has_begun_nobody_is_called_about_it(tools: Tools, appointment: UUID) -> None:
    assert len(await arrive(tools, appointment, (NotificationFailed, 1))) == 1
    pass_time(tools, at(tools, 9) - tools.clock.now())
    assert await arrive(tools, appointment) == []


async def test_a_matter_of_another_service_is_not_ours_to_call(tools: Tools, appointment: UUID) -> None:
    assert await arrive(tools, appointment, (NotificationFailed, 1), of="centres") == []
