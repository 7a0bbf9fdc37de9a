"""Moving an appointment on pages: which times are offered, and the one question before it moves."""

from datetime import datetime, timedelta
from urllib.parse import urlencode

from sqlalchemy import text

from services.appointments.booking.facts import MANAGE
from shared.tools import Tools
from tests.appointments.clerk import PAGES, Clerk
from tests.appointments.kit import API, Client, at, booking, outbox
from tests.appointments.stops import a_stop
from tests.appointments.visitor import Visitor, content, heading, own_links, page

LONG = ["personalausweis", "reisepass"]
SLOT = timedelta(minutes=10)
NEIGHBOUR = text("""
    select id from appointments
    where starts_at = :start and counter = (select counter from appointments where cardinality(services) > 1)
""")


def pressed(start: datetime, station: str = "mitte") -> str:
    return f"{station} {start.isoformat()}"


async def times_shown(visitor: Visitor | Clerk, path: str, start: datetime) -> set[tuple[str, datetime]]:
    """The times (station, start) the page of times offers on the day of a start."""
    tree = await visitor.see(f"{path}{'&' if '?' in path else '?'}first={start.date()}&day={start.date()}")
    values = [each.get("value", "") for each in tree.iter("button") if each.get("name") == "time"]
    return {(station, datetime.fromisoformat(moment)) for station, moment in (each.split(" ") for each in values)}


async def long_appointment(client: Client, start: datetime) -> str:
    """The path of an appointment that takes several seats."""
    answer = await client.post(f"{API}/appointments", json=booking(start, services=LONG))
    assert answer.status_code == 201, answer.text
    return f"/appointments/m/{answer.json()['token']}"


async def fill(client: Client, start: datetime, station: str = "mitte") -> None:
    """Take all that is free at some consecutive starts around one."""
    for number in range(-6, 7):
        for person in range(20):
            body = booking(start + number * SLOT, station=station, name=f"P{number} {person}")
            if (await client.post(f"{API}/appointments", json=body)).status_code == 409:
                break


async def test_times_that_overlap_ones_own_are_offered_and_ones_own_is_not(client: Client, tools: Tools) -> None:
    visitor, start = Visitor(client), at(tools, 10)
    manage = await long_appointment(client, start)
    await fill(client, start)
    found = (await client.get(f"{API}/appointments/{manage.rpartition('/')[2]}")).json()
    seats = (datetime.fromisoformat(found["ends_at"]) - datetime.fromisoformat(found["starts_at"])) // SLOT
    assert seats > 1
    around = {(key, time) for key, time in await times_shown(visitor, f"{manage}/reschedule", start) if key == "mitte"}
    assert ("mitte", start) not in around
    assert not {time for _, time in around if abs(time - start) < seats * SLOT}, "all seats beside one's own are taken"
    await client.post(f"{API}/appointments/{await neighbour(tools, start + seats * SLOT)}/cancellation")
    assert ("mitte", start + SLOT) in await times_shown(visitor, f"{manage}/reschedule", start)
    answer = await visitor.press(f"{manage}/reschedule", time=pressed(start + SLOT))
    assert answer.headers["location"] == f"{manage}?moved=1"


async def neighbour(tools: Tools, start: datetime) -> str:
    """The token of the appointment that begins at a time at the counter of the long one."""
    async with tools.db.transaction() as conn:
        id = (await conn.execute(NEIGHBOUR, {"start": start})).scalar_one()
    return tools.links.token(MANAGE, id, 1)


async def test_somebody_is_asked_once_before_the_appointment_moves(client: Client, tools: Tools) -> None:
    visitor, start = Visitor(client), at(tools, 10)
    manage = await visitor.book(start)
    where = {"place": "sued", "first": str(start.date()), "day": str(start.date())}
    tree = await visitor.see(f"{manage}/reschedule?{urlencode(where)}")
    forms = [(each.get("method"), each.get("action")) for each in tree.iter("form")]
    assert ("get", f"{manage}/reschedule/check") in forms, "choosing a time changes nothing"
    wanted = urlencode({**where, "time": pressed(at(tools, 14), "sued")})
    question = await visitor.see(f"{manage}/reschedule/check?{wanted}")
    assert heading(question) == "Möchten Sie diesen Termin verlegen?"
    said = content(question)
    assert said.index("10:00 Uhr") < said.index("Mitte") < said.index("14:00 Uhr") < said.index("Süd")
    assert f"{manage}/reschedule?{urlencode(where)}" in own_links(question), "back to the same times"
    assert "10:00 Uhr" in content(await visitor.see(manage)), "nothing has moved yet"
    [form] = [each for each in question.iter("form") if each.get("method") == "post"]
    fields = {each.attrib["name"]: each.get("value", "") for each in form.iter("input")}
    answer = await client.post(form.attrib["action"], data=fields)
    assert answer.headers["location"] == f"{manage}?moved=1"


