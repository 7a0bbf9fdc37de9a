"""The pages of the desk: the list of a day, one appointment, and whom to call."""

import json
import re
from datetime import timedelta
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from sqlalchemy import text

from shared.events.appointments import AppointmentCancelled, AppointmentRescheduled
from shared.tools import Tools
from tests.appointments.clerk import PAGES, Clerk
from tests.appointments.desk import deeds, not_reached
from tests.appointments.kit import API, Client, at, booking, outbox, pass_time
from tests.appointments.visitor import Visitor, buttons, content, heading, own_links, page


@pytest.fixture
def clerk(client: Client, tools: Tools) -> Clerk:
    return Clerk.sign_in(client, tools)


async def booked(clerk: Clerk, hour: int = 9, **changes: Any) -> str:
    """The number of a new appointment."""
    answer = await clerk.client.post(f"{API}/appointments", json=booking(at(clerk.tools, hour), **changes))
    assert answer.status_code == 201
    return str(answer.json()["number"])


def day(clerk: Clerk, **query: str) -> str:
    """The path of the list of the day the appointments are on."""
    more = "".join(f"&{key}={value}" for key, value in query.items())
    return f"/day?place=mitte&day={at(clerk.tools, 9).date()}{more}"


def rows(tree: Element) -> list[str]:
    return [content_of(row) for row in tree.iter("tr")][1:]


