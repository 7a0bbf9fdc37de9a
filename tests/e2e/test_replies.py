"""Answering the reminder, from the SMS that asks to the seat somebody else can take."""

import json
from datetime import datetime, time, timedelta

from shared.calendar import previous_working_day
from shared.clock import BERLIN
from tests.e2e.kit import API, City
from tests.support.wait import eventually

PHONE = "+4917604069050"


def evening_before(start: datetime) -> datetime:
    return datetime.combine(previous_working_day(start.astimezone(BERLIN).date()), time(16, 0, 1), BERLIN)


async def status(city: City, token: str) -> str:
    answer = await city.client.get(f"{API}/appointments/{token}")
    return str(answer.raise_for_status().json()["status"])


async def test_who_answers_2_frees_the_seat_and_is_told_once(city: City) -> None:
    start = city.day() + timedelta(hours=9)
    booked = await city.book(start, phone=PHONE, channels=["sms"])
    await city.until_received({("sms", PHONE): 1})
    city.move_to(evening_before(start))
    await city.until_received({("sms", PHONE): 2})
    for _ in range(2):
        await city.write_sms(PHONE, " 2. ")
    await city.until_received({("sms", PHONE): 3})
    told = [json.loads(each.source)["text"] for each in city.accepted()]
    assert "Zum Absagen mit 2 antworten." in told[1]
    assert told[2].startswith(f"Abgesagt: {booked['number']}")
    assert await status(city, booked["token"]) == "cancelled"
    async with city.tools("appointments").db.transaction() as conn:
        assert (await conn.exec_driver_sql("select 1 from seats")).all() == []


async def test_an_answer_while_appointments_is_away_counts_when_it_comes_back(city: City) -> None:
    start = city.day() + timedelta(hours=9)
    booked = await city.book(start, phone=PHONE, channels=["sms"])
    await city.until_received({("sms", PHONE): 1})
    city.move_to(evening_before(start))
    await city.until_received({("sms", PHONE): 2})
    await city.stop("appointments")
    await city.write_sms(PHONE, "absagen")

    async def handed_on() -> bool:
        async with city.tools("notifications").db.transaction() as conn:
            return bool((await conn.exec_driver_sql("select 1 from replies")).all())

    await eventually(handed_on)
    city.move_to(start + timedelta(minutes=1))
    await city.start("appointments")

    async def cancelled() -> bool:
        return await status(city, booked["token"]) == "cancelled"

    await eventually(cancelled, timeout=40, every=0.2)


async def test_an_answer_to_the_old_time_leaves_the_new_one_and_says_so(city: City) -> None:
    start, later = city.day() + timedelta(hours=9), city.day(7) + timedelta(hours=10)
    booked = await city.book(start, phone=PHONE, channels=["sms"])
    await city.until_received({("sms", PHONE): 1})
    city.move_to(evening_before(start))
    await city.until_received({("sms", PHONE): 2})
    await city.reschedule(booked, later)
    await city.until_received({("sms", PHONE): 3})
    await city.write_sms(PHONE, "2")
    await city.until_received({("sms", PHONE): 4})
    assert json.loads(city.accepted()[-1].source)["text"].startswith(f"Ihr Termin gilt weiter: {booked['number']}")
    assert await status(city, booked["token"]) == "confirmed"
