"""A week of the Bürgermobil is announced; then it breaks down, and whoever wanted to come hears what becomes of it."""

from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import httpx

from deploy.demo.stage import Stage
from shared.clock import BERLIN
from shared.recurrence import WEEK, monday_of

SERVICE = "meldebescheinigung"
REASON = {"known": "breakdown"}
LATE = 25


async def play_mobil(stage: Stage) -> None:
    """Announce a week that is not announced yet; on its first day with two stops the vehicle breaks down."""
    async with stage.signed_in("leitung", "mobile_office") as lead:
        monday = await _next_to_announce(stage, lead)
        if monday is None:
            stage.say("[bold]The Bürgermobil[/bold] has all weeks announced already that people can book")
            return
        late, dropped = await _announce(stage, lead, monday)
        fatma, juergen = stage.phone(), stage.mail("juergen")
        await _book(stage, late, {"name": "Fatma Şahin", "phone": fatma, "channels": ["sms"], "language": "tr"})
        booked = await _book(stage, dropped, {"name": "Jürgen Weber", "mail": juergen, "channels": ["mail"]})
        stage.expect(("sms", fatma), ("mail", juergen))
        await stage.all_arrived("the confirmations at the stops")
        await _break_down(stage, lead, late, dropped)
    stage.expect(("sms", fatma), ("mail", juergen), ("mail", stage.mail("sabine")))
    await stage.all_arrived_in_time("what becomes of the stops")
    stage.say("[bold]Jürgen takes[/bold] the time that is kept for him instead")
    await stage.post(f"/appointments/{booked['token']}/acceptance")
    stage.expect(("mail", juergen))
    await stage.all_arrived("Jürgen's new time")


async def _next_to_announce(stage: Stage, lead: httpx.AsyncClient) -> date | None:
    """The Monday of the first week, from the one after next on, that people can book but do not know of."""
    this_week = monday_of(stage.now().astimezone(BERLIN).date())
    for monday in (this_week + 2 * WEEK, this_week + 3 * WEEK):
        week = (await lead.put(f"/weeks/{monday}")).raise_for_status().json()
        if week["published_at"] is None:
            return monday
    return None


async def _announce(stage: Stage, lead: httpx.AsyncClient, monday: date) -> tuple[Any, Any]:
    """Jürgen and Sabine subscribe, and hear of the week in one message; returns two stops of a day, as announced."""
    preview = (await lead.get(f"/weeks/{monday}/preview")).raise_for_status().json()
    planned = [each["stop"] for each in preview["changes"]]
    ids = _two_of_a_day(planned)
    places = {each["key"]: each for each in (await stage.client.get("/mobile_office/api/v1/places")).json()}
    place = next(each["plan"]["place"] for each in planned if each["id"] == ids[1])
    for name in ("juergen", "sabine"):
        await stage.subscribe(name, places[place]["district"], "buergermobil")
    (await lead.post(f"/weeks/{monday}/publication", json={"preview": preview["version"]})).raise_for_status()
    stage.say(f"[bold]The Bürgermobil[/bold] announces {len(planned)} stops in the week of {monday:%d.%m.}")
    stops = {each["id"]: await _stop(stage, each["id"]) for each in planned}
    for stop in stops.values():
        stage.say(f"  {_local(stop['arrives_at']):%a %d.%m. %H:%M}  {stop['place']['name']}")
    stage.expect(("mail", stage.mail("juergen")), ("mail", stage.mail("sabine")))
    await stage.all_arrived_in_time("the news of the Bürgermobil")
    return stops[ids[0]], stops[ids[1]]


async def _break_down(stage: Stage, lead: httpx.AsyncClient, late: Any, dropped: Any) -> None:
    stage.say(
        f"[bold]The Bürgermobil breaks down:[/bold] {LATE} minutes late at {late['place']['name']}, "
        f"not at all at {dropped['place']['name']}"
    )
    answers = {late["id"]: {"decision": "delay", "minutes": LATE}, dropped["id"]: {"decision": "cancel"}}
    breakdown = {"vehicle": late["vehicle"]["key"], "from_time": late["arrives_at"], "reason": REASON}
    (await lead.put(f"/breakdowns/{uuid4()}", json={**breakdown, "answers": answers})).raise_for_status()


async def _book(stage: Stage, stop: Any, person: dict[str, Any]) -> Any:
    start = _local(stop["arrives_at"]) + timedelta(hours=1)
    return await stage.book(stop["id"], [SERVICE], start, person)


async def _stop(stage: Stage, id: str) -> Any:
    answer = (await stage.client.get(f"/mobile_office/api/v1/stops/{id}")).raise_for_status().json()
    return answer["stop"] | {"id": id}


def _two_of_a_day(planned: list[Any]) -> tuple[str, str]:
    """The ids of the first two stops that a vehicle has on one day."""
    for first, second in pairwise(planned):
        days = {_local(each["plan"]["arrives_at"]).date() for each in (first, second)}
        if len(days) == 1:
            return first["id"], second["id"]
    raise LookupError("No day of the weekly plan has two stops.")


def _local(moment: str) -> datetime:
    return datetime.fromisoformat(moment).astimezone(BERLIN)
