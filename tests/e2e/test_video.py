"""An appointment by video: from the page to the mail, by the link in it to the page, and from there into the room."""

from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default

import httpx

from deploy.local.far_ends.records import Channel
from services.appointments.persons.domain import VIDEO_CONSENT
from tests.appointments.kit import weekend
from tests.appointments.visitor import Visitor, content
from tests.e2e.kit import API, City
from tests.e2e.letters import ANNA, bodies, calendar_of, evening_before
from tests.shared.web.html import links

PHONE = "+4917604069054"


async def book(city: City, start: datetime) -> str:
    """Book on the pages: the path of the appointment."""
    visitor = Visitor(city.client)
    held = await visitor.press_time(start, station="video", place="video")
    draft = held.headers["location"].removesuffix("/details")
    await visitor.fill_in(draft, mail=ANNA, phone="0176 04069054", consent=VIDEO_CONSENT)
    booked = await visitor.press(f"{draft}/check")
    path: str = booked.headers["location"].removesuffix("?new=1")
    return path


async def test_from_the_page_to_the_mail_and_into_the_room(city: City) -> None:
    start = weekend(city.tools("appointments"))
    manage = await book(city, start)
    await city.until_received({("mail", ANNA): 1, ("sms", PHONE): 1})
    by_channel = {each.channel: each for each in city.accepted()}
    plain, html = bodies(by_channel[Channel.MAIL])
    sms = by_channel[Channel.SMS].source.decode()
    for text in (plain, html):
        assert "per Video" in text
        assert "freuen uns auf das Gespräch" in text
    assert "per Video" in sms
    assert str(calendar_of(by_channel[Channel.MAIL].source).events[0]["LOCATION"]) == "Video"
    [address] = {word for word in plain.split() if "/m/" in word}
    assert address == f"{city.platform.public_url}{manage}"
    for each in city.accepted():
        assert b"jwt" not in message_from_bytes(each.source, policy=default).as_bytes()

    city.move_to(evening_before(start))
    await city.until_received({("mail", ANNA): 2, ("sms", PHONE): 2})
    reminder = city.accepted()[-1].source.decode(errors="replace")
    assert "jwt" not in reminder

    city.move_to(start - timedelta(minutes=5))
    tree = await Visitor(city.client).see(f"{manage}/video")
    assert "Der Raum ist offen." in content(tree)
    guest, _ = [link for link in links(tree) if "jwt=" in link]
    number = (await city.client.get(f"{API}/appointments/{manage.rpartition('/')[2]}")).json()["number"]
    token = await city.staff_token(city.platform.oidc_issuer, "schalter")
    headers = {"Authorization": f"Bearer {token}"}
    moderator = (await city.client.get(f"{API}/staff/video/{number}", headers=headers)).json()["link"]
    async with httpx.AsyncClient() as browser:
        rooms = [(await browser.get(link)).text for link in (guest, moderator)]
    assert "Sie sind Gast" in rooms[0]
    assert "Sie leiten das Gespräch" in rooms[1]
