"""Flow 3 on real Kafka, followed to what people received: offered, declined, expired, taken."""

import re
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any

from sqlalchemy import text

from shared.calendar import end_of_quiet
from shared.clock import BERLIN
from tests.appointments.waiting import assert_line_consistent, sell_out
from tests.e2e.kit import API, City
from tests.e2e.letters import answer, join
from tests.support.wait import eventually

SIMULATOR = "simulator.stadt.example"
BOB, ANNA, BEN, CARLA = (f"delivered+{name}@{SIMULATOR}" for name in ("bob", "anna", "ben", "carla"))


async def someone_cancels(city: City, start: datetime, *waiting: str) -> list[dict[str, Any]]:
    """Somebody books, everything else is taken, some people wait, and then the appointment is cancelled."""
    booked = await city.book(start, mail=BOB)
    await sell_out(city.tools("appointments"), start, counter="mitte-%")
    joined = [await join(city, start, mail) for mail in waiting]
    await city.until_received({("mail", mail): 1 for mail in (BOB, *waiting)})
    await city.cancel(booked)
    return joined


def newest(city: City, mail: str) -> Any:
    """The newest mail somebody received."""
    return message_from_bytes([each for each in city.accepted() if each.recipient == mail][-1].source, policy=default)


def link_in(mail: Any) -> str:
    """The secret link of a mail about an offer, as a path."""
    plain = mail.get_body(("plain",)).get_content()
    [path] = set(re.findall(r"/appointments/offer/[\w-]+", plain))
    return str(path)


async def test_a_freed_time_goes_along_the_line_until_somebody_takes_it(city: City) -> None:
    today, start = city.day(0), city.day() + timedelta(hours=9)
    await someone_cancels(city, start, ANNA, BEN, CARLA)
    await city.until_received({("mail", BOB): 2, ("mail", ANNA): 2, ("mail", BEN): 1, ("mail", CARLA): 1})
    anna = newest(city, ANNA)
    assert "14:00 Uhr" in anna["Subject"]
    assert "?declined=1" in await answer(city, link_in(anna), "decline")
    told = {("mail", BOB): 2, ("mail", ANNA): 2, ("mail", CARLA): 1}
    await city.until_received(told | {("mail", BEN): 2})
    missed = link_in(newest(city, BEN))
    city.move_to(today + timedelta(hours=14, seconds=1))
    await city.until_received(told | {("mail", BEN): 3, ("mail", CARLA): 2})
    assert "abgelaufen" in newest(city, BEN)["Subject"]
    assert await answer(city, missed, "take") == missed
    assert (await city.client.get(missed)).status_code == 410
    appointment = await answer(city, link_in(newest(city, CARLA)), "take")
    assert appointment.startswith("/appointments/m/")
    assert (await city.client.get(appointment)).status_code == 200
    await city.until_received(told | {("mail", BEN): 3, ("mail", CARLA): 3})
    assert newest(city, CARLA)["Subject"].startswith("Ihr Termin am")
    async with city.tools("appointments").db.transaction() as conn:
        bodies = (await conn.execute(text("select body from outbox"))).scalars().all()
    assert not [body for body in bodies if b"Wartet" in body or b"+anna" in body or b"/offer/" in body]
    await assert_line_consistent(city.tools("appointments"))


async def test_an_offer_is_told_when_notifications_is_back_and_once_though_facts_come_again(city: City) -> None:
    start = city.day() + timedelta(hours=9)
    booked = await city.book(start, mail=BOB)
    await sell_out(city.tools("appointments"), start, counter="mitte-%")
    await join(city, start, ANNA)
    await city.until_received({("mail", BOB): 1, ("mail", ANNA): 1})
    await city.stop("notifications")
    await city.cancel(booked)
    await city.start("notifications")
    await city.until_received({("mail", BOB): 2, ("mail", ANNA): 2})
    async with city.tools("appointments").db.transaction() as conn:
        again = (await conn.execute(text("update outbox set published_at = null returning id"))).rowcount
    seen = city.tools("notifications").metrics.duplicates
    await eventually(lambda: seen._value.get() >= again)
    await city.until_received({("mail", BOB): 2, ("mail", ANNA): 2})


async def test_an_offer_made_at_night_is_told_in_the_morning_though_the_clocks_change(city: City) -> None:
    """Saturday night before Easter, which is also when summer time begins; Tuesday is the next working day."""
    city.move_to(datetime(2027, 3, 27, 22, 15, tzinfo=BERLIN))
    start = datetime(2027, 3, 31, 9, tzinfo=BERLIN)
    [joined] = await someone_cancels(city, start, ANNA)
    await city.until_received({("mail", BOB): 2, ("mail", ANNA): 1})
    offer = (await city.client.get(f"{API}/waiting/{joined['token']}")).json()["offer"]
    assert datetime.fromisoformat(offer["until"]) == datetime(2027, 3, 30, 10, tzinfo=BERLIN)
    city.move_to(datetime(2027, 3, 30, 8, 0, 1, tzinfo=BERLIN))
    await city.until_received({("mail", BOB): 2, ("mail", ANNA): 2})
    assert "bis Di., 30.3. 10:00 Uhr" in newest(city, ANNA)["Subject"]
    city.move_to(datetime(2027, 3, 30, 9, 58, tzinfo=BERLIN))
    assert "/appointments/m/" in await answer(city, link_in(newest(city, ANNA)), "take")
    await city.until_received({("mail", BOB): 2, ("mail", ANNA): 3})


async def test_the_last_day_ends_the_wait(city: City) -> None:
    start = city.day() + timedelta(hours=9)
    await sell_out(city.tools("appointments"), start, counter="mitte-%")
    await join(city, start, ANNA)
    await city.until_received({("mail", ANNA): 1})
    city.move_to(start + timedelta(hours=15, seconds=1))
    await city.until_received({("mail", ANNA): 1})
    city.move_to(end_of_quiet(start + timedelta(hours=15)) + timedelta(seconds=1))
    await city.until_received({("mail", ANNA): 2})
    assert newest(city, ANNA)["Subject"].startswith("Ihre Zeit auf der Warteliste")
