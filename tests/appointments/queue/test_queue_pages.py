"""The pages of the queue without a browser: taking a number, arriving, the screen in the hall."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from shared.tools import Tools
from tests.appointments.kit import Client, at, outbox, pass_time
from tests.appointments.queue.kit import CLOSED_HOURS, HALL, PHONE, SIMPLE, Staff, minutes, status_line, take
from tests.appointments.visitor import Visitor, content, heading, own_links, page
from tests.shared.web.html import by_id, parse, words


async def test_a_number_is_taken_followed_and_called(client: Client, staff: Staff, tools: Tools) -> None:
    visitor = Visitor(client)
    assert heading(await visitor.see("/appointments/ticket")) == "In welcher Station sind Sie?"
    assert "Zurzeit wartet niemand" in content(await visitor.see(HALL))
    await staff.issue()
    assert "eine Person wartet" in content(await visitor.see(HALL))
    path = await take(visitor)
    tree = await visitor.see(path)
    assert "A 002" in content(tree)
    assert status_line(tree) == "Vor Ihnen ist noch eine Person. Wie lange das dauert, können wir noch nicht sagen."
    await staff.call(3)
    assert status_line(await visitor.see(path)).startswith("Sie sind als Nächstes dran.")
    called = await staff.call(5)
    assert status_line(await visitor.see(path)) == "Sie sind dran. Kommen Sie bitte zu Schalter 5."
    assert "Lassen Sie diese Seite offen." not in content(await visitor.see(path))
    assert f"/en{path}" in own_links(await visitor.see(path))
    await staff.act("begin", called, 5)
    await staff.act("finish", called, 5)
    assert status_line(await visitor.see(path)) == "Sie waren an der Reihe. Danke für Ihren Besuch."


async def test_the_same_device_pressing_twice_gets_one_number(client: Client, staff: Staff, tools: Tools) -> None:
    visitor = Visitor(client)
    paths = await asyncio.gather(*[take(visitor, key="pressed-twice") for _ in range(4)])
    assert len(set(paths)) == 1
    assert await staff.line() == ["A 001"]


async def test_what_is_wrong_is_said_and_what_was_typed_stays(client: Client, staff: Staff) -> None:
    visitor = Visitor(client)
    tree = page(await visitor.press(HALL, phone="0203 94000", language="tr"), 422)
    assert content(tree).count("Wählen Sie mindestens ein Anliegen.") == 2
    assert content(tree).count("An Festnetz können wir keine SMS senden.") == 2
    assert by_id(tree, "phone").get("value") == "0203 94000"
    await visitor.press(HALL, services="flying", language="de")
    assert await staff.line() == []


async def test_a_number_with_a_phone_is_recorded_for_the_sms(client: Client, staff: Staff, tools: Tools) -> None:
    for _ in range(4):
        await staff.issue()
    await take(Visitor(client, "/en"), phone=PHONE, language="ar")
    async with tools.db.transaction() as conn:
        row = (await conn.execute(text("select language, to_be_told from tickets where number = 'A 005'"))).one()
    assert tuple(row) == ("ar", True)


async def test_outside_opening_hours_the_page_says_when_and_offers_to_book(
    client: Client, staff: Staff, tools: Tools
) -> None:
    visitor = Visitor(client)
    pass_time(tools, timedelta(hours=-2))
    tree = await visitor.see(f"{HALL}&services={SIMPLE}")
    assert heading(tree) == "Hier ist jetzt geschlossen"
    assert "Heute geöffnet: 09:00 bis 17:00 Uhr" in content(tree)
    assert any(
        link.startswith(f"/appointments/book/time?services={SIMPLE}&place=mitte&day=") for link in own_links(tree)
    )
    answer = await visitor.press(HALL, services=SIMPLE, language="de")
    assert heading(page(answer, 409)) == "Hier ist jetzt geschlossen"
    assert await outbox(tools) == []


async def test_hours_in_which_a_station_is_closed_today_are_said_at_the_start_and_in_the_hall(
    client: Client, staff: Staff, tools: Tools
) -> None:
    async with tools.db.transaction() as conn:
        await conn.execute(text(CLOSED_HOURS.format("09:30", "12:00")))
    start = content(await Visitor(client).see("/appointments/"))
    assert "Bürger-Service-Station Mitte, 09:30 bis 12:00 Uhr: Umbau" in start
    tree = await Visitor(client).see(HALL)
    assert heading(tree) == "Hier ist jetzt geschlossen"
    assert "Heute geöffnet: 09:00 bis 09:30 Uhr, 12:00 bis 17:00 Uhr" in content(tree)


async def test_only_what_can_be_done_at_this_time_is_offered(client: Client, staff: Staff, tools: Tools) -> None:
    async with tools.db.transaction() as conn:
        await conn.execute(text(f"update opening_hours set services = '{{{SIMPLE}}}' where station = 'mitte'"))
    tree = await Visitor(client).see(HALL)
    assert "Um diese Zeit ist hier nur ein Teil der Anliegen möglich." in content(tree)
    assert [each.get("value") for each in tree.iter("input") if each.get("type") == "checkbox"] == [SIMPLE]
    wrong = page(await Visitor(client).press(HALL, services="reisepass", language="de"), 422)
    assert "Wählen Sie ein Anliegen, das hier möglich ist." in content(wrong)
    await take(Visitor(client))


async def test_who_needs_an_interpreter_can_say_so(client: Client, staff: Staff) -> None:
    await take(Visitor(client), interpreter="tr")
    await take(Visitor(client), interpreter="made-up")
    assert [each["interpreter"] for each in (await staff.get("stations/mitte/queue"))["line"]] == ["tr", None]


async def test_when_all_numbers_are_taken_the_next_free_appointments_are_shown(
    client: Client, staff: Staff, tools: Tools
) -> None:
    visitor = Visitor(client)
    async with tools.db.transaction() as conn:
        await conn.execute(text("update stations set daily_tickets = 1 where key = 'mitte'"))
    await take(visitor)
    assert heading(await visitor.see(HALL)) == "Heute sind alle Nummern vergeben"
    tree = page(await visitor.press(HALL, services=SIMPLE, language="de"), 409)
    assert heading(tree) == "Heute sind alle Nummern vergeben"
    assert len([link for link in own_links(tree) if "&day=" in link]) == 3
    assert len(await staff.line()) == 1


async def test_a_number_is_given_back_by_one_press(client: Client, staff: Staff) -> None:
    visitor = Visitor(client)
    path = await take(visitor)
    assert heading(await visitor.see(f"{path}/return")) == "Möchten Sie Ihre Nummer zurückgeben?"
    assert await staff.line() == ["A 001"], "looking changes nothing"
    for _ in range(2):
        assert (await visitor.press(f"{path}/return")).headers["location"] == path
    assert status_line(await visitor.see(path)) == "Sie haben die Nummer zurückgegeben."
    assert (await client.get(f"{path}/return")).headers["location"] == path


async def test_a_number_that_was_called_cannot_be_given_back(client: Client, staff: Staff) -> None:
    visitor = Visitor(client)
    path = await take(visitor)
    await staff.call()
    await visitor.press(f"{path}/return")
    assert "Schalter 1" in status_line(await visitor.see(path))


@pytest.mark.parametrize(
    ("action", "more", "says"),
    [
        ("park", {"minutes": 10}, "Wir rufen Sie ab 10:10 Uhr wieder auf."),
        ("papers", {}, "Holen Sie bitte, was noch fehlt. Melden Sie sich dann am Schalter."),
        ("miss", {}, "Wir haben Ihre Nummer aufgerufen, und niemand kam. Fragen Sie bitte am Schalter."),
    ],
)
async def test_the_page_says_what_became_of_a_call(
    client: Client, staff: Staff, action: str, more: dict[str, int], says: str
) -> None:
    path = await take(Visitor(client))
    await staff.act(action, await staff.call(), **more)
    assert status_line(await Visitor(client).see(path)) == says


async def test_only_the_page_that_renews_itself_may_run_our_script(client: Client, staff: Staff) -> None:
    path = await take(Visitor(client))
    answer = await client.get(path)
    assert "script-src 'self'; connect-src 'self'" in answer.headers["content-security-policy"]
    assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "no-referrer")
    [script] = parse(answer.text).iter("script")
    assert script.attrib["src"].startswith("/assets/renew.")
    for other in (HALL, f"{path}/return", "/appointments/staff/hall/mitte"):
        assert "script" not in (await client.get(other)).headers["content-security-policy"]


async def test_a_made_up_link_leads_nowhere(client: Client, staff: Staff) -> None:
    await Visitor(client).see("/appointments/ticket/made-up", 404)


async def test_a_forgotten_number_says_so(client: Client, staff: Staff, tools: Tools) -> None:
    path = await take(Visitor(client))
    async with tools.db.transaction() as conn:
        await conn.execute(text("delete from tickets"))
    assert heading(await Visitor(client).see(path, 410)) == "Diese Nummer gilt nicht mehr"


async def test_somebody_with_an_appointment_arrives_at_the_screen_in_the_hall(
    client: Client, staff: Staff, tools: Tools
) -> None:
    visitor, kiosk = Visitor(client), "/appointments/arrival?place=mitte"
    manage = await visitor.book(at(tools, 11, 30, days=0))
    number = next(each for each in content(await visitor.see(manage)).split() if each[4:5] == "-" and len(each) == 9)
    early = page(await visitor.press(kiosk, number=number, time="11:30"), 422)
    assert "Melden Sie sich ab 10:30 Uhr an." in content(early)
    minutes(tools, 60)
    wrong = "Prüfen Sie die Nummer und die Uhrzeit."
    for other in ({"number": "1234 5678", "time": "11:30"}, {"number": number}, {"number": number, "time": "11:40"}):
        assert wrong in content(page(await visitor.press(kiosk, **other), 422)), "a number alone is not enough"
    elsewhere = await visitor.press("/appointments/arrival?place=walsum", number=number, time="11:30")
    assert elsewhere.request.method == "POST"
    assert wrong in content(page(elsewhere, 422))
    assert await staff.line() == []
    arabic = number.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    for typed, time in (
        (number, "11:30"),
        (number.replace("-", " "), "1130"),
        (f"\u2068{number}\u2069", "11.30 Uhr"),
        (arabic.replace("-", "−"), "١١:٣٠"),
    ):
        answer = await visitor.press(kiosk, number=typed, time=time)
        assert answer.request.method == "POST", "the next person could go back to it"
        assert answer.headers["cache-control"] == "no-store"
        tree = page(answer)
        assert heading(tree) == "Sie sind angemeldet"
        assert "Sie sind als Nächstes dran." in content(tree)
    assert not any("/ticket/" in link or "/m/" in link for link in own_links(tree)), "others stand behind"
    assert await staff.line() == [number]
    await visitor.see("/appointments/arrival?place=nowhere", 404)


async def test_i_am_here_is_offered_near_the_time_and_leads_to_the_queue(
    client: Client, staff: Staff, tools: Tools
) -> None:
    visitor = Visitor(client)
    manage = await visitor.book(at(tools, 11, 30, days=0))
    assert "Ich bin da" not in content(await visitor.see(manage))
    assert (await visitor.press(f"{manage}/arrive")).headers["location"] == manage
    minutes(tools, 60)
    assert "Ich bin da" in content(await visitor.see(manage))
    paths = {(await visitor.press(f"{manage}/arrive")).headers["location"] for _ in range(2)}
    assert len(paths) == 1
    assert status_line(await visitor.see(paths.pop())).startswith("Sie sind als Nächstes dran.")
    await visitor.press(f"{manage}/cancel")
    assert await staff.line() == []


async def test_the_hall_shows_the_last_five_numbers_and_nothing_of_anybody(client: Client, staff: Staff) -> None:
    hall = "/appointments/staff/hall/mitte"
    assert "Heute wurde noch niemand aufgerufen." in words(await Visitor(client).see(hall))
    for _ in range(7):
        await staff.issue(phone=PHONE)
    for counter in range(1, 8):
        await staff.call(counter)
    answer = await client.get(hall)
    rows = [[words(cell) for cell in row] for row in parse(answer.text).iter("tr")]
    assert rows[0] == ["Nummer", "Schalter"]
    assert {row[0] for row in rows[1:]} == {f"A 00{number}" for number in range(3, 8)}
    assert answer.headers["refresh"] == "5"
    for place in ("nowhere", "video"):
        wrong = await client.get(f"/appointments/staff/hall/{place}")
        assert (wrong.status_code, wrong.headers["refresh"]) == (404, "5")
    assert "refresh" not in (await client.get("/appointments/nowhere")).headers
