"""Lost links on real Kafka: from the page to the message, whose links open what is there."""

import re
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

from sqlalchemy import text

from tests.appointments.visitor import Visitor
from tests.appointments.waiting import sell_out
from tests.e2e.kit import City
from tests.e2e.letters import ANNA, PHONE, join


async def test_the_links_of_all_that_is_open_arrive_and_open_it(city: City) -> None:
    start = city.day() + timedelta(hours=9)
    booked = await city.book(start, mail=ANNA, phone=PHONE)
    other = await city.book(start + timedelta(hours=1), mail=ANNA)
    await city.until_received({("mail", ANNA): 2})  # a cancellation would overtake the confirmation
    await city.cancel(other)
    await sell_out(city.tools("appointments"), start, counter="mitte-%")
    await join(city, start, ANNA)
    await city.until_received({("mail", ANNA): 4})
    visitor = Visitor(city.client)
    for address in (ANNA, PHONE, "stranger@simulator.stadt.example"):
        answer = await visitor.press("/appointments/links", address=address, language="en")
        assert answer.status_code == 303
    await city.until_received({("mail", ANNA): 5, ("sms", PHONE): 1})
    [mail] = [
        plain.get_content()
        for each in city.accepted()
        if (plain := message_from_bytes(each.source, policy=default).get_body(("plain",)))
        and "Your links" in plain.get_content()
    ]
    paths = re.findall(r"https?://[^/]+(\S*/appointments/\S+)", mail.partition("-----")[0])
    assert paths[0].endswith(booked["token"])
    assert [(await city.client.get(path)).status_code for path in paths] == [200, 200]
    async with city.tools("appointments").db.transaction() as conn:
        bodies = (await conn.execute(text("select body from outbox where type like '%LinksRequested'"))).scalars().all()
    assert len(bodies) == 3
    assert not [body for body in bodies if b"+anna" in body.lower() or b"+4917" in body]
