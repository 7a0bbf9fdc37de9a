"""Where a station is, how to call it and when it is open, on every page that sends somebody there."""

from datetime import date, time, timedelta

from sqlalchemy import text

from services.appointments.offer.windows import Hours, PublicHours, public_hours, windows_of
from shared.tools import Tools
from tests.appointments.kit import Client, at
from tests.appointments.visitor import Visitor, content

MITTE = "Sonnenwall 73-75, 47051 Duisburg"
NEW_STATION = text("""
    insert into stations (key, name, district, kind, daily_tickets)
    values ('neu', 'Bürger-Service-Station Neu', 500, 'counter', 9)
""")
MONDAY = date(2026, 11, 30)


async def without_address(tools: Tools, key: str) -> None:
    async with tools.db.transaction() as conn:
        await conn.execute(text("update stations set address = null where key = :key"), {"key": key})


async def test_the_way_to_a_station_stands_on_each_page_of_a_booking(client: Client, tools: Tools) -> None:
    visitor = Visitor(client)
    assert MITTE in content(await visitor.see("/appointments/book/place?services=meldebescheinigung"))
    draft = await visitor.hold(at(tools, 10))
    await visitor.fill_in(draft)
    assert MITTE in content(await visitor.see(f"{draft}/check"))
    booked = (await visitor.press(f"{draft}/check")).headers["location"]
    tree = await visitor.see(booked)
    shown = content(tree)
    assert MITTE in shown
    assert "0203 94000" in shown
    assert "Montag bis Freitag: 09:00 bis 17:00 Uhr" in shown
    assert "tel:+4920394000" in [each.get("href") for each in tree.iter("a")]
    assert "/appointments/stations#mitte" in [each.get("href") for each in tree.iter("a")]
    calendar = (await client.get(f"{booked.removesuffix('?new=1')}/termin.ics")).text.replace("\r\n ", "")
    assert "LOCATION:Bürger-Service-Station Mitte\\, Sonnenwall 73-75\\, 47051 Duisburg\r\n" in calendar


async def test_an_appointment_booked_before_the_address_was_known_shows_it(client: Client, tools: Tools) -> None:
    await without_address(tools, "mitte")
    manage = await Visitor(client).book(at(tools, 10))
    assert MITTE in content(await Visitor(client).see(manage))
    assert "Sonnenwall" in (await client.get(f"{manage}/termin.ics")).text


async def test_the_page_of_the_stations_has_a_map_a_phone_and_hours_of_each(client: Client, tools: Tools) -> None:
    tree = await Visitor(client).see("/appointments/stations")
    shown = content(tree)
    for station in tools.city.stations:
        if station.kind == "counter":
            assert station.name in shown
            assert (station.address or "?") in shown
    hrefs = [each.get("href", "") for each in tree.iter("a")]
    assert sum(each.startswith("https://www.openstreetmap.org/search?query=") for each in hrefs) == 7
    assert "Samstag, am ersten im Monat: 10:00 bis 13:00 Uhr, das nächste Mal am" in shown
    assert "(nur für einige Anliegen)" in shown
    english = content(await Visitor(client, "/en").see("/en/appointments/stations"))
    assert "Monday to Friday: 09:00 to 17:00" in english


async def test_an_address_nobody_knows_can_be_asked_for(client: Client, tools: Tools) -> None:
    async with tools.db.transaction() as conn:
        await conn.execute(NEW_STATION)
    for path in ("ticket", "ticket?place=neu", "stations", "book/place?services=meldebescheinigung"):
        shown = content(await Visitor(client).see(f"/appointments/{path}"))
        assert shown.count("bitte erfragen, 0203 94000") == 1, path


def test_hours_that_are_over_are_not_shown_and_rare_ones_say_when_they_come_next() -> None:
    weekly = [Hours(day, time(9), time(17)) for day in range(5)]
    rare = Hours(3, time(17), time(19), valid_from=date(2026, 11, 26), every_weeks=2)
    over = Hours(0, time(18), time(20), valid_until=MONDAY - timedelta(days=1))
    last = Hours(0, time(18), time(20), valid_until=MONDAY)
    found = public_hours([*weekly, rare, over], MONDAY)
    assert found == [
        PublicHours(windows_of(weekly)[0], [(0, 4)], None),
        PublicHours(windows_of([rare])[0], [(3, 3)], date(2026, 12, 10)),
    ]
    assert [each.window.valid_until for each in public_hours([last], MONDAY)] == [MONDAY]
    assert public_hours([Hours(0, time(9), time(17), nth=5)], MONDAY)[0].next_day == MONDAY
    later = Hours(0, time(9), time(17), valid_from=date(2026, 12, 8))
    assert public_hours([later], MONDAY)[0].next_day == date(2026, 12, 14)
