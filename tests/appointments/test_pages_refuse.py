"""The booking pages when something is taken, closed, over, wrong or away."""

from datetime import datetime, timedelta
from xml.etree.ElementTree import Element

import httpx
import pytest
from sqlalchemy import text

from services.appointments.app import create_app
from services.appointments.settings import Settings
from shared.runtime import Role
from shared.tools import Tools
from shared.web.formats import hhmm
from tests.appointments.kit import Client, at, booking, pass_time
from tests.appointments.visitor import Visitor, buttons, content, heading, own_links, page, values
from tests.support.browsing import Browsing

TIMES = "/appointments/book/time?services=meldebescheinigung&place=mitte"
CLOSE = text("""
    insert into closures (station, first_day, last_day, reason)
    select key, :day, cast(:day as date) + cast(:days as int), 'Wasserschaden' from stations
    where key = :station or :station = 'all'
""")


async def take_all(client: Client, tools: Tools, hour: int, station: str = "mitte") -> None:
    """Book every counter of a station at an hour."""
    start, status = at(tools, hour), 201
    while status == 201:
        status = (
            await client.post("/appointments/api/v1/appointments", json=booking(start, station=station))
        ).status_code
    assert status == 409


async def close(tools: Tools, days: int, station: str = "all") -> None:
    """Close stations from today on."""
    async with tools.db.transaction() as conn:
        await conn.execute(CLOSE, {"day": tools.clock.now().date(), "days": days, "station": station})


async def test_a_time_taken_meanwhile_offers_the_nearest_and_keeps_the_draft(client: Client, tools: Tools) -> None:
    visitor = Visitor(client)
    draft = await visitor.hold(at(tools, 11))
    await visitor.fill_in(draft)
    await take_all(client, tools, 10)

    fresh = page(await visitor.press_time(at(tools, 10)), 409)
    assert "Ihre Angaben sind gespeichert." not in content(fresh)
    tree = page(await visitor.press_time(at(tools, 10), draft=draft.rpartition("/")[2]), 409)
    assert heading(tree) == "Diese Zeit ist nicht mehr frei"
    assert "Ihre Angaben sind gespeichert." in content(tree)
    offered = [each.get("value", "") for each in tree.iter("button")][:5]
    assert offered[0].split()[0] == "mitte"
    assert datetime.fromisoformat(offered[0].split()[1]) == at(tools, 10) - timedelta(minutes=10)
    assert len(set(offered)) == 5
    [english] = [link for link in own_links(tree) if link.startswith("/en/appointments/book/time")]
    assert heading(await visitor.see(english)) == "When does it suit you?"
    assert hhmm(at(tools, 11)) in content(await visitor.see(f"{draft}/check")), "the time held before is still held"
    assert (await visitor.press(f"{draft}/check")).status_code == 303


async def test_the_list_comes_back_at_the_day_it_was_open_at(client: Client, tools: Tools) -> None:
    await take_all(client, tools, 10)
    start = at(tools, 10)
    answer = await Visitor(client).press(f"{TIMES}&day={start.date()}", time=f"mitte {start.isoformat()}")
    days = [each for each in page(answer, 409).iter("a") if each.get("class") == "nb-day"]
    [opened] = [each.attrib["href"] for each in days if each.get("aria-current")]
    assert f"day={start.date()}" in opened
    assert next(page(answer, 409).iter("form")).attrib["action"].endswith(f"day={start.date()}")


async def test_another_place_or_service_on_the_way_loses_nothing(client: Client, tools: Tools) -> None:
    visitor = Visitor(client)
    draft = await visitor.hold(at(tools, 11))
    await visitor.fill_in(draft)
    token = draft.rpartition("/")[2]
    for page_of, field in ((f"{TIMES}&draft={token}", None), ("", "draft")):
        tree = await visitor.see(page_of or f"/appointments/book/place?services=meldebescheinigung&draft={token}")
        onward = {link for link in own_links(tree) if link.startswith("/appointments/book")}
        assert onward
        assert all(f"draft={token}" in link for link in onward)
        hidden = {each.get("name"): each.get("value") for each in tree.iter("input") if each.get("type") == "hidden"}
        assert field is None or hidden[field] == token
    answer = await visitor.press_time(at(tools, 12), draft=token, station="walsum", place="walsum")
    assert answer.headers["location"] == f"{draft}/details"
    assert values(await visitor.see(f"{draft}/details"))["name"] == "Anna Muster"


