"""Somebody books a consultation by video on a weekend; the room opens for her alone, shortly before."""

from datetime import date
from typing import Any

from deploy.demo.stage import API, Stage
from services.appointments.persons.domain import VIDEO_CONSENT


async def play_video(stage: Stage, first_day: date) -> None:
    """Book the first free video consultation from a day on."""
    services = ["meldebescheinigung"]
    query: dict[str, Any] = {"services": services, "station": "video", "first_day": str(first_day), "days": 7}
    [video] = (await stage.client.get(f"{API}/free-times", params=query)).raise_for_status().json()
    address = stage.mail("lena")
    person = {"name": "Lena Weber", "mail": address, "channels": ["mail"], "consent": VIDEO_CONSENT}
    booked = await stage.book("video", services, video["starts"][0], person)
    stage.say(f"[bold]Lena Weber books by video[/bold] for the weekend, {booked['number']}")
    stage.expect(("mail", address))
    await stage.all_arrived("Lena's confirmation")