def content_of(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


async def test_the_list_names_everybody_of_the_day_by_time_and_can_be_narrowed(clerk: Clerk) -> None:
    late, early = await booked(clerk, 11, name="Bruno Beispiel"), await booked(clerk, 9)
    tree = await clerk.see(day(clerk))
    assert [row.split()[:2] for row in rows(tree)] == [["09:00", early], ["11:00", late]]
    assert "Bruno Beispiel" in rows(tree)[1]
    assert "Erwartet 2" in content(tree)
    await clerk.press(f"/appointments/{late}/cancel", reason="illness")
    assert [row.split()[1] for row in rows(await clerk.see(day(clerk, status="cancelled")))] == [late]
    assert "So steht an diesem Tag kein Termin." in content(await clerk.see(day(clerk, status="missed")))


async def test_a_day_without_appointments_says_so(clerk: Clerk) -> None:
    tree = content(await clerk.see(day(clerk)))
    assert "Geöffnet: 09:00 bis 17:00 Uhr" in tree
    assert "An diesem Tag gibt es hier keine Termine." in tree
    closed = await clerk.see("/day?place=homberg&day=2026-12-25")
    assert "An diesem Tag ist geschlossen." in content(closed)


async def test_whoever_has_no_station_sees_no_list(client: Client, tools: Tools) -> None:
    clerk = Clerk.sign_in(client, tools)
    nowhere = clerk.session.model_copy(update={"stations": frozenset()})
    tree = await Clerk(client, tools, nowhere).see("/day")
    assert "Ihr Dienstkonto gehört zu keiner Station" in content(tree)
    assert "Ihr Dienstkonto gehört zu keiner Station" in content(await Clerk(client, tools, nowhere).see("/book"))


async def test_the_list_of_another_station_is_not_shown_whatever_the_address_says(clerk: Clerk) -> None:
    number = await booked(clerk, station="homberg")
    tree = await clerk.see(day(clerk).replace("mitte", "homberg"))
    assert number not in content(tree)
    assert "Mitte" in content(tree)


async def test_what_staff_should_know_reaches_them_and_nobody_else(clerk: Clerk) -> None:
    draft = await Visitor(clerk.client).hold(at(clerk.tools, 9))
    await Visitor(clerk.client).fill_in(draft, remarks="  Ich komme im\nRollstuhl. ")
    typed = await Visitor(clerk.client).see(f"{draft}/details")
    assert [each.text for each in typed.iter("textarea")] == ["  Ich komme im\nRollstuhl. "]
    await Visitor(clerk.client).press(f"{draft}/check")
    [fact] = await outbox(clerk.tools)
    assert b"Rollstuhl" not in fact.body
    number = json.loads(fact.body)["appointment"]["number"]
    tree = content(await clerk.see(f"/appointments/{number}"))
    assert "Hinweis Ich komme im Rollstuhl." in tree
    assert re.search(r"Schalter [0-9]+ ", tree), "one of its counters, picked by the id"


@pytest.mark.parametrize(
    "typed",
    [
        str,
        lambda number: number.replace("-", " "),
        lambda number: "\u2068" + "".join(chr(0x660 + int(each)) if each != "-" else "\u2013" for each in number),
    ],
    ids=["as it is", "with a blank", "from an Arabic text"],
)
async def test_an_appointment_is_found_by_its_number(clerk: Clerk, typed: Any) -> None:
    number = await booked(clerk)
    answer = await clerk.press("/find?place=mitte", wanted=typed(number))
    assert answer.headers["location"] == f"{PAGES}/appointments/{number}"


async def test_arrived_and_back_again(clerk: Clerk) -> None:
    number = await booked(clerk)
    list_path = day(clerk)
    assert "Angekommen" not in " ".join(buttons(await clerk.see(list_path)))
    pass_time(clerk.tools, at(clerk.tools, 8, 50) - clerk.tools.clock.now())
    answer = await clerk.press(f"/appointments/{number}/arrived")
    assert answer.headers["location"] == f"{PAGES}{list_path}"
    assert "Angekommen 1" in content(await clerk.see(list_path))
    await clerk.press(f"/appointments/{number}/not-arrived")
    assert "Angekommen 0" in content(await clerk.see(list_path))


async def test_missed_asks_once_and_is_noted_once(clerk: Clerk) -> None:
    number, list_path = await booked(clerk), day(clerk)
    assert (await clerk.press(f"/appointments/{number}/missed")).status_code == 409
    pass_time(clerk.tools, at(clerk.tools, 9, 5) - clerk.tools.clock.now())
    assert f"{PAGES}/appointments/{number}/missed" in own_links(await clerk.see(list_path))
    assert heading(await clerk.see(f"/appointments/{number}/missed")) == "Ist die Person nicht erschienen?"
    for _ in range(2):
        assert (await clerk.press(f"/appointments/{number}/missed")).status_code == 303
    assert "Nicht erschienen 1" in content(await clerk.see(list_path))
    assert await deeds(clerk.tools) == [("schalter-mitte", "missed")]


async def test_the_citizens_page_says_kindly_that_they_were_missed(clerk: Clerk) -> None:
    answer = await clerk.client.post(f"{API}/appointments", json=booking(at(clerk.tools, 9)))
    pass_time(clerk.tools, at(clerk.tools, 9, 5) - clerk.tools.clock.now())
    await clerk.press(f"/appointments/{answer.json()['number']}/missed")
    tree = page(await clerk.client.get(f"/appointments/m/{answer.json()['token']}"))
    assert heading(tree) == "Wir haben Sie leider nicht angetroffen"
    assert "/appointments/book" in own_links(tree)
    assert "Danke für Ihren Besuch" not in content(tree)
    calendar = await clerk.client.get(f"/appointments/m/{answer.json()['token']}/termin.ics")
    assert calendar.status_code == 200
    assert "STATUS:CANCELLED" in calendar.text
    assert "VALARM" not in calendar.text, "a calendar reminds nobody of what does not take place"


async def test_cancelling_needs_a_reason(clerk: Clerk) -> None:
    number = await booked(clerk)
    tree = page(await clerk.press(f"/appointments/{number}/cancel"), 422)
    assert "Wählen Sie einen Grund." in content(tree)
    for _ in range(2):
        assert (await clerk.press(f"/appointments/{number}/cancel", reason="technical")).status_code == 303
    fact = AppointmentCancelled.model_validate_json((await outbox(clerk.tools))[1].body)
    assert (fact.by, fact.reason) == ("staff", "Unsere Technik ist ausgefallen.")
    assert len(await outbox(clerk.tools)) == 2


async def test_moving_asks_why_and_then_when(clerk: Clerk) -> None:
    number, new = await booked(clerk), at(clerk.tools, 10)
    asked = await clerk.see(f"/appointments/{number}/move")
    assert buttons(asked)[-1] == "Zeiten zeigen"
    address = f"/appointments/{number}/move?reason=closed"
    assert "Die Station muss schließen" in content(await clerk.see(address))
    form = {"time": f"mitte {new.isoformat()}"}
    for _ in range(2):
        answer = await clerk.press(address, **form)
        assert answer.headers["location"] == f"{PAGES}/appointments/{number}"
    [_, moved] = await outbox(clerk.tools)
    fact = AppointmentRescheduled.model_validate_json(moved.body)
    assert (fact.by, fact.reason, fact.appointment.starts_at) == ("staff", "Die Station muss schließen.", new)


async def test_a_time_that_was_taken_meanwhile_keeps_the_old_one(clerk: Clerk) -> None:
    number, wanted = await booked(clerk, station="mitte"), at(clerk.tools, 10) + timedelta(minutes=3)
    answer = await clerk.press(f"/appointments/{number}/move?reason=closed", time=f"mitte {wanted.isoformat()}")
    assert "Der bisherige Termin bleibt" in content(page(answer, 409))
    assert len(await outbox(clerk.tools)) == 1


@pytest.mark.parametrize("path", ["", "/slip", "/missed", "/cancel", "/move"])
async def test_appointments_of_other_stations_are_not_shown(clerk: Clerk, path: str) -> None:
    number = await booked(clerk, station="homberg")
    await clerk.see(f"/appointments/{number}{path}", 403)
    await clerk.see(f"/appointments/0000-0000{path}", 403)


async def test_without_a_form_token_nothing_is_done(clerk: Clerk) -> None:
    number = await booked(clerk)
    pass_time(clerk.tools, at(clerk.tools, 9, 5) - clerk.tools.clock.now())
    for what in ("arrived", "not-arrived", "missed", "cancel", "move?reason=closed"):
        cookie = {"Cookie": f"nahbar-staff-session={clerk.cookie}"}
        answer = await clerk.client.post(f"{PAGES}/appointments/{number}/{what}", headers=cookie)
        assert answer.status_code == 403
    assert await deeds(clerk.tools) == []


async def test_who_was_not_reached_is_called_and_ticked(clerk: Clerk) -> None:
    number = await booked(clerk, person={"phone": "0176 04069050"})
    notice = await not_reached(clerk.tools, number, "cancellation")
    tree = await clerk.see("/unreached")
    assert "0176 04069050" in content(tree)
    assert "Termin abgesagt" in content(tree)
    for _ in range(2):
        assert (await clerk.press(f"/unreached/{notice}/called")).status_code == 303
    assert "Zurzeit ist niemand anzurufen." in content(await clerk.see("/unreached"))
    assert await deeds(clerk.tools) == [("schalter-mitte", "called")]


async def test_leads_read_what_was_done_in_words(clerk: Clerk) -> None:
    number = await booked(clerk)
    await clerk.press(f"/appointments/{number}/cancel", reason="illness")
    lead = Clerk.sign_in(clerk.client, clerk.tools, "leitung")
    [row] = rows(await lead.see("/audit"))
    assert "schalter-mitte Termin abgesagt" in row
    assert row.endswith(number)
    assert "Protokoll" not in content_of(await clerk.see("/"))
    await clerk.see("/audit", 403)


async def test_services_are_looked_up_with_what_is_an_example(clerk: Clerk, monkeypatch: pytest.MonkeyPatch) -> None:
    said = content(await clerk.see("/services"))
    assert "Name (English) - Beispiel Apply for an identity card" in said
    assert "Gebühr - Beispiel 37,00 €" in said
    assert "LeiKa-Schlüssel" not in said, "nobody has looked them up"
    async with clerk.tools.db.transaction() as conn:
        await conn.execute(text("update services set leika = '99012345678901' where key = 'reisepass'"))
    assert content(await clerk.see("/services")).count("LeiKa-Schlüssel 99012345678901") == 1
    monkeypatch.setattr(clerk.tools, "city", clerk.tools.city.model_copy(update={"examples": ["services.fee_cents"]}))
    said = content(await clerk.see("/services"))
    assert "Gebühr - Beispiel" in said
    assert "Dauer - Beispiel" not in said
