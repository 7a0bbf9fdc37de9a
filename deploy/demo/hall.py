"""A scene in the waiting hall: people take numbers, a counter calls, and an SMS comes when two are ahead."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from deploy.local.laptop import Laptop
from services.appointments.queue.domain import NEAR
from shared.settings import DEVELOPMENT_CLIENT_SECRET

STAFF_API = "/appointments/api/v1/staff"
STATION = "mitte"
COUNTER = f"{STATION}-1"
CLERK = "schalter-mitte"
PHONE = "+4917604069049"
"""Elif's; no other scene uses it."""
MOST_CALLS = 50

Say = Callable[[str], None]
Told = Callable[[], bool]
Until = Callable[[Told, str], Awaitable[None]]


async def play_hall(laptop: Laptop, say: Say, told: Told, until: Until) -> None:
    """Play it at a time at which the station is open.

    Args:
        told: whether Elif has got her SMS.
        until: waits for something, or fails saying what did not arrive.
    """
    async with httpx.AsyncClient(base_url=laptop.address, timeout=20, headers=await _signed_in(laptop)) as clerk:
        say("[bold]In the waiting hall[/bold] people take numbers; Elif leaves hers for an SMS and goes outside")
        for _ in range(4):
            await _post(clerk, f"stations/{STATION}/tickets", services=["meldebescheinigung"])
        wish = {"services": ["personalausweis"], "phone": PHONE, "language": "tr"}
        elif_ = await _post(clerk, f"stations/{STATION}/tickets", **wish)
        for _ in range(MOST_CALLS):
            called = await _post(clerk, f"counters/{COUNTER}/call")
            say(f"  {called['number']}  to counter 1")
            if elif_["number"] in (await _line(clerk))[: NEAR + 1]:
                await until(told, "Elif's SMS")  # once she is called it would come too late
            for step in ("begin", "finish"):
                await _post(clerk, f"counters/{COUNTER}/{step}", ticket=called["id"])
            if called["id"] == elif_["id"]:
                return


async def _signed_in(laptop: Laptop) -> dict[str, str]:
    secret = DEVELOPMENT_CLIENT_SECRET.get_secret_value()
    form = {"grant_type": "client_credentials", "client_id": CLERK, "client_secret": secret}
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{laptop.environment['NAHBAR_OIDC_ISSUER']}/token", data=form)
    return {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}


async def _line(clerk: httpx.AsyncClient) -> list[str]:
    """The numbers that wait, in order."""
    answer = await clerk.get(f"{STAFF_API}/stations/{STATION}/queue")
    return [each["number"] for each in answer.raise_for_status().json()["line"]]


async def _post(clerk: httpx.AsyncClient, path: str, **body: Any) -> Any:
    answer = await clerk.post(f"{STAFF_API}/{path}", json=body)
    return answer.raise_for_status().json()