async def test_another_time_chosen_in_a_second_window_is_shown_before_it_is_booked(
    client: Client, tools: Tools
) -> None:
    visitor = Visitor(client)
    draft = await visitor.hold(at(tools, 11))
    await visitor.fill_in(draft)
    first = hidden(await visitor.see(f"{draft}/check"))
    await visitor.press_time(at(tools, 12), draft=draft.rpartition("/")[2])
    answer = await visitor.press(f"{draft}/check", **first)
    assert answer.headers["location"] == f"{draft}/check"
    second = await visitor.see(f"{draft}/check")
    assert "12:00 Uhr" in content(second)
    answer = await visitor.press(f"{draft}/check", **hidden(second))
    assert answer.headers["location"].startswith("/appointments/m/")


def hidden(tree: Element) -> dict[str, str]:
    """The hidden fields of a page besides the key of its form."""
    fields = (each for each in tree.iter("input") if each.get("type") == "hidden" and each.get("name") != "einmal")
    return {each.attrib["name"]: each.attrib["value"] for each in fields}


async def test_a_link_may_name_what_and_where_even_what_there_no_longer_is(client: Client) -> None:
    visitor = Visitor(client)
    tree = await visitor.see("/appointments/book?place=mitte")
    assert "Bürger-Service-Station Mitte" in content(tree)
    assert next(tree.iter("form")).get("action") == "/appointments/book/time"
    for outdated in ("book?services=gone", "book/place?services=gone", "book/time?services=gone&place=mitte"):
        tree = await visitor.see(f"/appointments/{outdated}")
        assert (heading(tree), "Bitte prüfen" in content(tree)) == ("Was möchten Sie erledigen?", False)
    assert heading(await visitor.see(f"{TIMES}x")) == "Wo passt es Ihnen?"
    assert heading(await visitor.see(TIMES)) == "Wann passt es Ihnen?"


async def test_nothing_or_too_much_chosen_is_told_at_the_list(client: Client) -> None:
    visitor = Visitor(client)
    tree = await visitor.see("/appointments/book/place", 422)
    assert content(tree).count("Wählen Sie mindestens ein Anliegen.") == 2
    listed = [each.get("value", "") for each in tree.iter("input") if each.get("type") == "checkbox"]
    tree = await visitor.see("/appointments/book/place?" + "&".join(f"services={key}" for key in listed[:6]), 422)
    assert content(tree).count("Wählen Sie höchstens fünf Anliegen.") == 2
    assert len([each for each in tree.iter("input") if each.get("checked") is not None]) == 6
    assert "Wählen Sie einen Ort." in content(await visitor.see(TIMES.replace("&place=mitte", ""), 422))


async def test_closed_stations_are_named_and_other_places_offered(client: Client, tools: Tools) -> None:
    await close(tools, 40, "mitte")
    visitor = Visitor(client)
    assert "Bürger-Service-Station Mitte: Wasserschaden" in content(await visitor.see("/appointments/"))
    tree = await visitor.see(TIMES)
    assert "ist hier nichts frei" in content(tree)
    assert TIMES.replace("mitte", "any") in own_links(tree)


async def test_when_everything_is_taken_the_pages_say_what_to_do(client: Client, tools: Tools) -> None:
    await close(tools, 40)
    visitor = Visitor(client)
    for path in ("/appointments/", TIMES.replace("mitte", "any")):
        words = content(await visitor.see(path))
        assert "Jeden Tag kommt ein neuer Tag dazu." in words
        assert "0203 94000" in words
    tree = await visitor.see("/appointments/book/place?services=meldebescheinigung")
    assert content(tree).count("Zurzeit ist alles vergeben") == 9


