"""The pages of appointments at a cancelled stop: what is kept, what else is free, or the way to the waiting list."""

from datetime import datetime
from xml.etree.ElementTree import Element

import pytest

from shared.tools import Tools
from shared.web.forms import one_time_key
from tests.appointments.closing import appointment, book, facts_of
from tests.appointments.kit import Client, at
from tests.appointments.stops import Stop, a_stop, consistent, leave_free
from tests.appointments.visitor import Visitor, content, heading, own_links

PLACES = (("rheinhausen-1", 0), ("rheinhausen-1", 20), ("homberg-1", 10), ("mitte-1", 0))
"""What is free: one time a day at a place is shown, the one that is kept not again."""


@pytest.fixture
async def stop(client: Client, tools: Tools) -> Stop:
    return await a_stop(tools)


def times(tree: Element) -> list[str]:
    """The times that can be pressed on a page."""
    return [each.attrib["value"] for each in tree.iter("button") if each.get("name") == "time"]


async def test_the_page_shows_what_is_kept_and_what_else_is_free(client: Client, tools: Tools, stop: Stop) -> None:
    visitor, arrival = Visitor(client), at(tools, 9)
    booked = await book(client, arrival, station=stop.key)
    await leave_free(tools, arrival, *PLACES)
    await stop.cancel()
    path = f"/appointments/m/{booked['token']}"
    tree = await visitor.see(path)
    assert heading(tree) == "Passt Ihnen diese Zeit stattdessen?"
    assert "Motorschaden" in content(tree)
    assert "Diese Zeiten halten wir nicht für Sie frei." in content(tree)
    free = [each.split(" ") for each in times(tree)]
    assert [station for station, _ in free] == ["rheinhausen", "homberg", "mitte"], (
        "by nearness; the one kept is not free"
    )
    assert (datetime.fromisoformat(free[0][1]) - arrival).seconds == 20 * 60

    key = one_time_key()
    for _ in range(2):
        answer = await visitor.press(f"{path}/reschedule", key, time=" ".join(free[1]))
        assert answer.headers["location"] == f"{path}?moved=1"
    found = await appointment(client, booked)
    assert (found["status"], found["station"]) == ("confirmed", "homberg")
    assert [fact["type"] for fact in await facts_of(tools, booked)][2:] == ["AppointmentRescheduled"]
    await consistent(tools)


async def test_a_time_that_was_taken_meanwhile_leaves_what_is_kept(client: Client, tools: Tools, stop: Stop) -> None:
    visitor, arrival = Visitor(client), at(tools, 9)
    booked = await book(client, arrival, station=stop.key)
    await leave_free(tools, arrival, *PLACES)
    await stop.cancel()
    path = f"/appointments/m/{booked['token']}"
    [_, wanted, _] = times(await visitor.see(path))
    await book(client, datetime.fromisoformat(wanted.split(" ")[1]), "Schneller", station="homberg")
    answer = await visitor.press(f"{path}/reschedule", time=wanted)
    assert "Die Zeit, die wir für Sie freihalten, bleibt" in answer.text
    assert (await appointment(client, booked))["status"] == "offered"


async def test_who_waits_now_is_led_to_their_place_until_it_is_given_up(
    client: Client, tools: Tools, stop: Stop
) -> None:
    arrival = at(tools, 9)
    booked = await book(client, arrival, station=stop.key)
    await leave_free(tools, arrival)
    await stop.cancel()
    path = f"/appointments/m/{booked['token']}"
    for prefix, said in (("", "Sie stehen jetzt auf der Warteliste"), ("/en", "You are on the waiting list now")):
        visitor = Visitor(client, prefix)
        tree = await visitor.see(f"{prefix}{path}", 410)
        assert said in content(tree)
    [link] = [each for each in own_links(await Visitor(client).see(path, 410)) if "/appointments/waiting/" in each]
    assert heading(await Visitor(client).see(link)) == "Ihr Platz auf der Warteliste"
    await Visitor(client).press(f"{link}/leave")
    assert "Warteliste" not in content(await Visitor(client).see(path, 410))
