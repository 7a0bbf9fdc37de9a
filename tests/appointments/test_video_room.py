"""The room of an appointment by video: the people let in, when, and where the link shows."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import jwt
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from services.appointments.settings import DEVELOPMENT_KEY, Settings
from services.appointments.video.domain import VideoRoom, opens_at, room_at
from services.appointments.video.gateways import VideoRooms
from shared.arriving import ROOM_OPENS_BEFORE
from shared.auth import Caller
from shared.clock import BERLIN
from shared.tools import Tools
from tests.appointments.kit import API, Client, at, booking, pass_time, weekend
from tests.appointments.video import book
from tests.appointments.visitor import Visitor, content
from tests.shared.web.html import links, parse
from tests.support.browsing import Browsing


async def move_to(tools: Tools, moment: datetime) -> None:
    pass_time(tools, moment - tools.clock.now())


def claims_of(link: str, room: str | None = None) -> dict[str, Any]:
    """The claims of a link's token, as a Jitsi server reads them; the times are not compared with the clock."""
    address = urlsplit(link)
    options: Any = {"verify_exp": False, "verify_nbf": False}
    [token] = parse_qs(address.query)["jwt"]
    claims = jwt.decode(
        token, DEVELOPMENT_KEY.get_secret_value(), ["HS256"], options, audience="nahbar", issuer="nahbar"
    )
    assert claims["room"] == address.path.rpartition("/")[2]
    assert claims["sub"] == address.hostname
    return claims


moments = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(BERLIN))  # noqa: DTZ001


@given(moments, st.integers(1, 12), st.integers(-60, 200))
def test_a_room_is_open_from_ten_minutes_before_until_the_end(start: datetime, slots: int, minutes: int) -> None:
    end, now = start + slots * timedelta(minutes=10), start + timedelta(minutes=minutes)
    is_open = -10 <= minutes < slots * 10
    assert (room_at(start, end, now) is VideoRoom.OPEN) == is_open
    assert opens_at(start) == start - ROOM_OPENS_BEFORE


def test_tokens_let_into_one_room_for_its_time_and_name_nobody() -> None:
    rooms, id = VideoRooms(Settings(video_url="https://meet.stadt.example/")), uuid4()
    start = datetime(2026, 11, 28, 10, tzinfo=BERLIN)
    end = start + timedelta(minutes=20)
    guest, moderator, test = (
        rooms.guest_link(id, start, end),
        rooms.moderator_link(id, start, end),
        rooms.test_link(id, start),
    )
    claims = claims_of(guest)
    assert guest.startswith("https://meet.stadt.example/")
    assert (claims["nbf"], claims["exp"]) == (opens_at(start).timestamp(), end.timestamp())
    assert claims["context"]["user"]["moderator"] == "false"
    assert claims_of(moderator)["room"] == claims["room"]
    assert claims_of(moderator)["context"]["user"] == {
        "id": "moderator",
        "name": "Bürgerservice",
        "moderator": "true",
        "affiliation": "owner",
    }
    names = {claims_of(each)["room"] for each in (guest, test, rooms.guest_link(uuid4(), start, end))}
    assert len(names) == 3
    assert all(len(name) == 32 and str(id) not in name for name in names)
    other = VideoRooms(
        Settings(video_url="https://meet.stadt.example/", video_app_secret="another secret of the city" * 2)
    )
    assert claims["room"] not in other.guest_link(id, start, end), "whoever lacks the secret cannot know the name"


async def test_the_link_shows_only_while_the_room_is_open(client: Client, tools: Tools) -> None:
    booked, visitor = await book(client, tools), Visitor(client)
    start = weekend(tools)
    path = f"/appointments/m/{booked['token']}/video"

    async def outside() -> list[str]:
        tree = await visitor.see(path)
        return [link for link in links(tree) if "jwt=" in link]

    [test] = await outside()
    assert claims_of(test)["context"]["user"]["id"] == "guest"
    tree = await visitor.see(path)
    assert "Der Raum öffnet am" in content(tree)
    assert "09:50 Uhr" in content(tree)
    assert "0203 94000" in content(tree)

    await move_to(tools, start - ROOM_OPENS_BEFORE)
    link, test = await outside()
    assert claims_of(link)["room"] != claims_of(test)["room"]
    answer = await client.get(path)
    assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert (await client.get(path.replace(booked["token"], "x" * 46))).status_code == 404

    await move_to(tools, datetime.fromisoformat(booked["ends_at"]))
    assert (await client.get(path)).headers["location"] == path.removesuffix("/video")


async def test_who_cancels_is_let_in_no_more(client: Client, tools: Tools) -> None:
    booked = await book(client, tools)
    await client.post(f"{API}/appointments/{booked['token']}/cancellation")
    await move_to(tools, weekend(tools))
    answer = await client.get(f"/appointments/m/{booked['token']}/video")
    assert answer.headers["location"] == f"/appointments/m/{booked['token']}"


async def test_an_appointment_at_a_counter_has_no_room(client: Client, tools: Tools) -> None:
    manage = await Visitor(client).book(at(tools, 10))
    assert (await client.get(f"{manage}/video")).headers["location"] == manage


@pytest_asyncio.fixture
async def staff(app: Any, tools: Tools, monkeypatch: pytest.MonkeyPatch) -> httpx.AsyncClient:
    """A client with the token of somebody who works by video; for the service a token is the name of a station."""

    async def check(token: str) -> Caller:
        return Caller(subject="schalter", roles=frozenset({"appointments:staff"}), stations=frozenset({token}))

    monkeypatch.setattr(tools.tokens, "check", check)
    headers = {"Authorization": "Bearer video"}
    return Browsing(transport=httpx.ASGITransport(app), base_url="http://test", headers=headers)


async def test_staff_lead_the_conversation_while_the_room_is_open(client: Client, staff: Client, tools: Tools) -> None:
    booked = await book(client, tools)
    path = f"{API}/staff/video/{booked['number']}"
    assert (await client.get(path)).status_code == 401
    assert (await staff.get(path)).json()["type"].endswith("room-closed")
    assert (await staff.get(path, headers={"Authorization": "Bearer mitte"})).status_code == 403
    counter = (await client.post(f"{API}/appointments", json=booking(at(tools, 10)))).json()
    everywhere = {"Authorization": "Bearer *"}
    for number in ("0000-0000", counter["number"]):
        assert (await staff.get(f"{API}/staff/video/{number}")).status_code == 403, (
            "theirs or nobody's, it is one answer"
        )
        assert (await staff.get(f"{API}/staff/video/{number}", headers=everywhere)).status_code == 404

    await move_to(tools, weekend(tools))
    found = (await staff.get(path)).json()
    assert claims_of(found["link"])["context"]["user"]["moderator"] == "true"
    [link, _] = [
        each
        for each in links(parse((await client.get(f"/appointments/m/{booked['token']}/video")).text))
        if "jwt=" in each
    ]
    assert claims_of(link)["room"] == claims_of(found["link"])["room"]
