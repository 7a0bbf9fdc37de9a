"""A station has to close: subscribers of the district hear of it, whoever has an appointment there gets another."""

from datetime import date, datetime, time
from uuid import UUID, uuid4

from deploy.demo.stage import Stage
from shared.clock import BERLIN

STATION, DISTRICT = "walsum", 100
REASON = "Wasserschaden"


async def play_closing(stage: Stage, day: date) -> None:
    """Close the station on a day."""
    await stage.subscribe("sven", DISTRICT, "stations")
    stage.say("[bold]Sven subscribes[/bold] to news of his district, and confirms it")
    erika = stage.mail("erika")
    person = {"name": "Erika Sander", "mail": erika, "channels": ["mail"]}
    start = datetime.combine(day, time(11), BERLIN)
    booked = await stage.book(STATION, ["beglaubigung"], start, person)
    stage.expect(("mail", erika))
    await stage.all_arrived("Erika's confirmation")
    closure = await _close(stage, day)
    stage.expect(("mail", erika), ("mail", stage.mail("sven")))
    await stage.all_arrived("the news of the closure")
    stage.say("[bold]Erika takes[/bold] the time that is kept for her instead")
    await stage.post(f"/appointments/{booked['token']}/acceptance")
    stage.expect(("mail", erika))
    await stage.all_arrived("Erika's new time")
    stage.say("[bold]The water is gone[/bold]: Walsum opens after all")
    async with stage.signed_in("leitung") as lead:
        (await lead.post(f"/closures/{closure}/lifting")).raise_for_status()
    stage.expect(("mail", stage.mail("sven")))
    await stage.all_arrived("the news that it opens")


async def _close(stage: Stage, day: date) -> UUID:
    id = uuid4()
    closure = {"station": STATION, "first_day": str(day), "last_day": str(day), "reason": REASON}
    async with stage.signed_in("leitung") as lead:
        preview = (await lead.get("/closures/preview", params=closure)).raise_for_status().json()
        count = len(preview["appointments"])
        stage.say(f"[bold]Walsum has to close[/bold] on {day:%d.%m.}; it concerns {count}, who is offered another time")
        confirmed = closure | {"confirmation": {"preview": preview["version"], "for_all": "offer"}}
        (await lead.put(f"/closures/{id}", json=confirmed)).raise_for_status()
    return id
