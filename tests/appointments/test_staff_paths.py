"""Addresses of staff pages that nobody would type."""

from typing import Any

from shared.tools import Tools
from tests.appointments.clerk import PAGES, Clerk
from tests.appointments.kit import Client
from tests.support.routes import routes_of


async def test_a_nul_in_an_address_leads_nowhere(app: Any, client: Client, tools: Tools) -> None:
    clerks = [Clerk.sign_in(client, tools, member) for member in ("schalter-mitte", "leitung")]
    paths = [
        (route.method, route.path) for route in routes_of(app) if route.path.startswith(PAGES) and "{" in route.path
    ]
    assert ("POST", f"{PAGES}/counter/{{counter}}") in paths
    for method, path in paths:
        address = "/".join("%00" if part.startswith("{") else part for part in path.split("/")).removeprefix(PAGES)
        for clerk in clerks:
            answer = await (clerk.get(address) if method == "GET" else clerk.press(address, action="call"))
            assert answer.status_code in (403, 404, 422), f"{method} {path}: {answer.status_code}"


async def test_a_nul_in_a_form_is_wrong_input(client: Client, tools: Tools) -> None:
    number = {"number": "1\x002"}
    assert (await client.post("/appointments/arrival?place=mitte", data=number)).status_code == 422
    assert (await client.post("/appointments/arrival?place=%00", data=number)).status_code == 422
