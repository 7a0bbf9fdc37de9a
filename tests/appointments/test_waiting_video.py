"""Waiting for an appointment by video: its own kind, its own consent, and then a room as for a booked one."""

import json
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from services.appointments.line.facts import WAITING as PLACE_IN_LINE
from services.appointments.persons.domain import VIDEO_CONSENT
from shared.tools import Tools
from tests.appointments.clerk import Clerk
from tests.appointments.desk import failed
from tests.appointments.kit import API, Client, booking, outbox, weekend
from tests.appointments.visitor import TYPED, Visitor, buttons, content, heading, own_links, page
from tests.appointments.waiting import assert_line_consistent, cancel, entry, join, sell_out, wait

WAITING = "/appointments/waiting"


@pytest.fixture
def start(tools: Tools) -> datetime:
    return weekend(tools)


async def offered(client: Client, tools: Tools, start: datetime) -> dict[str, Any]:
    """Somebody who waits for a video and has an offer."""
    body = booking(start, station="video", person={"consent": VIDEO_CONSENT})
    booked = (await client.post(f"{API}/appointments", json=body)).json()
    await sell_out(tools, start, counter="video-%")
    joined = await join(client, start, stations=["video"])
    await cancel(client, booked)
    return joined


async def test_consent_is_asked_before_the_time_is_taken_and_leads_to_the_room(
    client: Client, tools: Tools, start: datetime
) -> None:
    visitor, joined = Visitor(client), await offered(client, tools, start)
    waiting = await entry(client, joined)
    path, taking = f"/appointments/offer/{waiting['offer']['token']}", f"offers/{waiting['offer']['token']}/taking"
    shown = await visitor.see(path)
    assert "Einwilligung in das Video" in content(shown)
    assert "Per Video" in content(shown)
    refused = page(await visitor.press(path, action="take"), 422)
    assert "Kreuzen Sie an, dass Sie einverstanden sind." in content(refused)
    for body in (None, {"consent": "2020-01"}):
        assert (await client.post(f"{API}/{taking}", json=body)).status_code == 422
    assert (await entry(client, joined))["status"] == "offered"
    answer = await visitor.press(path, action="take", consent=VIDEO_CONSENT)
    manage = answer.headers["location"].removesuffix("?new=1")
    assert f"{manage}/video" in own_links(await visitor.see(manage))
    assert (await client.post(f"{API}/{taking}", json={"consent": VIDEO_CONSENT})).json()["kind"] == "video"
    kinds = [json.loads(row.body).get("entry", {}).get("kind") for row in await outbox(tools)]
    assert kinds.count("video") == 3, "joined, offered, left"
    await assert_line_consistent(tools)


async def test_declining_needs_no_consent(client: Client, tools: Tools, start: datetime) -> None:
    joined = await offered(client, tools, start)
    token = (await entry(client, joined))["offer"]["token"]
    answer = await Visitor(client).press(f"/appointments/offer/{token}", action="decline")
    assert answer.headers["location"].endswith("?declined=1")


async def test_nobody_takes_a_video_for_somebody_on_the_phone(client: Client, tools: Tools, start: datetime) -> None:
    joined, clerk = await offered(client, tools, start), Clerk.sign_in(client, tools, "leitung")
    id, _ = tools.links.read(PLACE_IN_LINE, joined["token"])
    notice = await failed(tools, id, "seat-offer", version=2)
    shown = await clerk.see("/unreached")
    assert {each.removesuffix(" Willi Wartet") for each in buttons(shown)} == {"Abmelden", "Lehnt ab", "Angerufen"}
    refused = page(await clerk.press(f"/unreached/{notice}/answer", said="take"), 409)
    for tree in (shown, refused):
        assert "Einen Termin per Video nimmt die Person selbst an." in content(tree)
    assert (await entry(client, joined))["status"] == "offered"
    assert (await clerk.press(f"/unreached/{notice}/answer", said="decline")).status_code == 303
    assert (await entry(client, joined))["status"] == "waiting"


async def test_the_pages_lead_from_one_kind_to_the_other_and_onto_the_list(
    client: Client, tools: Tools, start: datetime
) -> None:
    visitor = Visitor(client)
    await sell_out(tools, start, counter="video-%")
    by_video = f"{WAITING}?services=meldebescheinigung&place=video"
    assert by_video in own_links(await visitor.see(f"{WAITING}?services=meldebescheinigung"))
    days = await visitor.see(by_video)
    assert f"{WAITING}?services=meldebescheinigung" in own_links(days)
    names = {(each.get("name"), each.get("value")) for each in days.iter("input")}
    assert {("place", "video"), ("stations", "video"), ("weekdays", "5")} <= names
    day = start.date().isoformat()
    query = {"services": "meldebescheinigung", "place": "video", "stations": "video", "weekdays": start.weekday()}
    address = f"{WAITING}/details?{urlencode({**query, 'first': day, 'last': day})}"
    joined = await visitor.see((await visitor.press(address, **TYPED)).headers["location"])
    assert heading(joined) == "Sie stehen auf der Warteliste"
    assert "Per Video" in content(joined)


async def test_the_two_kinds_are_not_waited_for_together(client: Client, tools: Tools, start: datetime) -> None:
    answer = await client.post(f"{API}/waiting", json=wait(start, stations=["video", "mitte"]))
    assert answer.json()["type"].endswith("unknown-choice")
