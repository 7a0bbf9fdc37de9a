"""A day is full: somebody waits, a seat is freed, and passes to him before anybody else can see it."""

from datetime import date, datetime, time
from uuid import UUID, uuid4

from deploy.demo.stage import Stage
from shared.clock import BERLIN

STATION, COUNTERS = "sued", 4
BUSY = ("familienanmeldung", "reisepass")
"""What takes an hour."""


async def play_waiting(stage: Stage, day: date) -> None:
    """Let one hour of one counter be all there is on a day, and somebody else have it."""
    closures = await _leave_one_hour(stage, day)
    olga, karl = stage.mail("olga"), stage.mail("karl")
    person = {"name": "Olga Neumann", "mail": olga, "channels": ["mail"]}
    booked = await stage.book(STATION, list(BUSY), datetime.combine(day, time(9), BERLIN), person)
    wish = {
        "services": ["ausweis-abholen"],
        "stations": [STATION],
        "first_day": str(day),
        "last_day": str(day),
        "person": {"name": "Karl Winter", "mail": karl, "channels": ["mail"]},
    }
    waiting = await stage.post("/waiting", wish)
    stage.say(f"[bold]Karl waits[/bold]: Süd is full on {day:%d.%m.}; he is number {waiting['position']} in line")
    stage.expect(("mail", olga), ("mail", karl))
    await stage.all_arrived("Karl's place in line")
    stage.say("[bold]Olga cancels[/bold]: what she had is offered to Karl, and to nobody else")
    await stage.post(f"/appointments/{booked['token']}/cancellation")
    stage.expect(("mail", olga), ("mail", karl))
    await stage.all_arrived("Karl's offer")
    offered = (await stage.client.get(f"/appointments/api/v1/waiting/{waiting['token']}")).raise_for_status().json()
    taken = await stage.post(f"/offers/{offered['offer']['token']}/taking")
    stage.say(f"[bold]Karl takes it[/bold]: {taken['number']}")
    stage.expect(("mail", karl))
    await stage.all_arrived("Karl's confirmation")
    async with stage.signed_in("leitung") as lead:
        for closure in closures:
            (await lead.post(f"/closures/{closure}/lifting")).raise_for_status()


async def _leave_one_hour(stage: Stage, day: date) -> list[UUID]:
    """Close all counters but one, and that one from ten o'clock on."""
    closure = {"station": STATION, "first_day": str(day), "last_day": str(day), "reason": "Krankheit"}
    others = [{"counter": f"{STATION}-{number}"} for number in range(2, COUNTERS + 1)]
    rest_of_the_day = {"counter": f"{STATION}-1", "from_time": "10:00", "until_time": "17:00"}
    closures = {uuid4(): hours for hours in [*others, rest_of_the_day]}
    async with stage.signed_in("leitung") as lead:
        for id, hours in closures.items():
            (await lead.put(f"/closures/{id}", json=closure | hours)).raise_for_status()
    return list(closures)
