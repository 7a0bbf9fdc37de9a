"""A closure, followed to what those it concerns received: each told once, whatever they answer, also when replayed."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from tests.e2e.kit import API, City
from tests.e2e.letters import calendar_of
from tests.support.wait import eventually

ADDRESS = f"{API}/staff/closures"


def mailbox(name: str) -> str:
    return f"delivered+{name}@simulator.stadt.example"


async def close(city: City, closure: dict[str, str], **confirmed: Any) -> None:
    """Look at the preview of a closure and confirm it."""
    headers = {"Authorization": f"Bearer {await city.staff_token(city.platform.oidc_issuer, 'leitung')}"}
    preview = await city.client.get(f"{ADDRESS}/preview", params=closure, headers=headers)
    body = closure | {"confirmation": {"preview": preview.raise_for_status().json()["version"], **confirmed}}
    answer = await city.client.put(f"{ADDRESS}/{uuid4()}", json=body, headers=headers)
    assert answer.status_code == 200, answer.text


async def test_a_closure_is_told_once_to_each_and_so_is_what_follows(city: City) -> None:
    start = city.day() + timedelta(hours=9)
    names = ("takes", "lets-pass", "moved", "cancelled", "elsewhere")
    booked = {name: await city.book(start, mail=mailbox(name), language="en") for name in names[:4]}
    booked["elsewhere"] = await city.book(start + timedelta(days=7), mail=mailbox("elsewhere"))
    got = {("mail", mailbox(name)): 1 for name in names}
    await city.until_received(got)

    day = {"station": "mitte", "first_day": str(start.date()), "last_day": str(start.date()), "reason": "Wasserschaden"}
    choices = {booked["moved"]["number"]: "move", booked["cancelled"]["number"]: "cancel"}
    await close(city, day, by_number=choices)
    got |= {("mail", mailbox(name)): 2 for name in names[:4]}
    await city.until_received(got)

    taken = await city.client.post(f"{API}/appointments/{booked['takes']['token']}/acceptance")
    assert taken.json()["status"] == "confirmed"
    got[("mail", mailbox("takes"))] = 3
    await city.until_received(got)

    tools = city.tools("appointments")
    async with tools.db.transaction() as conn:
        await conn.execute(text("update outbox set published_at = null"))
    await city.until_received(got)

    offered = (await city.client.get(f"{API}/appointments/{booked['lets-pass']['token']}")).json()
    assert "Wasserschaden" in offered["instead_of"]["reason"]
    city.move_to(tools.clock.now() + timedelta(hours=48, minutes=1))
    await eventually(lambda: city.received()["mail", mailbox("lets-pass")] == 3, timeout=40, every=0.1)
    events = [calendar_of(each.source) for each in city.accepted() if "lets-pass" in each.recipient]
    entries = [each.walk("VEVENT")[0] for each in events]
    assert [str(each["status"]) for each in entries] == ["CONFIRMED", "TENTATIVE", "CANCELLED"]
    assert [int(str(each["sequence"])) for each in entries] == [0, 1, 2]
    assert [str(each["method"]) for each in events] == ["REQUEST", "REQUEST", "CANCEL"]
    assert len({str(each["uid"]) for each in entries}) == 1
