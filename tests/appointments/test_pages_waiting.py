"""The pages of the waiting list."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from shared.tools import Tools
from tests.appointments.kit import Client, at, outbox, pass_time
from tests.appointments.visitor import TYPED, Visitor, buttons, content, heading, own_links, page, values
from tests.appointments.waiting import WAITING, assert_line_consistent, book, cancel, details_of, entry, join, sell_out
from tests.shared.web.html import words


@pytest.fixture
def start(tools: Tools) -> datetime:
    return at(tools, 9)


async def offered(client: Client, tools: Tools, start: datetime) -> tuple[dict[str, Any], str]:
    """Somebody who waits and has an offer, and the path of the offer's page."""
    booked = await book(client, start)
    await sell_out(tools, start)
    joined = await join(client, start)
    await cancel(client, booked)
    return joined, f"/appointments/offer/{(await entry(client, joined))['offer']['token']}"


async def test_the_way_onto_the_list_starts_where_nothing_is_free(client: Client, tools: Tools) -> None:
    visitor = Visitor(client)
    closing = "insert into closures (station, first_day, last_day, reason) select key, :first, :last, 'x' from stations"
    today = tools.clock.now().date()
    async with tools.db.transaction() as conn:
        await conn.execute(text(closing), {"first": today, "last": today + timedelta(days=60)})
    assert f"{WAITING}/services" in own_links(await visitor.see("/appointments/"))
    services = await visitor.see(f"{WAITING}/services")
    assert "Schritt 1 von 3" in words(services)
    assert WAITING in {each.get("action") for each in services.iter("form")}
    times = await visitor.see("/appointments/book/time?services=meldebescheinigung&place=walsum")
    onto_the_list = f"{WAITING}?services=meldebescheinigung&place=walsum"
    assert onto_the_list in own_links(times)
    days = await visitor.see(onto_the_list)
    ticked = {each.get("value") for each in days.iter("input") if "checked" in each.attrib}
    assert {"walsum", "0", "4"} <= ticked
    assert "mitte" not in ticked
    assert "Wählen Sie mindestens ein Anliegen." in content(await visitor.see(WAITING, 422))


async def test_who_joins_sees_the_place_in_line_and_the_rule(client: Client, tools: Tools, start: datetime) -> None:
    visitor = Visitor(client)
    await sell_out(tools, start)
    await join(client, start, name="Before")
    address = details_of(start)
    assert heading(await visitor.see(address)) == "Wem dürfen wir Bescheid sagen?"
    wrong = page(await visitor.press(address, **{**TYPED, "mail": "anna"}), 422)
    assert values(wrong)["mail"] == "anna"
    answers = [await visitor.press(address, "one-press-twice", **TYPED) for _ in "ab"]
    path = answers[0].headers["location"]
    assert [answer.headers["location"] for answer in answers] == [path] * 2
    assert path.endswith("?new=1")
    joined = await visitor.see(path)
    assert heading(joined) == "Sie stehen auf der Warteliste"
    assert "Ihr Platz in der Reihe 2" in content(joined)
    assert "der ersten Person in der Reihe" in content(joined)
    assert "anna" not in path
    assert sum(row.type.endswith("WaitingListJoined") for row in await outbox(tools)) == 2


async def test_who_need_not_wait_is_led_to_booking(client: Client, tools: Tools, start: datetime) -> None:
    visitor = Visitor(client)
    free = await visitor.see(details_of(start))
    assert heading(free) == "Zurzeit ist etwas frei"
    assert "/appointments/book/time?services=meldebescheinigung&place=walsum" in own_links(free)
    assert heading(page(await visitor.press(details_of(start), **TYPED), 409)) == "Zurzeit ist etwas frei"
    assert await outbox(tools) == []


@pytest.mark.parametrize(
    ("changes", "what_to_do"),
    [
        ({"stations": []}, "Wählen Sie mindestens einen Ort."),
        ({"stations": ["nowhere"]}, "Wählen Sie mindestens einen Ort."),
        ({"weekdays": []}, "Wählen Sie mindestens einen Wochentag."),
        ({"first": "bald"}, "Geben Sie einen Tag ein, zum Beispiel 24.12.2026."),
        ({"last": "01.02.2030"}, "Wählen Sie Tage in den nächsten 90 Tagen, darunter einen der Wochentage."),
        ({"weekdays": [6]}, "Wählen Sie Tage in den nächsten 90 Tagen, darunter einen der Wochentage."),
    ],
)
async def test_what_nobody_can_wait_for_comes_back_with_what_to_do(
    client: Client, start: datetime, changes: dict[str, Any], what_to_do: str
) -> None:
    again = await Visitor(client).see(details_of(start, **changes), 422)
    assert heading(again) == "Was würde Ihnen passen?"
    assert what_to_do in content(again)


