"""Pages of opening hours: what a lead sees, types, confirms; and what somebody faster did meanwhile."""

from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from services.appointments.opening import usecases
from services.appointments.opening.usecases import load_hours
from shared.act import Act
from shared.tools import Tools
from tests.appointments.clerk import PAGES, Clerk
from tests.appointments.closing import book
from tests.appointments.kit import Client, at
from tests.appointments.visitor import content, heading, own_links, page

WEEK = {"weekdays": ["0", "1", "2", "3", "4"], "opens": "10:00", "closes": "17:00"}


@pytest.fixture
def lead(client: Client, tools: Tools) -> Clerk:
    return Clerk.sign_in(client, tools, "leitung")


def preview(**typed: Any) -> str:
    given = {"place": "mitte", "version": 0, "window": 1, **WEEK, **typed}
    return f"/hours/preview?{urlencode(given, doseq=True)}"


def fields(answer: httpx.Response, status: int) -> dict[str, list[str]]:
    """What a form has in its text fields and selects, and what is ticked."""
    found: dict[str, list[str]] = {}
    for each in page(answer, status).iter():
        if each.tag == "input" and (each.get("type") not in ("checkbox", "radio") or "checked" in each.attrib):
            found.setdefault(each.get("name", ""), []).append(each.get("value", ""))
        if each.tag == "select":
            chosen = [option.get("value", "") for option in each.iter("option") if "selected" in option.attrib]
            found[each.get("name", "")] = chosen
    return found


async def test_from_the_list_to_new_hours(lead: Clerk) -> None:
    await book(lead.client, at(lead.tools, 9))
    tree = await lead.see("/hours?place=mitte")
    assert "Montag bis Freitag 09:00 bis 17:00 Uhr jede Woche alle Anliegen 8 Schalter für alle" in content(tree)
    assert "am ersten im Monat" in content(tree)
    assert "2 Schalter nur für Beschäftigte" in content(tree)
    form = fields(await lead.get("/hours/window?place=mitte&number=1"), 200)
    assert (form["weekdays"], form["opens"], form["closes"]) == (WEEK["weekdays"], ["09:00"], ["17:00"])

    tree = await lead.see(preview())
    assert heading(tree) == "Ein Termin passt nicht zu den neuen Zeiten"
    assert any("/closures?where=mitte&first_day=" in each for each in own_links(tree))
    assert "09:00 bis 17:00" in content(await lead.see("/hours?place=mitte")), "nothing is saved yet"
    answers = [await lead.press(preview(), key="nur-einmal") for _ in range(2)]
    assert [each.headers["location"] for each in answers] == [f"{PAGES}/hours?place=mitte"] * 2
    tree = await lead.see("/hours?place=mitte")
    assert "Einmal von Beschäftigten geändert." in content(tree)
    assert "Montag bis Freitag 10:00 bis 17:00 Uhr" in content(tree)
    assert "Ein Termin liegt außerhalb der Öffnungszeiten" in content(tree)
    assert "Öffnungszeiten geändert" in content(await lead.see("/audit"))


async def test_hours_are_added_and_removed(lead: Clerk) -> None:
    evening = {"window": 0, "weekdays": ["1"], "opens": "17:00", "closes": "19:00", "services": "reisepass"}
    await lead.press(preview(**evening, repeat="nth-5", valid_until="31.12.2027"))
    tree = await lead.see("/hours?place=mitte")
    assert "Dienstag 17:00 bis 19:00 Uhr am letzten im Monatbis Freitag, 31. Dezember 2027 Reisepass" in content(tree)
    path = preview(version=1, window=1, remove="true")
    assert "Zeiten streichen" in content(await lead.see(path))
    for _ in range(2):
        assert (await lead.press(path, key="nur-einmal")).status_code == 303
    assert "Montag bis Freitag" not in content(await lead.see("/hours?place=mitte"))


async def test_all_mistakes_are_said_and_nothing_typed_is_lost(lead: Clerk) -> None:
    wrong = {"opens": "9.05", "closes": "17:05", "repeat": "2", "staff_counters": "9", "services": ["reisepass"]}
    path = preview(**wrong, weekdays=[])
    for answer in (await lead.get(path), await lead.press(path)):
        links = {each.get("href") for each in page(answer, 422).iter("a")}
        assert {"#weekdays", "#opens", "#closes", "#valid_from", "#staff_counters"} <= links
        typed = fields(answer, 422)
        assert [typed[name][0] for name in wrong] == ["9.05", "17:05", "2", "9", "reisepass"]
    english = await lead.client.get(f"/en{PAGES}{path}", headers={"Cookie": f"nahbar-staff-session={lead.cookie}"})
    assert "Enter a time in steps of 10 minutes." in content(page(english, 422))


async def test_whoever_was_slower_sees_both_and_keeps_what_they_typed(lead: Clerk, tools: Tools) -> None:
    now = tools.clock.now()
    async with tools.db.transaction() as conn:
        found = (await load_hours(Act(conn, tools, now), "mitte")).windows
        await usecases.change(Act(conn, tools, now, who=lead.session), "mitte", 0, found[:1])
    answer = await lead.press(preview(opens="08:00"))
    tree = page(answer, 409)
    assert heading(tree) == "Jemand anderes hat diese Zeiten geändert"
    assert "09:00 bis 17:00" in content(tree), "theirs"
    typed = fields(answer, 409)
    assert (typed["opens"], typed["version"], typed["window"]) == (["08:00"], ["1"], ["0"])
    assert "keine" not in content(page(await lead.get(preview(remove="true")), 409))
    assert (await lead.press(preview(opens="08:00", version=1))).status_code == 303
    assert "08:00 bis 17:00" in content(await lead.see("/hours?place=mitte"))


async def test_hours_are_for_who_leads_the_station(lead: Clerk) -> None:
    assert (await Clerk.sign_in(lead.client, lead.tools).get("/hours")).status_code == 403
    nowhere = lead.session.model_copy(update={"stations": frozenset({"homberg"})})
    elsewhere = Clerk(lead.client, lead.tools, nowhere)
    assert "Homberg" in content(await elsewhere.see("/hours?place=mitte"))
    for path in ("/hours/window?place=mitte", preview()):
        assert (await elsewhere.get(path)).status_code == 403
    assert (await elsewhere.press(preview())).status_code == 403
    for path in ("/hours/window?place=mitte&number=9", preview(window=9)):
        assert (await lead.get(path)).status_code == 404


async def test_holidays_and_closures_to_come_stand_with_the_hours(lead: Clerk, tools: Tools) -> None:
    day = at(tools, 9).date()
    typed = urlencode({"where": "mitte mitte-3", "first_day": day, "reason": "Umbau"})
    shown = fields(await lead.get(f"/closures/preview?{typed}"), 200)
    answer = await lead.press(f"/closures/preview?{typed}", id=shown["id"][0], preview=shown["preview"][0])
    assert answer.status_code == 303
    said = content(await lead.see("/hours?place=mitte"))
    assert "Schalter 3, Umbau" in said
    assert "An Feiertagen ist immer geschlossen." in said
