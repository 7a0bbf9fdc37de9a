"""The counter's page: one button for what comes next, races told in words, and nothing for strangers."""

from collections.abc import AsyncIterator
from typing import Any
from xml.etree.ElementTree import Element

import httpx
import pytest
import pytest_asyncio

from shared.tools import Tools
from shared.web.forms import one_time_key
from shared.web.staff.session import SESSION, Session
from tests.appointments.kit import API, Client, at, booking
from tests.appointments.queue.kit import Staff, minutes
from tests.appointments.visitor import buttons, content, heading, page
from tests.shared.web.html import words

OTHER = {"to_counter": "mitte-4", "to_service": "reisepass"}
COUNTER = "/appointments/staff/counter/mitte-1"


class Clerk:
    """Somebody signed in at the pages."""

    def __init__(self, client: Client, tools: Tools, **changes: Any) -> None:
        given = {"subject": "schalter", "roles": frozenset({"appointments:staff"}), "stations": frozenset({"mitte"})}
        self.session = Session(**(given | {"name": "Meike Sommer"} | changes))
        self._client = client
        self._headers = {"Cookie": f"nahbar-staff-session={tools.sessions.seal(SESSION, self.session)}"}

    async def see(self, path: str = COUNTER, status: int = 200) -> Element:
        """Open a page."""
        return page(await self._client.get(path, headers=self._headers), status)

    async def press(self, action: str, key: str = "", path: str = COUNTER, **fields: str) -> httpx.Response:
        """Press a button of the counter."""
        typed = {"action": action, "einmal": key or one_time_key(), "sitzung": self.session.form_token, **fields}
        return await self._client.post(path, data=typed, headers=self._headers)


@pytest_asyncio.fixture
async def clerk(client: Client, staff: Staff, tools: Tools) -> AsyncIterator[Clerk]:
    """A clerk of Mitte."""
    yield Clerk(client, tools)


async def at_counter(staff: Staff, counter: int = 1) -> Any:
    return (await staff.get(f"counters/mitte-{counter}"))["ticket"]


async def test_one_button_leads_from_call_to_call(clerk: Clerk, staff: Staff) -> None:
    await staff.issue(language="tr", interpreter="tr")
    tree = await clerk.see()
    assert heading(tree) == "Schalter 1 – Bürger-Service-Station Mitte"
    assert buttons(tree)[1] == "Nächste Nummer aufrufen"
    assert (await clerk.press("call")).headers["location"] == COUNTER
    tree = await clerk.see()
    assert buttons(tree)[1] == "Ist da"
    assert all(each in content(tree) for each in ("A 001", "Meldebescheinigung", "Türkçe", "ohne Termin"))
    ticket = (await at_counter(staff))["id"]
    await clerk.press("begin", ticket=ticket)
    assert buttons(await clerk.see())[1] == "Fertig"
    await clerk.press("finish", ticket=ticket)
    tree = await clerk.see()
    assert buttons(tree)[1] == "Nächste Nummer aufrufen"
    assert "Niemand ist am Schalter." in content(tree)


async def test_who_comes_with_an_appointment_is_known_by_name_and_what_they_wrote(
    client: Client, clerk: Clerk, staff: Staff, tools: Tools
) -> None:
    person = {"remarks": "Ich komme im Rollstuhl."}
    booked = (await client.post(f"{API}/appointments", json=booking(at(tools, 10, 10, days=0), person=person))).json()
    await staff.post(f"appointments/{booked['number']}/arrival")
    assert "Rollstuhl" not in content(await clerk.see()), "of those who wait the numbers are enough"
    await clerk.press("call")
    assert "Name Anna Muster" in content(await clerk.see())
    assert "Hinweis Ich komme im Rollstuhl." in content(await clerk.see())


async def test_a_double_click_calls_one_person(clerk: Clerk, staff: Staff) -> None:
    await staff.issue()
    await staff.issue()
    for _ in range(2):
        assert (await clerk.press("call", key="pressed-twice")).status_code == 303
    assert await staff.line() == ["A 002"]


