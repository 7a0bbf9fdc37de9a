"""Stops on the pages: chosen as a place, late, moved away from, waited for; and on the pages of the vehicle's staff."""

from datetime import timedelta

import pytest
from icalendar import Calendar
from sqlalchemy import text

from shared.auth import EVERY_STOP
from shared.tools import Tools
from tests.appointments.clerk import PAGES, Clerk
from tests.appointments.closing import book
from tests.appointments.kit import API, Client, at, pass_time
from tests.appointments.stops import MARKET, Stop, a_stop
from tests.appointments.visitor import Visitor, content, heading, own_links, page

WANTED = "services=meldebescheinigung"
NAME = "Bürgermobil: Marktplatz Rumeln"


async def booked_at(visitor: Visitor, stop: Stop) -> str:
    """The path of a new appointment at a stop's arrival."""
    start = stop.state.arrives_at
    answer = await visitor.press_time(start, station=stop.key, place=stop.key)
    draft = answer.headers["location"].removesuffix("/details")
    await visitor.fill_in(draft)
    assert NAME in content(await visitor.see(f"{draft}/check"))
    return (await visitor.press(f"{draft}/check")).headers["location"].removesuffix("?new=1")


async def test_a_stop_is_a_place_to_choose_with_its_day_and_times(client: Client, tools: Tools) -> None:
    visitor, stop = Visitor(client), await a_stop(tools)
    times = f"/appointments/book/time?{WANTED}&place={stop.key}"
    place = await visitor.see(f"/appointments/book/place?{WANTED}")
    assert times in own_links(place)
    assert "Rheinhausen Marktplatz Rumeln" in content(place)
    assert "09:00 bis 11:00 Uhr" in content(place)
    assert times not in own_links(await visitor.see("/appointments/book/place?services=reisepass")), "not offered there"
    assert NAME in content(await visitor.see(f"/appointments/book?place={stop.key}")), "where its own page leads"
    assert "vor der Sparkasse" in content(await visitor.see(times))
    assert "/mobile_office/" in own_links(await visitor.see("/appointments/"))
    known = await a_stop(tools, place=MARKET.model_copy(update={"landmark": "am Bahnhof"}))
    english = await Visitor(client, "/en").see(f"/en/appointments/book/time?{WANTED}&place={known.key}")
    assert "at the railway station" in content(english)


async def test_the_page_of_the_appointment_says_where_the_vehicle_is_and_that_it_is_late(
    client: Client, tools: Tools
) -> None:
    visitor, stop = Visitor(client), await a_stop(tools)
    manage = await booked_at(visitor, stop)
    assert "später" not in content(await visitor.see(manage))
    await stop.delay(20)
    tree = await visitor.see(manage)
    for words in (NAME, "vor der Sparkasse", "voraussichtlich 20 Minuten später", "voraussichtlich 09:20 Uhr"):
        assert words in content(tree)
    assert f"/mobile_office/stops/{stop.key}" in own_links(tree)
    english = content(await Visitor(client, "/en").see(f"/en{manage}"))
    assert "The Bürgermobil is expected 20 minutes late" in english
    [entry] = Calendar.from_ical((await client.get(f"{manage}/termin.ics")).content).events
    assert entry["LOCATION"] == f"{NAME}, vor der Sparkasse"
    assert entry.start == stop.state.arrives_at + timedelta(minutes=20), "a calendar reminds of when it is expected"


async def test_an_appointment_moves_between_a_stop_and_a_station(client: Client, tools: Tools) -> None:
    visitor, stop = Visitor(client), await a_stop(tools)
    manage = await booked_at(visitor, stop)
    assert f"{manage}/reschedule?place=mitte" in own_links(await visitor.see(f"{manage}/reschedule"))
    await visitor.press(f"{manage}/reschedule", time=f"mitte {at(tools, 14).isoformat()}")
    token = manage.rpartition("/")[2]
    found = (await client.get(f"{API}/appointments/{token}")).json()
    assert (found["kind"], found["station"]) == ("counter", "mitte")
    assert f"{manage}/reschedule?place={stop.key}" in own_links(await visitor.see(f"{manage}/reschedule"))
    await visitor.press(f"{manage}/reschedule", time=f"{stop.key} {stop.state.arrives_at.isoformat()}")
    found = (await client.get(f"{API}/appointments/{token}")).json()
    assert (found["kind"], found["station"]) == ("stop", stop.key)