async def test_an_offer_is_taken_by_one_button(client: Client, tools: Tools, start: datetime) -> None:
    visitor = Visitor(client)
    joined, path = await offered(client, tools, start)
    assert path in own_links(await visitor.see(f"{WAITING}/{joined['token']}"))
    shown = await visitor.see(path)
    assert "09:00" in content(shown)
    assert "nur für Sie frei, bis" in content(shown)
    assert buttons(shown) == ["Termin nehmen", "Ablehnen und weiter warten", "Nicht mehr warten"]
    assert (await entry(client, joined))["status"] == "offered", "looking changes nothing"
    for _ in "ab":
        answer = await visitor.press(path, action="take")
        assert answer.headers["location"].endswith("?new=1")
    assert heading(await visitor.see(answer.headers["location"])) == "Ihr Termin ist gebucht"
    for link in (path, f"{WAITING}/{joined['token']}"):
        assert (await client.get(link)).headers["location"].startswith("/appointments/m/")
    await assert_line_consistent(tools)


async def test_who_declines_keeps_the_place(client: Client, tools: Tools, start: datetime) -> None:
    visitor = Visitor(client)
    joined, path = await offered(client, tools, start)
    answers = [await visitor.press(path, action="decline") for _ in "ab"]
    assert [each.headers["location"] for each in answers] == [f"{WAITING}/{joined['token']}?declined=1"] * 2
    after = content(await visitor.see(answers[0].headers["location"]))
    assert "Sie haben den Termin abgelehnt" in after
    assert "Ihr Platz in der Reihe 1" in after
    assert heading(await visitor.see(path, 410)) == "Diesen Termin haben Sie abgelehnt"
    assert (await visitor.press(path, action="take")).headers["location"] == path


async def test_an_expired_offer_says_what_happens_now(client: Client, tools: Tools, start: datetime) -> None:
    visitor = Visitor(client)
    joined, path = await offered(client, tools, start)
    pass_time(tools, datetime.fromisoformat((await entry(client, joined))["offer"]["until"]) - tools.clock.now())
    for action in ("take", "decline"):
        assert (await visitor.press(path, action=action)).headers["location"] == path
    expired = await visitor.see(path, 410)
    assert heading(expired) == "Dieses Angebot ist abgelaufen"
    assert "am Ende der Reihe" in content(expired)
    assert f"{WAITING}/{joined['token']}" in own_links(expired)


@pytest.mark.parametrize("from_offer", [True, False])
async def test_leaving_ends_the_wait_for_good(client: Client, tools: Tools, start: datetime, from_offer: bool) -> None:
    visitor = Visitor(client)
    joined, path = await offered(client, tools, start)
    place = f"{WAITING}/{joined['token']}"
    if from_offer:
        answer = await visitor.press(path, action="leave")
    else:
        assert heading(await visitor.see(f"{place}/leave")) == "Möchten Sie die Warteliste verlassen?"
        answer = await visitor.press(f"{place}/leave")
    assert answer.headers["location"] == place
    gone = await visitor.see(place, 410)
    assert "Sie haben sie am" in content(gone)
    assert (await client.get(path)).headers["location"] == place
    assert (await client.get(f"{place}/leave")).headers["location"] == place
    assert (await visitor.press(f"{place}/leave")).headers["location"] == place


async def test_secret_pages_are_neither_kept_nor_indexed_nor_told_to_others(
    client: Client, tools: Tools, start: datetime
) -> None:
    joined, offer = await offered(client, tools, start)
    place = f"{WAITING}/{joined['token']}"
    for path in (place, f"{place}/leave", offer, f"/en{offer}", details_of(start)):
        headers = (await client.get(path)).headers
        assert (headers["cache-control"], headers["x-robots-tag"]) == ("no-store", "noindex"), path
        assert headers["referrer-policy"] == "no-referrer", path
        assert "set-cookie" not in headers, path


async def test_made_up_links_show_nothing(client: Client) -> None:
    for path in (f"{WAITING}/made-up", "/appointments/offer/made-up", f"{WAITING}/made-up/leave"):
        answer = await client.get(path)
        assert answer.status_code == 404
        assert answer.headers["cache-control"] == "no-store"
