"""In the waiting hall people take numbers, a counter calls, and an SMS comes when two are ahead."""

from typing import Any

import httpx

from deploy.demo.stage import Stage
from services.appointments.queue.domain import NEAR

STATION = "mitte"
COUNTER = f"{STATION}-1"
MOST_CALLS = 50


async def play_hall(stage: Stage) -> None:
    """Play it at a time at which the station is open."""
    stage.say("[bold]In the waiting hall[/bold] people take numbers; Elif leaves hers for an SMS and goes outside")
    phone = stage.phone()
    async with stage.signed_in("schalter-mitte") as clerk:
        for _ in range(4):
            await _post(clerk, f"/stations/{STATION}/tickets", services=["meldebescheinigung"])
        wish = {"services": ["personalausweis"], "phone": phone, "language": "tr"}
        elif_ = await _post(clerk, f"/stations/{STATION}/tickets", **wish)
        stage.expect(("sms", phone))
        for _ in range(MOST_CALLS):
            called = await _post(clerk, f"/counters/{COUNTER}/call")
            stage.say(f"  {called['number']}  to counter 1")
            if elif_["number"] in (await _line(clerk))[: NEAR + 1]:
                await stage.all_arrived("Elif's SMS")  # once she is called it would come too late
            for step in ("begin", "finish"):
                await _post(clerk, f"/counters/{COUNTER}/{step}", ticket=called["id"])
            if called["id"] == elif_["id"]:
                return


async def _line(clerk: httpx.AsyncClient) -> list[str]:
    """The numbers that wait, in order."""
    answer = await clerk.get(f"/stations/{STATION}/queue")
    return [each["number"] for each in answer.raise_for_status().json()["line"]]


async def _post(clerk: httpx.AsyncClient, path: str, **body: Any) -> Any:
    return (await clerk.post(path, json=body)).raise_for_status().json()
