"""The evening before: reminders come, and one is answered by SMS."""

from collections.abc import Sequence
from datetime import date, datetime, time

from deploy.demo.cast import Actor
from deploy.demo.stage import Stage
from shared.calendar import previous_working_day
from shared.clock import BERLIN


async def play_evening(stage: Stage, actors: Sequence[Actor], day: date) -> None:
    """Move the clock to the evening before a day, when whoever has an appointment is reminded."""
    evening = datetime.combine(previous_working_day(day), time(16, 0, 5), BERLIN)
    stage.move_clock(evening)
    stage.say(f"[bold]The clock moves[/bold] to {evening:%A, %d.%m. %H:%M}: the reminders are due")
    for actor in actors:
        if not actor.cancels:
            stage.expect(*actor.told_by)
    await stage.all_arrived("the reminders")
    for actor in actors:
        if actor.replies:
            stage.say(f'[bold]{actor.name} answers "2"[/bold] to the SMS: the appointment is cancelled')
            gateway = stage.laptop.environment["NOTIFICATIONS_SMS_URL"]
            reply = {"from": actor.phone, "text": "2"}
            (await stage.client.post(f"{gateway}/simulator/reply", json=reply)).raise_for_status()
            stage.expect(*actor.told_by)
    await stage.all_arrived("the answer to the reply")
