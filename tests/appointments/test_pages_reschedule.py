"""Moving an appointment on its pages."""

from datetime import datetime, timedelta

from services.appointments.booking.numbering import NUMBERS
from shared.tools import Tools
from tests.appointments.kit import API, Client, at, booking, outbox, pass_time
from tests.appointments.visitor import Visitor, buttons, content, own_links, page
from tests.shared.web.html import words


def press(start: datetime, station: str = "mitte") -> str:
    return f"{station} {start.isoformat()}"


async def moved_facts(tools: Tools) -> int:
    return sum(row.type.endswith("AppointmentRescheduled") for row in await outbox(tools))


async def test_an_appointment_moves_and_keeps_its_number_and_page(client: Client, tools: Tools) -> None:
    visitor = Visitor(client)
    manage = await visitor.book(at(tools, 10))
    before = await visitor.see(manage)
    assert f"{manage}/reschedule" in own_links(before)
    times = await visitor.see(f"{manage}/reschedule")
    assert "10:00 Uhr" in content(times)
    assert "Der früheste Termin" in content(times)
    for _ in "ab":
        answer = await visitor.press(f"{manage}/reschedule", "one-press-twice", time=press(at(tools, 14), "sued"))
        assert answer.headers["location"] == f"{manage}?moved=1"
    after = await visitor.see(f"{manage}?moved=1")
    assert "Ihr Termin ist verlegt" in words(after)
    assert "14:00 Uhr" in content(after)
    assert "Süd" in content(after)
    assert await moved_facts(tools) == 1


async def test_a_press_sent_again_after_another_move_does_not_move_back(client: Client, tools: Tools) -> None:
    visitor = Visitor(client)
    manage = await visitor.book(at(tools, 10))
    address = f"{manage}/reschedule"
    await visitor.press(address, "first-press", time=press(at(tools, 11)))
    await visitor.press(address, "second-press", time=press(at(tools, 12)))
    await visitor.press(address, "first-press", time=press(at(tools, 11)))
    assert "12:00 Uhr" in content(await visitor.see(manage))
    assert await moved_facts(tools) == 2


async def test_a_time_taken_meanwhile_leaves_the_appointment_where_it_is(client: Client, tools: Tools) -> None:
    visitor = Visitor(client)
    manage = await visitor.book(at(tools, 10))
    full = at(tools, 11)
    for number in range(3):
        body = booking(full, station="walsum", name=f"P{number}")
        assert (await client.post(f"{API}/appointments", json=body)).status_code == 201
    tree = page(await visitor.press(f"{manage}/reschedule?place=walsum", time=press(full, "walsum")), 409)
    assert "Jemand anderes hat diese Zeit gerade gebucht" in content(tree)
    assert "Ihr bisheriger Termin bleibt" in content(tree)
    assert "Diese Zeiten sind am nächsten" in content(tree)
    assert "10:00 Uhr" in content(await visitor.see(manage))
    assert await moved_facts(tools) == 0


async def test_all_places_can_be_searched_and_any_other_place_is_the_present_one(client: Client, tools: Tools) -> None:
    pass_time(tools, at(tools, 8) - tools.clock.now())
    visitor = Visitor(client)
    manage = await visitor.book(at(tools, 10))
    everywhere = await visitor.see(f"{manage}/reschedule?place=any")
    assert "alle Orte" in content(everywhere)
    assert any("Rheinhausen" in each for each in buttons(everywhere))
    unknown = await visitor.see(f"{manage}/reschedule?place=atlantis")
    assert "Zeiten fürBürger-Service-Station Mitte" in content(unknown)


async def test_what_is_cancelled_or_has_begun_is_not_moved(client: Client, tools: Tools) -> None:
    visitor = Visitor(client)
    cancelled, begun = await visitor.book(at(tools, 10)), await visitor.book(at(tools, 11))
    await visitor.press(f"{cancelled}/cancel")
    pass_time(tools, at(tools, 11) + timedelta(minutes=1) - tools.clock.now())
    for manage in (cancelled, begun):
        assert (await client.get(f"{manage}/reschedule")).headers["location"] == manage
        answer = await visitor.press(f"{manage}/reschedule", time=press(at(tools, 12)))
        assert answer.headers["location"] == manage
    assert "Zum Verlegen und Absagen ist es hier zu spät" in content(await visitor.see(begun))
    assert await moved_facts(tools) == 0


async def test_odd_presses_are_refused(client: Client, tools: Tools) -> None:
    visitor = Visitor(client)
    manage = await visitor.book(at(tools, 10))
    for odd in ("", "mitte", "mitte yesterday-at-noon", "atlantis 2026-12-01T09:00:00+01:00", f"mitte {NUMBERS}"):
        page(await visitor.press(f"{manage}/reschedule", time=odd), 422)
    assert (await visitor.press(f"{manage}x/reschedule", time=press(at(tools, 12)))).status_code == 404
