"""People book over HTTP, each with a habit of their own; one cancels."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from deploy.demo.cast import Actor
from deploy.demo.stage import API, Stage
from shared.clock import BERLIN


async def play_booking(stage: Stage, actors: Sequence[Actor], day: date) -> None:
    """Let everybody book on a day; when the confirmations are there, somebody cancels."""
    stage.say("[bold]People book[/bold] over HTTP, in the languages of the city")
    booked = {actor.name: await _book(stage, actor, day) for actor in actors}
    await stage.all_arrived("the confirmations")
    for actor in actors:
        if actor.cancels:
            stage.say(f"[bold]{actor.name} cancels[/bold]; the seat is free at once")
            await stage.post(f"/appointments/{booked[actor.name]['token']}/cancellation")
            stage.expect(*actor.told_by)
    await stage.all_arrived("the cancellation")


async def _book(stage: Stage, actor: Actor, day: date) -> Any:
    query: dict[str, Any] = {"services": [actor.service], "first_day": str(day), "days": 1}
    free = (await stage.client.get(f"{API}/free-times", params=query)).raise_for_status().json()
    station = max(free, key=lambda each: len(each["starts"]))
    booked = await stage.book(station["station"], [actor.service], station["starts"][0], actor.person())
    stage.expect(*actor.told_by)
    local = datetime.fromisoformat(booked["starts_at"]).astimezone(BERLIN)
    stage.say(
        f"  {actor.name:16} {booked['number']}  {local:%a %d.%m. %H:%M}  {station['station']:12} ({actor.peculiarity})"
    )
    return booked
