"""What tests of closures do: preview, confirm, and look at what became of the appointments."""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from shared.tools import Tools
from tests.appointments.kit import API, Client, booking, outbox

ADDRESS = f"{API}/staff/closures"


def closing(day: date, days: int = 1, **changes: str) -> dict[str, str]:
    """A closure of Mitte as the API takes it."""
    last = day + timedelta(days=days - 1)
    return {"station": "mitte", "first_day": str(day), "last_day": str(last), "reason": "Wasserschaden"} | changes


async def send(
    client: Client, method: str, path: str, body: Any = None, role: str = "appointments:lead", status: int = 200
) -> Any:
    """Ask as somebody with a role: what is answered."""
    answer = await client.request(method, f"{ADDRESS}{path}", json=body, headers={"Authorization": f"Bearer {role}"})
    assert answer.status_code == status, answer.text
    return answer.json()


@dataclass(frozen=True)
class Lead:
    """Somebody who leads the stations."""

    client: Client

    async def preview(self, closure: dict[str, str]) -> dict[str, Any]:
        """What a closure would do."""
        answer = await self.client.get(
            f"{ADDRESS}/preview", params=closure, headers={"Authorization": "Bearer appointments:lead"}
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def close(self, closure: dict[str, str], id: str = "", status: int = 200, **confirmed: Any) -> dict[str, Any]:
        """Look at the preview and confirm it."""
        confirmation = {"preview": (await self.preview(closure))["version"], **confirmed}
        found: dict[str, Any] = await send(
            self.client, "PUT", f"/{id or uuid4()}", closure | {"confirmation": confirmation}, status=status
        )
        return found


async def book(client: Client, start: datetime, name: str = "Anna Muster", **changes: Any) -> dict[str, Any]:
    """A new appointment."""
    answer = await client.post(f"{API}/appointments", json=booking(start, name, **changes))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def appointment(client: Client, booked: dict[str, Any]) -> dict[str, Any]:
    """An appointment as it is now."""
    found: dict[str, Any] = (await client.get(f"{API}/appointments/{booked['token']}")).json()
    return found


async def counter_of(tools: Tools, booked: dict[str, Any]) -> str:
    async with tools.db.transaction() as conn:
        found = await conn.execute(
            text("select counter from appointments where number = :number"), {"number": booked["number"]}
        )
        return str(found.scalar_one())


async def facts_of(tools: Tools, booked: dict[str, Any]) -> list[dict[str, Any]]:
    """The facts of an appointment, in order, with their types and what caused them."""
    facts = [
        {"type": row.type.rpartition(".")[2], "cause": row.cause, **json.loads(row.body)} for row in await outbox(tools)
    ]
    return [each for each in facts if each.get("appointment", {}).get("number") == booked["number"]]


async def closed_seats_with_appointments(tools: Tools, day: date, counter: str = "mitte%") -> int:
    """How many seats of a day an appointment still has."""
    async with tools.db.transaction() as conn:
        found = await conn.execute(
            text("""
                select count(*) from seats s join appointments a on a.id = s.appointment
                where s.counter like :counter and cast(s.starts_at at time zone 'Europe/Berlin' as date) = :day
            """),
            {"counter": counter, "day": day},
        )
        return int(found.scalar_one())