async def test_ones_own_time_changes_nothing_and_the_page_says_so(client: Client, tools: Tools) -> None:
    visitor, start = Visitor(client), at(tools, 10)
    manage = await visitor.book(start)
    asked = await client.get(f"{manage}/reschedule/check?{urlencode({'time': pressed(start)})}")
    twice = [await visitor.press(f"{manage}/reschedule", "one-press-twice", time=pressed(start)) for _ in "ab"]
    for answer in (asked, *twice):
        assert answer.headers["location"] == f"{manage}?same=1"
    tree = await visitor.see(f"{manage}?same=1")
    assert heading(tree) == "Ihr Termin bleibt, wie er ist"
    assert "Es hat sich nichts geändert" in content(tree)
    assert not [row for row in await outbox(tools) if row.type.endswith("AppointmentRescheduled")]


async def test_the_times_nearest_to_one_that_is_taken_leave_out_ones_own(client: Client, tools: Tools) -> None:
    start = at(tools, 10)
    manage = await Visitor(client).book(start)
    wanted = start + SLOT
    for person in range(20):
        taken = await client.post(f"{API}/appointments", json=booking(wanted, name=f"P{person}"))
        if taken.status_code == 409:
            break
    token = manage.rpartition("/")[2]
    body = {"station": "mitte", "starts_at": wanted.isoformat()}
    refused = await client.post(f"{API}/appointments/{token}/rescheduling", json=body)
    nearest = [(each["station"], datetime.fromisoformat(each["starts_at"])) for each in refused.json()["nearest"]]
    assert refused.status_code == 409
    assert nearest
    assert ("mitte", start) not in nearest


async def test_a_question_about_nothing_leads_back(client: Client, tools: Tools) -> None:
    visitor = Visitor(client)
    manage = await visitor.book(at(tools, 10))
    nowhere = f"{manage}/reschedule/check?{urlencode({'time': pressed(at(tools, 11), 'atlantis')})}"
    assert (await client.get(nowhere)).headers["location"] == f"{manage}/reschedule"
    page(await client.get(f"{manage}/reschedule/check?time=odd"), 422)
    await visitor.press(f"{manage}/cancel")
    gone = f"{manage}/reschedule/check?{urlencode({'time': pressed(at(tools, 11))})}"
    assert (await client.get(gone)).headers["location"] == manage


async def test_staff_are_asked_as_well_and_their_own_time_is_not_offered(client: Client, tools: Tools) -> None:
    clerk, start = Clerk.sign_in(client, tools), at(tools, 10)
    number = (await client.post(f"{API}/appointments", json=booking(start))).json()["number"]
    move = f"/appointments/{number}/move?reason=asked"
    assert ("mitte", start) not in await times_shown(clerk, f"{move}&place=mitte", start)
    asked = urlencode({"time": pressed(at(tools, 11)), "reason": "asked", "place": "mitte"})
    question = await clerk.see(f"/appointments/{number}/move/check?{asked}")
    assert heading(question) == "Diesen Termin verlegen?"
    assert "10:00 Uhr" in content(question)
    assert "11:00 Uhr" in content(question)
    [form] = [each for each in question.iter("form") if "move" in each.get("action", "")]
    fields = {each.attrib["name"]: each.get("value", "") for each in form.iter("input")}
    moved = await clerk.press(form.attrib["action"].removeprefix(PAGES), **fields)
    assert moved.headers["location"] == f"{PAGES}/appointments/{number}"
    assert "11:00 Uhr" in content(await clerk.see(f"/appointments/{number}"))
    same = urlencode({"time": pressed(at(tools, 11)), "reason": "asked"})
    answer = await clerk.get(f"/appointments/{number}/move/check?{same}")
    assert answer.headers["location"] == f"{PAGES}/appointments/{number}"


async def test_a_late_stop_shows_when_it_is_expected_and_what_was_planned(client: Client, tools: Tools) -> None:
    visitor, stop = Visitor(client), await a_stop(tools)
    await stop.delay(25)
    place = content(await visitor.see("/appointments/book/place?services=meldebescheinigung"))
    assert "09:25 bis 11:25 Uhr" in place
    assert "frühestens 09:25 Uhr" in place
    times = await visitor.see(f"/appointments/book/time?services=meldebescheinigung&place={stop.key}")
    assert "Das Bürgermobil kommt voraussichtlich 25 Minuten später" in content(times)
    assert "Die Zeiten unten sind die voraussichtlichen" in content(times)
    assert "09:25 Uhr, geplant 09:00 Uhr" in content(times)
    held = await visitor.press_time(stop.state.arrives_at, station=stop.key, place=stop.key)
    draft = held.headers["location"].removesuffix("/details")
    await visitor.fill_in(draft)
    for path in (f"{draft}/details", f"{draft}/check"):
        said = content(await visitor.see(path))
        assert "voraussichtlich 09:25 Uhr" in said, path
        assert "geplant 09:00 Uhr" in said, path
    assert said.count("geplant 09:00 Uhr") == 2, "beside the hold, and in the summary"
    manage = (await visitor.press(f"{draft}/check")).headers["location"].removesuffix("?new=1")
    asked = urlencode({"time": pressed(stop.state.arrives_at + SLOT, stop.key)})
    for path in (manage, f"{manage}/cancel", f"{manage}/reschedule", f"{manage}/reschedule/check?{asked}"):
        said = content(await visitor.see(path))
        assert "voraussichtlich 09:25 Uhr" in said, path
        assert "geplant 09:00 Uhr" in said, path
    assert "voraussichtlich 09:35 Uhr" in content(await visitor.see(f"{manage}/reschedule/check?{asked}"))
