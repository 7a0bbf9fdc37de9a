"""Booking an appointment by video."""

from datetime import datetime
from typing import Any

from services.appointments.persons.domain import VIDEO_CONSENT
from shared.tools import Tools
from tests.appointments.kit import API, Client, booking, weekend

CONSENT = {"consent": VIDEO_CONSENT}


def by_video(start: datetime, **person: Any) -> dict[str, Any]:
    return booking(start, station="video", person={**CONSENT, **person})


async def book(client: Client, tools: Tools, **person: Any) -> dict[str, Any]:
    answer = await client.post(f"{API}/appointments", json=by_video(weekend(tools), **person))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found
