"""Flow 1 on real Kafka, followed to what people received: each message once, whatever goes wrong in between."""

from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any

from icalendar import Calendar
from sqlalchemy import text

from shared.clock import BERLIN
from tests.e2e.kit import API, City
from tests.e2e.letters import ANNA, PHONE, calendar_of, evening_before
from tests.support.wait import eventually


async def test_confirmation_then_reminder_by_both_channels(city: City) -> None:
    start = city.day() + timedelta(hours=9)
    booked = await city.book(start, mail=ANNA, phone="0176 04069050", channels=["mail", "sms"])
    await city.until_received({("mail", ANNA): 1, ("sms", PHONE): 1})
    city.move_to(evening_before(start))
    await city.until_received({("mail", ANNA): 2, ("sms", PHONE): 2})
    texts = [each.source.decode(errors="replace") for each in city.accepted()]
    assert all(booked["number"].replace("-", "") in each.replace("-", "") or "=" in each for each in texts)


async def test_cancelling_supersedes_the_reminder_and_ends_the_calendar_entry(city: City) -> None:
    start = city.day() + timedelta(hours=9)
    booked = await city.book(start, mail=ANNA, language="en")
    await city.until_received({("mail", ANNA): 1})
    await city.cancel(booked)
    await city.until_received({("mail", ANNA): 2})
    city.move_to(evening_before(start))
    await city.until_received({("mail", ANNA): 2})
    entries = [calendar_of(each.source) for each in city.accepted()]
    assert [str(each["method"]) for each in entries] == ["REQUEST", "CANCEL"]
    events = [each.walk("VEVENT")[0] for each in entries]
    assert len({str(each["uid"]) for each in events}) == 1
    assert [int(str(each["sequence"])) for each in events] == [0, 1]
    of_page = Calendar.from_ical((await city.client.get(f"{booked['manage_url']}/termin.ics")).content).events[0]
    said = ("uid", "sequence", "status", "summary", "location", "description", "dtstart", "dtend")
    assert {name: events[1][name] for name in said} == {name: of_page[name] for name in said}


async def test_moved_twice_then_cancelled_each_told_once_and_no_reminder_for_any_time(city: City) -> None:
    start = city.day() + timedelta(hours=9)
    booked = await city.book(start, mail=ANNA)
    await city.until_received({("mail", ANNA): 1})
    for told, days in ((2, 1), (3, 2)):
        await city.reschedule(booked, city.day(4 + days) + timedelta(hours=10))
        await city.until_received({("mail", ANNA): told})
    await city.cancel(booked)
    await city.until_received({("mail", ANNA): 4})
    city.move_to(city.day(10))
    await city.until_received({("mail", ANNA): 4})
    entries = [calendar_of(each.source) for each in city.accepted()]
    assert [str(each["method"]) for each in entries] == ["REQUEST", "REQUEST", "REQUEST", "CANCEL"]
    events = [each.walk("VEVENT")[0] for each in entries]
    assert len({str(each["uid"]) for each in events}) == 1
    assert [int(str(each["sequence"])) for each in events] == [0, 1, 2, 3]


async def test_the_reminder_comes_at_four_though_summer_time_begins_before(city: City) -> None:
    city.move_to(datetime(2027, 3, 24, 12, tzinfo=BERLIN))
    booked = await city.book(datetime(2027, 3, 31, 9, tzinfo=BERLIN), mail=ANNA)
    assert booked["starts_at"] == "2027-03-31T07:00:00Z"
    await city.until_received({("mail", ANNA): 1})
    city.move_to(datetime(2027, 3, 30, 15, 59, 30, tzinfo=BERLIN))
    await city.until_received({("mail", ANNA): 1})
    city.move_to(datetime(2027, 3, 30, 16, 0, 1, tzinfo=BERLIN))
    await city.until_received({("mail", ANNA): 2})
    confirmed, reminded = (message_from_bytes(each.source, policy=default) for each in city.accepted())
    assert "09:00" in confirmed["Subject"]
    assert "09:00" in reminded["Subject"]


async def test_after_a_move_the_reminder_comes_before_the_new_time(city: City) -> None:
    start, later = city.day() + timedelta(hours=9), city.day(7) + timedelta(hours=10)
    booked = await city.book(start, phone="0176 04069050", channels=["sms"])
    await city.until_received({("sms", PHONE): 1})
    await city.reschedule(booked, later, station="sued")
    await city.until_received({("sms", PHONE): 2})
    city.move_to(evening_before(start))
    await city.until_received({("sms", PHONE): 2})
    city.move_to(evening_before(later))
    await city.until_received({("sms", PHONE): 3})


async def test_a_bounced_mail_becomes_an_sms(city: City) -> None:
    await city.book(
        city.day() + timedelta(hours=9), mail="perm-fail+petra@simulator.stadt.example", phone="0176 04069051"
    )
    await city.until_received({("sms", "+4917604069051"): 1})