async def test_who_finds_a_stop_full_can_wait_for_it_and_gets_what_is_freed(client: Client, tools: Tools) -> None:
    stop = await a_stop(tools, hours=1, counters=1)
    start = stop.state.arrives_at
    full = [await book(client, start + timedelta(minutes=10 * n), f"Person {n}", station=stop.key) for n in range(6)]
    visitor = Visitor(client)
    address = f"/appointments/waiting?{WANTED}&place={stop.key}"
    assert address in own_links(await visitor.see(f"/appointments/book/time?{WANTED}&place={stop.key}"))
    assert NAME in content(await visitor.see(address))
    first, last = start.date(), start.date()
    days = f"stations={stop.key}&weekdays={start.weekday()}&first={first}&last={last}"
    joined = await visitor.press(
        f"/appointments/waiting/details?{WANTED}&place={stop.key}&{days}",
        name="Wanda Warte", mail="wanda@example.org", phone="", language="de",
    )  # fmt: skip
    entry = joined.headers["location"].removesuffix("?new=1")
    await client.post(f"{API}/appointments/{full[3]['token']}/cancellation")
    offered = await visitor.see(entry)
    assert "Ein Termin ist frei geworden" in content(offered)
    await stop.delay(20)
    [offer] = [each for each in own_links(offered) if each.startswith("/appointments/offer/")]
    said = content(await visitor.see(offer))
    assert "voraussichtlich 09:50 Uhr" in said
    assert "geplant 09:30 Uhr" in said
    await stop.reschedule(departs_at=start + timedelta(minutes=20))
    assert "Ein Termin ist frei geworden" not in content(await visitor.see(entry)), "what was offered is withdrawn"


@pytest.fixture
def driver(client: Client, tools: Tools) -> Clerk:
    """Somebody who works in the vehicle."""
    session = Clerk.sign_in(client, tools).session
    return Clerk(client, tools, session.model_copy(update={"stations": frozenset({EVERY_STOP})}))


async def test_staff_of_the_vehicle_see_the_day_of_a_stop_and_no_stations(client: Client, driver: Clerk) -> None:
    stop = await a_stop(driver.tools)
    day = stop.state.arrives_at.date()
    number = (await book(client, stop.state.arrives_at, station=stop.key))["number"]
    tree = await driver.see(f"/day?day={day}")
    assert NAME in content(tree)
    assert f"{PAGES}/appointments/{number}" in own_links(tree)
    assert heading(await driver.see(f"/appointments/{number}")) == f"Termin {number}"
    pass_time(driver.tools, stop.state.arrives_at + timedelta(minutes=5) - driver.tools.clock.now())
    assert (await driver.press(f"/appointments/{number}/arrived")).status_code == 303
    assert "Angekommen 1" in content(await driver.see(f"/day?day={day}"))
    async with driver.tools.db.transaction() as conn:
        assert (await conn.execute(text("select count(*) from tickets"))).scalar_one() == 0, "a stop has no queue"
    empty = content(await driver.see(f"/day?day={day + timedelta(days=1)}&place=mitte"))
    assert "An diesem Tag hat das Bürgermobil keinen Halt." in empty
    elsewhere = Clerk.sign_in(client, driver.tools)
    assert number not in content(await elsewhere.see(f"/day?day={day}&place={stop.key}"))
    assert (await elsewhere.get(f"/appointments/{number}")).status_code == 403


async def test_staff_book_at_a_stop_but_neither_close_it_nor_change_its_hours(client: Client, tools: Tools) -> None:
    lead, stop = Clerk.sign_in(client, tools, "leitung"), await a_stop(tools)
    assert NAME in content(await lead.see("/book"))
    start = stop.state.arrives_at
    held = await lead.press(f"/book/time?{WANTED}&place={stop.key}", time=f"{stop.key} {start.isoformat()}")
    draft = held.headers["location"].removeprefix(PAGES)
    assert (await lead.press(draft, name="Anna Muster", mail="", phone="")).status_code == 303
    assert "Marktplatz Rumeln" not in content(await lead.see("/closures"))
    assert (await lead.get(f"/hours?place={stop.key}")).status_code in (200, 404)
    assert "Marktplatz Rumeln" not in content(page(await lead.get("/hours")))


async def test_a_time_pressed_at_a_stop_that_was_called_off_meanwhile_leads_back_to_the_places(
    client: Client, tools: Tools
) -> None:
    visitor, lead, stop = Visitor(client), Clerk.sign_in(client, tools, "leitung"), await a_stop(tools)
    draft = (await visitor.hold(at(tools, 14))).rpartition("/")[2]
    await stop.cancel()
    start = stop.state.arrives_at
    pressed = await visitor.press_time(start, draft=draft, station=stop.key, place=stop.key)
    assert heading(page(pressed)) == "Wo passt es Ihnen?"
    at_the_desk = await lead.press(f"/book/time?{WANTED}&place={stop.key}", time=f"{stop.key} {start.isoformat()}")
    assert "Wählen Sie einen Ort." in content(page(at_the_desk, 422))
