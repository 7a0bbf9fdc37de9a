"""The story of the demo: the days before, the evening before, and a day at the counter."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx

from deploy import operations
from deploy.demo.cast import cast
from deploy.demo.scenes.booking import play_booking
from deploy.demo.scenes.closing import play_closing
from deploy.demo.scenes.evening import play_evening
from deploy.demo.scenes.hall import play_hall
from deploy.demo.scenes.mobil import play_mobil
from deploy.demo.scenes.video import play_video
from deploy.demo.scenes.waiting import play_waiting
from deploy.demo.stage import Failed, Say, Stage
from deploy.local.laptop import Laptop
from shared.calendar import end_of_quiet
from shared.clock import BERLIN

LASTS = timedelta(minutes=10)
"""How long the days before take at most."""


async def play(laptop: Laptop, say: Say) -> None:
    """Play the demo to its end against a running laptop.

    Raises:
        Failed: somebody got too few or too many messages, or a service did not answer as it should.
    """
    try:
        async with httpx.AsyncClient(base_url=laptop.address, timeout=20) as client:
            await _play(Stage(laptop, client, say))
    except httpx.HTTPError as error:
        raise Failed(str(error)) from error


def _begin_by_day(stage: Stage) -> None:
    """At night, and on Sundays, news waits until the morning; the demo does not."""
    begins = stage.now() + LASTS
    morning = end_of_quiet(begins)
    if morning > begins:
        stage.move_clock(morning)
        stage.say(
            f"[bold]The clock moves[/bold] to {morning.astimezone(BERLIN):%A, %d.%m. %H:%M}: at this hour news waits"
        )


async def _play(stage: Stage) -> None:
    _begin_by_day(stage)
    actors, day = cast(stage), stage.working_day(1)
    await play_booking(stage, actors, day)
    await play_video(stage, day)
    await play_closing(stage, stage.working_day(4))
    await play_mobil(stage)
    await play_waiting(stage, stage.working_day(2))
    await play_evening(stage, actors, day)
    await play_hall(stage)
    await asyncio.sleep(1.5)
    stage.check()


async def account() -> tuple[int, int, int, dict[str, Any]]:
    """Lost, doubled and unknown messages, and the whole ledger."""
    ledger = await operations.ledger()
    return ledger["overdue"], len(ledger["maybe_twice"]), ledger["messages"].get("unknown", 0), ledger