async def test_days_without_free_times_lead_back_to_the_next_ones(client: Client, tools: Tools) -> None:
    far = await Visitor(client).see(f"{TIMES}&first=2999-01-01&day=0001-01-01")
    near = await Visitor(client).see(TIMES)
    assert content(far) == content(near)


async def test_an_appointment_that_began_cannot_be_cancelled_and_one_that_ended_thanks(
    client: Client, tools: Tools
) -> None:
    visitor, start = Visitor(client), at(tools, 10)
    manage = await visitor.book(start)
    pass_time(tools, start - tools.clock.now() + timedelta(minutes=1))
    assert "Zum Verlegen und Absagen ist es hier zu spät." in content(await visitor.see(manage))
    assert (await client.get(f"{manage}/cancel")).headers["location"] == manage
    assert (await visitor.press(f"{manage}/cancel")).headers["location"] == manage
    pass_time(tools, timedelta(hours=1))
    tree = await visitor.see(manage)
    assert (heading(tree), buttons(tree)) == ("Ihr Termin ist vorbei", [])
    assert "/appointments/book" in own_links(tree)


@pytest.mark.parametrize("path", ["m/abc", "m/abc/cancel", "m/%00", "m/abc/termin.ics", "book/abc/details", "nothing"])
async def test_an_address_that_is_not_ours_is_not_found(client: Client, path: str) -> None:
    assert heading(await Visitor(client).see(f"/appointments/{path}", 404)) == "Diese Seite gibt es nicht"
    assert heading(await Visitor(client).see(f"/en/appointments/{path}", 404)) == "This page does not exist"


async def test_services_that_no_box_of_ours_names_are_none(client: Client, tools: Tools) -> None:
    time = f"mitte {at(tools, 10).isoformat()}"
    for key in ("%00", "flying"):
        answer = await Visitor(client).press(f"/appointments/book/time?services={key}&place=mitte", time=time)
        assert heading(page(answer, 422)) == "Eine Angabe passt nicht"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"time": "mitte"},
        {"time": "mitte 2026-13-40T10:00"},
        {"time": "mitte 2026-12-01T10:00:00"},
        {"time": "\0 2026-12-01T10:00:00+01:00"},
        {"time": "nowhere 2026-12-01T10:00:00+01:00"},
        {"time": "mitte 2026-12-01T10:00:00+01:00", "einmal": "\0" * 10},
        {"time": "mitte 2026-12-01T10:00:00+01:00", "einmal": "short"},
    ],
)
async def test_what_no_button_of_ours_sends_is_refused(client: Client, fields: dict[str, str]) -> None:
    answer = await client.post(TIMES, data={"einmal": "a-one-time-key", **fields})
    assert heading(page(answer, 422)) == "Eine Angabe passt nicht"


@pytest.mark.parametrize(
    "start", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-01T09:03:00+01:00"]
)
async def test_a_time_outside_the_offer_shows_the_times_there_are(client: Client, tools: Tools, start: str) -> None:
    pass_time(tools, at(tools, 8) - tools.clock.now())
    answer = await client.post(TIMES, data={"einmal": "a-one-time-key", "time": f"mitte {start}"})
    tree = page(answer, 409)
    assert "Diese Zeit wird nicht mehr angeboten" in content(tree)
    assert len(buttons(tree)) > 5


async def test_without_the_database_pages_say_when_to_come_back(settings: Settings) -> None:
    away = settings.model_copy(update={"database": "postgresql://nobody@127.0.0.1:1/nothing"})
    app = create_app(away, frozenset({Role.HTTP}))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with Browsing(transport=transport, base_url="http://test") as client:
        answer = await client.get("/en/appointments/")
    assert heading(page(answer, 503)) == "We cannot answer at the moment"
    assert int(answer.headers["retry-after"]) > 0
