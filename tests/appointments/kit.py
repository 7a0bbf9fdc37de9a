"""What tests of appointments share: clients, bookings, and looks into the database."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import httpx

from shared.clock import BERLIN, Clock
from shared.tools import Tools
from tests.support.days import berlin, weekend_day, working_day

MakeDatabase = Callable[[str], Awaitable[str]]


Client = httpx.AsyncClient


API = "/appointments/api/v1"


FAMILY = ("familienanmeldung",)
"""Services that take four seats."""


def at(tools: Tools, hour: int, minute: int = 0, days: int = 3) -> datetime:
    """A moment on the working day that many working days ahead."""
    return berlin(working_day(tools.clock.now().astimezone(BERLIN).date(), days), hour, minute)


def weekend(tools: Tools, hour: int = 10, minute: int = 0) -> datetime:
    """A moment on the next Saturday or Sunday that is no holiday."""
    return berlin(weekend_day(tools.clock.now().astimezone(BERLIN).date()), hour, minute)


def pass_time(tools: Tools, duration: timedelta) -> None:
    """Move the service's clock forward."""
    file = tools.settings.platform.clock_file
    assert file is not None
    Clock.move(file, tools.clock.offset() + duration)


def wish(
    start: datetime, station: str = "mitte", services: tuple[str, ...] = ("meldebescheinigung",)
) -> dict[str, Any]:
    """A time as the API takes it."""
    return {"station": station, "services": list(services), "starts_at": start.isoformat()}


def booking(start: datetime, name: str = "Anna Muster", **changes: Any) -> dict[str, Any]:
    """A booking as the API takes it."""
    person = {"name": name, "mail": "anna@example.org", "channels": ["mail"]} | changes.pop("person", {})
    return {"time": wish(start, **changes), "person": person}


async def outbox(tools: Tools) -> list[Any]:
    """The facts recorded so far, in order."""
    from sqlalchemy import text

    async with tools.db.transaction() as conn:
        return list(
            (
                await conn.execute(
                    text("select type, aggregate, version, body, event_id, cause from outbox order by id")
                )
            ).all()
        )