async def test_a_press_that_lost_the_race_says_where_the_person_is_and_who_is_next(clerk: Clerk, staff: Staff) -> None:
    ticket, _ = await staff.issue(), await staff.issue()
    await staff.call(2, ticket=ticket["id"])
    tree = page(await clerk.press("call", ticket=ticket["id"]), 409)
    assert "A 001 ist schon an Schalter 2" in content(tree)
    assert "A 002" in content(tree)
    await staff.act("begin", ticket, 2)
    await staff.act("finish", ticket, 2)
    assert "A 001 ist nicht mehr hier" in content(page(await clerk.press("call", ticket=ticket["id"]), 409))


async def test_calling_while_somebody_is_here_says_so(clerk: Clerk, staff: Staff) -> None:
    await staff.issue()
    await staff.issue()
    await clerk.press("call")
    assert "An diesem Schalter ist schon jemand" in content(page(await clerk.press("call"), 409))
    assert await staff.line() == ["A 002"]


async def test_parking_papers_handing_over_and_coming_back(clerk: Clerk, staff: Staff, tools: Tools) -> None:
    for _ in range(3):
        await staff.issue()
    for action, fields in (("park", {"minutes": "20"}), ("papers", {}), ("hand-over", OTHER)):
        await clerk.press("call")
        ticket = await at_counter(staff)
        assert (await clerk.press(action, ticket=ticket["id"], **fields)).status_code == 303
    tree = await clerk.see()
    shown = ("ab 10:20 Uhr", "holt Unterlagen", "nur zu Schalter 4", "Reisepass beantragen")
    assert all(each in content(tree) for each in shown)
    away = (await staff.get("stations/mitte/queue"))["away"]
    for each in away:
        await clerk.press("back", ticket=each["id"])
    assert sorted(await staff.line()) == ["A 001", "A 002", "A 003"]
    await clerk.press("call")
    await clerk.press("call-again", ticket=(await at_counter(staff))["id"])
    assert "2-mal aufgerufen" in content(await clerk.see())
    await clerk.press("miss", ticket=(await at_counter(staff))["id"])
    await clerk.press("pause")
    assert "Dieser Schalter macht Pause." in content(await clerk.see())
    await clerk.press("open")
    assert "Niemand ist am Schalter." in content(await clerk.see())


@pytest.mark.parametrize("action", ["nonsense", "finish"])
async def test_buttons_that_do_not_exist_do_nothing(clerk: Clerk, action: str) -> None:
    assert (await clerk.press(action)).status_code == 404


async def test_strangers_and_forged_forms_get_nowhere(client: Client, clerk: Clerk, tools: Tools) -> None:
    assert (await client.get(COUNTER)).status_code == 303, "to the sign-in"
    assert (await client.post(COUNTER, data={"action": "call", "einmal": one_time_key()})).status_code == 403
    elsewhere = Clerk(client, tools, stations=frozenset({"walsum"}))
    await elsewhere.see(status=403)
    assert (await elsewhere.press("call")).status_code == 403
    assert "Mitte" not in content(await elsewhere.see("/appointments/staff/counter"))
    assert (await clerk.press("call", sitzung="forged")).status_code == 403
    await clerk.see("/appointments/staff/counter/nowhere-1", 403)


async def test_the_figures_of_a_day(clerk: Clerk, client: Client, staff: Staff, tools: Tools) -> None:
    assert "niemand in der Warteschlange" in content(await clerk.see("/appointments/staff/figures"))
    await staff.issue()
    minutes(tools, 7)
    called = await staff.call()
    minutes(tools, 2)
    await staff.act("begin", called)
    minutes(tools, 11)
    await staff.act("finish", called)
    tree = await clerk.see("/appointments/staff/figures?place=mitte")
    [row] = next(tree.iter("tbody")).iter("tr")
    assert [words(cell) for cell in row.iter("td")] == ["1", "0", "0", "0", "0", "7", "7", "2", "11"]
    await Clerk(client, tools, stations=frozenset()).see("/appointments/staff/figures", 404)
