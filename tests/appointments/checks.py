"""What booking tests fill up and look at."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import text

from services.appointments.offer.domain import minute_of
from shared.tools import Tools
from tests.appointments.kit import API, Client, booking, outbox
from tests.support.wait import answered


async def fill(client: Client, tools: Tools, start: Any, leave: int) -> None:
    """Book all counters of Mitte at a time, but for some."""
    bodies = [booking(start, name=f"before {n}") for n in range(8 - leave)]
    answers = await asyncio.gather(
        *[answered(partial(client.post, f"{API}/appointments", json=body)) for body in bodies]
    )
    assert {answer.status_code for answer in answers} == {201}


async def assert_consistent(tools: Tools) -> None:
    """Every confirmed or offered appointment owns exactly its seats, at one counter; each has its facts in order."""
    async with tools.db.transaction() as conn:
        wrong = await conn.execute(
            text("""
            select a.id from appointments a
            left join seats s on s.appointment = a.id and s.counter = a.counter
             and s.starts_at >= a.starts_at and s.starts_at < a.ends_at and s.until is not distinct from a.held_until
            where a.status in ('confirmed', 'offered')
            group by a.id, a.starts_at, a.ends_at
            having count(s.starts_at) <> ceil(extract(epoch from a.ends_at - a.starts_at) / 600)
        """)
        )
        assert wrong.all() == []
        strays = await conn.execute(
            text("""
            select 1 from seats s left join appointments a on a.id = s.appointment
            where a.id is null and s.appointment not in (select key from closures) or a.counter <> s.counter
        """)
        )
        assert strays.all() == []
    versions: dict[Any, list[int]] = {}
    for row in await outbox(tools):
        versions.setdefault(row.aggregate, []).append(row.version)
        assert json.loads(row.body)["version"] == row.version
    assert all(each == list(range(1, len(each) + 1)) for each in versions.values())


def in_minutes(taken: Mapping[str, Iterable[datetime]]) -> dict[str, set[int]]:
    """Taken seats as the rules want them."""
    return {counter: set(map(minute_of, starts)) for counter, starts in taken.items()}
