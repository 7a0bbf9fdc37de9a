"""The walk-in queue through both services: the number, the call, and the SMS that leads to one's own page."""

import json
import re
from typing import Any

from deploy.local.far_ends.records import Channel
from tests.e2e.kit import API, City
from tests.support.wait import eventually

MOBILE = "0152 28817300"


async def test_an_sms_comes_when_two_are_ahead_and_leads_to_the_page_that_says_where_to_go(city: City) -> None:
    token = await city.staff_token(city.platform.oidc_issuer, "schalter-mitte")
    city.client.headers["Authorization"] = f"Bearer {token}"

    async def post(path: str, **body: Any) -> Any:
        answer = await city.client.post(f"{API}/staff/{path}", json=body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    for phone in ("", "", "", MOBILE):
        await post("stations/mitte/tickets", services=["meldebescheinigung"], phone=phone, language="tr")
    await post("counters/mitte-1/call")

    def told() -> list[str]:
        return [json.loads(each.source)["text"] for each in city.accepted() if each.channel is Channel.SMS]

    await eventually(lambda: len(told()) == 1, timeout=40, every=0.1)
    [sms] = told()
    assert sms.startswith("A 004: siraniz geliyor, önünüzde 2 kisi var.")
    found = re.search(r"/appointments/ticket/\S+", sms)
    assert found
    for counter in (2, 3, 4):
        await post(f"counters/mitte-{counter}/call")
    page = await city.client.get(found[0])
    assert "Kommen Sie bitte zu Schalter" in page.text
    await city.until_received({("sms", "+4915228817300"): 1})
