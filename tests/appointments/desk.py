"""Staff for tests of the desk: the members of the demo, each known by their name instead of a token."""

from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import text

from deploy.local.far_ends.staff import STAFF
from services.appointments.desk.calls import note_outcome
from shared.auth import Caller
from shared.events.notifications import NoticeState, NotificationFailed
from shared.tools import Tools
from tests.appointments.kit import API

DESK = f"{API}/staff"
MITTE = {"Authorization": "Bearer schalter-mitte"}
ALL = {"Authorization": "Bearer schalter"}
LEAD = {"Authorization": "Bearer leitung"}
OTHERS = {"Authorization": "Bearer mitteilungen"}


class KnownStaff:
    """Takes a member's key for a token."""

    async def check(self, token: str) -> Caller:
        member = STAFF[token]
        return Caller(
            subject=token, roles=frozenset(member.roles), name=member.name, stations=frozenset(member.stations)
        )


def know_staff(tools: Tools) -> None:
    """Let the members of the demo in."""
    tools.tokens = KnownStaff()  # type: ignore[assignment]


async def do(client: httpx.AsyncClient, number: str, what: str, who: dict[str, str] = MITTE, **body: Any) -> Any:
    """Do something about an appointment."""
    return await client.post(f"{DESK}/appointments/{number}/{what}", json=body or None, headers=who)


async def deeds(tools: Tools) -> list[tuple[str, str]]:
    """The deeds and their doers, in order."""
    async with tools.db.transaction() as conn:
        return [(row.who, row.action) for row in await conn.execute(text("select who, action from audit order by id"))]


async def not_reached(tools: Tools, number: str, purpose: str = "confirmation") -> UUID:
    """Nothing reached the person of an appointment: the notice that failed."""
    async with tools.db.transaction() as conn:
        found = await conn.execute(text("select id from appointments where number = :number"), {"number": number})
        matter = found.scalar_one()
    return await failed(tools, matter, purpose)


async def failed(tools: Tools, matter: UUID, purpose: str, version: int = 1) -> UUID:
    """Nothing reached the person of a matter in a version: the notice that failed."""
    async with tools.db.transaction() as conn:
        notice = NoticeState(
            matter=matter,
            matter_service="appointments",
            matter_version=version,
            purpose=purpose,
            tried=[],
            at=tools.clock.now(),
        )
        fact = NotificationFailed(id=uuid4(), version=1, notice=notice)
        await note_outcome(conn, fact, reached=False)
    return fact.id