async def test_whom_nothing_reaches_the_staff_call(city: City) -> None:
    await city.book(
        city.day() + timedelta(hours=9),
        name="Petra Vogel",
        mail="perm-fail+petra@simulator.stadt.example",
        phone="0203 94000",
    )
    token = await city.staff_token(city.platform.oidc_issuer, "schalter")
    headers = {"Authorization": f"Bearer {token}"}

    async def listed() -> list[dict[str, Any]]:
        answer = await city.client.get(f"{API}/staff/unreached", headers=headers)
        found: list[dict[str, Any]] = answer.raise_for_status().json()
        return found

    async def appeared() -> bool:
        return len(await listed()) == 1

    await eventually(appeared, timeout=40, every=0.2)
    [entry] = await listed()
    assert (entry["name"], entry["phone"], entry["purpose"]) == ("Petra Vogel", "+4920394000", "confirmation")

    async with city.tools("notifications").db.transaction() as conn:
        await conn.execute(text("update outbox set published_at = null"))
    seen = city.tools("appointments").metrics.duplicates
    await eventually(lambda: seen._value.get() >= 1)
    assert await listed() == [entry], "told again, they are listed once"

    other = await city.staff_token(city.platform.oidc_issuer, "mitteilungen")
    refused = await city.client.get(f"{API}/staff/unreached", headers={"Authorization": f"Bearer {other}"})
    assert refused.status_code == 403


async def staff(city: City) -> dict[str, str]:
    """The headers of somebody at the counter."""
    return {"Authorization": f"Bearer {await city.staff_token(city.platform.oidc_issuer, 'schalter-mitte')}"}


async def test_who_was_missed_is_told_kindly_and_once(city: City) -> None:
    start = city.day() + timedelta(hours=9)
    booked = await city.book(start, mail=ANNA)
    await city.until_received({("mail", ANNA): 1})
    city.move_to(start + timedelta(minutes=15))
    for _ in range(2):
        answer = await city.client.post(
            f"{API}/staff/appointments/{booked['number']}/missed", headers=await staff(city)
        )
        assert answer.status_code == 200, answer.text
    await city.until_received({("mail", ANNA): 2})
    told = message_from_bytes(city.accepted()[-1].source, policy=default)
    assert told["subject"].startswith("Verpasst: Ihr Termin")
    [plain] = [part for part in told.walk() if part.get_content_type() == "text/plain"]
    assert booked["manage_url"] in plain.get_content()


async def test_a_booking_by_phone_without_a_channel_ends_as_no_channel(city: City) -> None:
    start = city.day() + timedelta(hours=9)
    body = {
        "time": {"station": "mitte", "services": ["meldebescheinigung"], "starts_at": start.isoformat()},
        "person": {"name": "Erna Alt", "phone": "0152 28817386", "channels": []},
    }
    answer = await city.client.post(f"{API}/staff/appointments", json=body, headers=await staff(city))
    assert answer.status_code == 201, answer.text

    async def told() -> bool:
        async with city.tools("appointments").db.transaction() as conn:
            return bool((await conn.execute(text("select true from inbox limit 1"))).scalar())

    await eventually(told, timeout=40, every=0.2)
    async with city.tools("notifications").db.transaction() as conn:
        assert set((await conn.execute(text("select outcome from notices"))).scalars()) == {"no_channel"}
    unreached = await city.client.get(f"{API}/staff/unreached", headers=await staff(city))
    assert unreached.json() == []
    await city.until_received({})


async def test_notifications_away_while_people_book_and_cancel(city: City) -> None:
    start = city.day() + timedelta(hours=9)
    await city.stop("notifications")
    kept = await city.book(start, mail=ANNA)
    gone = await city.book(start, mail="delivered+john@simulator.stadt.example")
    await city.cancel(gone)
    await city.start("notifications")
    await city.until_received({("mail", ANNA): 1, ("mail", "delivered+john@simulator.stadt.example"): 1})
    assert kept["status"] == "confirmed"
    [told] = [each for each in city.accepted() if "john" in each.recipient]
    assert str(calendar_of(told.source)["method"]) == "CANCEL", "only the newest state is told"


async def test_facts_delivered_again_tell_nobody_twice(city: City) -> None:
    booked = await city.book(city.day() + timedelta(hours=9), mail=ANNA)
    await city.until_received({("mail", ANNA): 1})
    await city.cancel(booked)
    await city.until_received({("mail", ANNA): 2})
    tools = city.tools("appointments")
    async with tools.db.transaction() as conn:
        await conn.execute(text("update outbox set published_at = null"))
    published = tools.metrics.published

    await eventually(lambda: published._value.get() >= 4)
    await city.until_received({("mail", ANNA): 2})


async def test_nothing_of_a_person_stands_in_a_topic(city: City) -> None:
    await city.book(city.day() + timedelta(hours=9), name="Anna Geheim", mail=ANNA, phone="0176 04069052")
    await city.until_received({("mail", ANNA): 1})
    for name in ("appointments", "notifications"):
        async with city.tools(name).db.transaction() as conn:
            bodies = (await conn.execute(text("select body from outbox"))).scalars().all()
        assert bodies
        for body in bodies:
            for secret in (b"Geheim", b"anna@", b"+anna", b"04069052", b"/m/"):
                assert secret not in body
