"""People no message reached: the facts of `notifications`, whatever order they come in (flow 6 of `docs/flow.md`)."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.appointments.consumers import REACTIONS
from services.appointments.desk.queries import load_unreached
from shared.auth import Caller
from shared.events.base import Fact, Received
from shared.events.notifications import NoticeState, NotificationDelivered, NotificationFailed
from shared.service import Service
from tests.appointments.conftest import Client, at, booking, pass_time
from tests.appointments.desk import failed

EVERYWHERE = Caller(subject="leitung", roles=frozenset(), stations=frozenset({"*"}))
NOTICE = UUID("0199f0a0-0000-5000-8000-000000000001")
PHONE = "0176 04069050"


@pytest.fixture
async def appointment(client: Client, service: Service) -> UUID:
    """Somebody's appointment."""
    booked = await client.post(
        "/appointments/api/v1/appointments", json=booking(at(service, 9), person={"phone": PHONE})
    )
    assert booked.status_code == 201
    async with service.db.transaction() as conn:
        id: UUID = (await conn.execute(text("select id from appointments"))).scalar_one()
        return id


def told(
    kind: type[NotificationDelivered] | type[NotificationFailed], matter: UUID, version: int, service: str
) -> Fact:
    state = {"matter": matter, "matter_service": service, "matter_version": 1, "purpose": "confirmation", "tried": []}
    return kind(id=NOTICE, version=version, notice=NoticeState(**state, at="2026-11-23T08:00:00Z"))


async def arrive(
    service: Service, matter: UUID, *facts: tuple[type[Any], int], of: str = "appointments"
) -> list[str | None]:
    """Let facts arrive; returns the numbers staff then see to call."""
    async with service.db.transaction() as conn:
        for kind, version in facts:
            fact = told(kind, matter, version, of)
            received = Received(fact, uuid4(), uuid4(), service.clock.now())
            await REACTIONS[kind](conn, service, received)
    async with service.db.transaction() as conn:
        return [
            each.person.phone if each.person else None
            for each in await load_unreached(conn, service, EVERYWHERE, service.clock.now())
        ]


async def test_whom_nothing_reached_is_listed_once_with_the_number_to_call(service: Service, appointment: UUID) -> None:
    assert await arrive(service, appointment, (NotificationFailed, 1), (NotificationFailed, 1)) == ["+4917604069050"]


async def test_who_was_reached_is_not_listed(service: Service, appointment: UUID) -> None:
    assert await arrive(service, appointment, (NotificationDelivered, 1)) == []


async def test_who_is_reached_after_all_leaves_the_list(service: Service, appointment: UUID) -> None:
    assert await arrive(service, appointment, (NotificationFailed, 1), (NotificationDelivered, 2)) == []


async def test_a_bounce_after_delivery_puts_the_person_on_the_list(service: Service, appointment: UUID) -> None:
    assert len(await arrive(service, appointment, (NotificationDelivered, 1), (NotificationFailed, 2))) == 1


async def test_an_older_outcome_that_comes_late_changes_nothing(service: Service, appointment: UUID) -> None:
    assert await arrive(service, appointment, (NotificationDelivered, 2), (NotificationFailed, 1)) == []


async def test_the_person_of_a_cancelled_appointment_stays_on_the_list(
    client: Client, service: Service, appointment: UUID
) -> None:
    await arrive(service, appointment, (NotificationFailed, 1))
    token = service.links.token("manage", appointment, 1)
    answer = await client.post(f"/appointments/api/v1/appointments/{token}/cancellation")
    assert answer.status_code == 200
    async with service.db.transaction() as conn:
        assert [each.status for each in await load_unreached(conn, service, EVERYWHERE, service.clock.now())] == [
            "cancelled"
        ]


async def test_who_was_forgotten_is_not_listed_and_nothing_is_kept(service: Service, appointment: UUID) -> None:
    await arrive(service, appointment, (NotificationFailed, 1))
    async with service.db.transaction() as conn:
        await conn.execute(text("delete from people"))
        await service.forget(conn, [appointment])
        assert (await conn.execute(text("select count(*) from unreached"))).scalar_one() == 0
    assert await arrive(service, appointment, (NotificationFailed, 1)) == []


async def test_nothing_is_kept_of_who_holds_a_number_or_is_never_called(service: Service, appointment: UUID) -> None:
    await failed(service, uuid4(), "turn")
    await failed(service, appointment, "missed")
    async with service.db.transaction() as conn:
        assert (await conn.execute(text("select count(*) from unreached"))).scalar_one() == 0


async def test_once_an_appointment_has_begun_nobody_is_called_about_it(service: Service, appointment: UUID) -> None:
    assert len(await arrive(service, appointment, (NotificationFailed, 1))) == 1
    pass_time(service, at(service, 9) - service.clock.now())
    assert await arrive(service, appointment) == []


async def test_a_matter_of_another_service_is_not_ours_to_call(service: Service, appointment: UUID) -> None:
    assert await arrive(service, appointment, (NotificationFailed, 1), of="centres") == []
