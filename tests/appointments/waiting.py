"""A town where everything suitable is taken, and people who wait."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import text

from shared.clock import BERLIN
from shared.tools import Tools
from tests.appointments.kit import API, Client, booking


def wait(start: datetime, name: str = "Willi Wartet", **changes: Any) -> dict[str, Any]:
    """Waiting for the day of a start at Walsum, as the API takes it."""
    person = {
        "name": name,
        "mail": f"{name.replace(' ', '.')}@example.org".lower(),
        "channels": ["mail"],
    } | changes.pop("person", {})
    day = start.astimezone(BERLIN).date().isoformat()
    times = {"services": ["meldebescheinigung"], "stations": ["walsum"], "first_day": day, "last_day": day}
    return {**times, "person": person, **changes}


async def join(client: Client, start: datetime, name: str = "Willi Wartet", **changes: Any) -> dict[str, Any]:
    """Join the waiting list."""
    answer = await client.post(f"{API}/waiting", json=wait(start, name, **changes))
    assert answer.status_code == 201, answer.text
    joined: dict[str, Any] = answer.json()
    return joined


async def entry(client: Client, joined: dict[str, Any]) -> dict[str, Any]:
    """An entry as it is now."""
    found: dict[str, Any] = (await client.get(f"{API}/waiting/{joined['token']}")).json()
    return found


async def sell_out(tools: Tools, *days: datetime, counter: str = "walsum-%") -> None:
    """Take every seat of some days at some counters, but for those that are taken already."""
    async with tools.db.transaction() as conn:
        for day in days:
            first = day.astimezone(BERLIN).replace(hour=0, minute=0, second=0, microsecond=0)
            await conn.execute(
                text("""
                    insert into seats (counter, starts_at, appointment)
                    select key, start, gen_random_uuid()
                    from counters, generate_series(cast(:first as timestamptz), :last, interval '10 minutes') start
                    where key like :counter on conflict do nothing
                """),
                {"counter": counter, "first": first, "last": first + timedelta(hours=23)},
            )


async def book(client: Client, start: datetime, **changes: Any) -> dict[str, Any]:
    """Book a time at Walsum."""
    answer = await client.post(f"{API}/appointments", json=booking(start, station="walsum", **changes))
    assert answer.status_code == 201, answer.text
    booked: dict[str, Any] = answer.json()
    return booked


async def cancel(client: Client, booked: dict[str, Any]) -> None:
    """Cancel an appointment."""
    answer = await client.post(f"{API}/appointments/{booked['token']}/cancellation")
    assert answer.status_code == 200, answer.text


async def free_starts(client: Client, start: datetime, services: str = "meldebescheinigung") -> list[str]:
    """What everybody can book at Walsum on the day of a start."""
    query: dict[str, Any] = {
        "services": services,
        "station": "walsum",
        "days": 1,
        "first_day": start.astimezone(BERLIN).date(),
    }
    [station] = (await client.get(f"{API}/free-times", params=query)).json()
    starts: list[str] = station["starts"]
    return starts


async def assert_line_consistent(tools: Tools) -> None:
    """INVARIANT: an open offer owns exactly its seats, an ended one none but those of its appointment."""
    async with tools.db.transaction() as conn:
        wrong = await conn.execute(
            text("""
            select o.id from seat_offers o join waiting_entries e on e.id = o.entry
            left join seats s on s.appointment = o.id
            group by o.id, e.status
            having count(s.starts_at) <> case when o.outcome is null or o.outcome = 'taken' then
                       ceil(extract(epoch from o.ends_at - o.starts_at) / 600) else 0 end
                or (o.outcome is null) and e.status <> 'offered'
                or (o.outcome = 'taken') <> exists (select from appointments a where a.id = o.id)
            """)
        )
        assert wrong.all() == []


WAITING = "/appointments/waiting"


def details_of(start: datetime, **changes: Any) -> str:
    """The address of the last page, with what suits."""
    day = start.date().isoformat()
    query = {"services": "meldebescheinigung", "stations": "walsum", "weekdays": start.weekday()}
    return f"{WAITING}/details?{urlencode({**query, 'first': day, 'last': day, **changes}, doseq=True)}"
