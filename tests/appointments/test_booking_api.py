"""Booking over HTTP: one seat has one owner, whoever asks how often."""

import asyncio
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from icalendar import Calendar
from sqlalchemy import text

from services.appointments.booking.api import HOLD_LINK
from services.appointments.booking.holds import HOLD_END, end_hold
from shared import retention
from shared.act import acting
from shared.clock import BERLIN
from shared.due import Claim
from shared.events.appointments import AppointmentBooked, AppointmentCancelled
from shared.events.personal import Contact
from shared.sealing import Sealer
from shared.settings import development_private_key
from shared.tools import Tools
from tests.appointments.checks import assert_consistent, fill
from tests.appointments.kit import API, FAMILY, Client, at, booking, outbox, pass_time, wish
from tests.support.wait import answered, eventually


async def test_a_booking_reaches_the_outbox_with_a_sealed_contact(client: Client, tools: Tools) -> None:
    start = at(tools, 9, 20)
    person = {
        "name": "  Anna   Muster ",
        "mail": "Anna@Example.org",
        "phone": "0152 28817386",
        "channels": ["mail", "sms"],
    }
    answer = await client.post(f"{API}/appointments", json=booking(start, person=person | {"interpreter": "bg"}))
    assert answer.status_code == 201
    booked = answer.json()
    assert booked["status"] == "confirmed"
    [row] = await outbox(tools)
    fact = AppointmentBooked.model_validate_json(row.body)
    assert (fact.version, fact.appointment.number) == (1, booked["number"])
    assert fact.appointment.starts_at == start
    assert fact.appointment.interpreter == "bg"
    assert fact.appointment.contact
    for clear in (b"Anna", b"anna", b"28817386", booked["token"].encode()):
        assert clear not in row.body
    contact = Sealer([development_private_key("notifications")], {}).open(fact.appointment.contact, fact.id, Contact)
    assert contact.name == "Anna Muster"
    assert contact.phone == "+4915228817386"
    assert contact.manage_url == booked["manage_url"]
    async with tools.db.transaction() as conn:
        person_box = (await conn.execute(text("select box from people"))).scalar_one()
    assert b"Anna" not in person_box


async def test_the_same_request_sent_again_has_one_effect_and_one_answer(client: Client, tools: Tools) -> None:
    body, headers = booking(at(tools, 10)), {"Idempotency-Key": "a-random-value"}
    answers = await asyncio.gather(*[client.post(f"{API}/appointments", json=body, headers=headers) for _ in range(8)])
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len(await outbox(tools)) == 1
    other = await client.post(f"{API}/appointments", json=booking(at(tools, 11)), headers=headers)
    assert other.status_code == 422
    assert other.json()["type"].endswith("idempotency-key-reused")


async def test_32_people_want_the_last_seat(client: Client, tools: Tools) -> None:
    """INVARIANT I3: exactly one gets it; the others are offered the nearest free times."""
    start = at(tools, 9)
    await fill(client, tools, start, leave=1)
    answers = await asyncio.gather(
        *[answered(partial(client.post, f"{API}/appointments", json=booking(start, name=f"P{n}"))) for n in range(32)]
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 31
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.headers["content-type"] == "application/problem+json"
    nearest = refused.json()["nearest"]
    assert len(nearest) == 5
    assert nearest[0]["station"] == "mitte"
    for offer in nearest[:2]:
        again = booking(start) | {
            "time": {"station": offer["station"], "services": ["meldebescheinigung"], "starts_at": offer["starts_at"]}
        }
        assert (await client.post(f"{API}/appointments", json=again)).status_code == 201
    await assert_consistent(tools)


async def test_overlapping_long_appointments_never_share_a_seat(client: Client, tools: Tools) -> None:
    """INVARIANT I3, with appointments of four seats that start at different times at the smallest station."""
    starts = [at(tools, 9) + timedelta(minutes=10 * shift) for shift in range(6)]
    wanted = [booking(start, station="walsum", services=FAMILY) for start in starts for _ in range(6)]
    answers = await asyncio.gather(
        *[answered(partial(client.post, f"{API}/appointments", json=body)) for body in wanted]
    )
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) <= {201, 409}
    assert 3 <= statuses.count(201) <= 6, "three counters, ninety minutes, forty each"
    await assert_consistent(tools)


@pytest.mark.due_work
async def test_a_hold_keeps_the_time_until_its_second_is_over(client: Client, tools: Tools) -> None:
    start = at(tools, 9)
    await fill(client, tools, start, leave=1)
    held = await client.post(f"{API}/holds", json=wish(start))
    assert held.status_code == 201
    assert (await client.post(f"{API}/appointments", json=booking(start))).status_code == 409
    pass_time(tools, timedelta(minutes=9, seconds=57))
    assert (await client.post(f"{API}/appointments", json=booking(start))).status_code == 409
    pass_time(tools, timedelta(seconds=4))
    assert (await client.post(f"{API}/appointments", json=booking(start))).status_code == 201
    late = await client.post(
        f"{API}/appointments", json={"hold": held.json()["token"], "person": booking(start)["person"]}
    )
    assert late.status_code == 409
    assert late.json()["type"].endswith("hold-over")


@pytest.mark.due_work
async def test_a_hold_becomes_an_appointment_and_can_be_extended_twelve_times(client: Client, tools: Tools) -> None:
    held = (await client.post(f"{API}/holds", json=wish(at(tools, 9)))).json()
    for _ in range(12):
        pass_time(tools, timedelta(minutes=9))
        assert (await client.post(f"{API}/holds/{held['token']}/extension")).status_code == 200
    assert (await client.post(f"{API}/holds/{held['token']}/extension")).status_code == 409
    body = {"hold": held["token"], "person": booking(at(tools, 9))["person"]}
    booked = await client.post(f"{API}/appointments", json=body)
    assert booked.status_code == 201
    assert (await client.post(f"{API}/appointments", json=body)).status_code == 409, "a hold is used once"
    assert len(await outbox(tools)) == 1
    await assert_consistent(tools)


async def test_the_end_of_a_hold_that_was_extended_meanwhile_leaves_its_time_alone(
    client: Client, tools: Tools
) -> None:
    """The work may have been claimed, or put off, by somebody who did not see the extension."""
    held = (await client.post(f"{API}/holds", json=wish(at(tools, 9)))).json()
    id = tools.links.read(HOLD_LINK, held["token"])[0]
    async with acting(tools) as act:
        await end_hold(act, Claim(HOLD_END, str(id), 1, uuid4()))
        due_at = (await act.conn.execute(text("select due_at from due_work where kind = 'hold-end'"))).scalar_one()
    assert due_at == datetime.fromisoformat(held["held_until"])
    body = {"hold": held["token"], "person": booking(at(tools, 9))["person"]}
    assert (await client.post(f"{API}/appointments", json=body)).status_code == 201


async def test_cancelling_frees_the_seat_at_once_and_happens_once(client: Client, tools: Tools) -> None:
    start = at(tools, 9)
    await fill(client, tools, start, leave=1)
    booked = (await client.post(f"{API}/appointments", json=booking(start))).json()
    address = f"{API}/appointments/{booked['token']}/cancellation"
    answers = await asyncio.gather(*[client.post(address) for _ in range(5)])
    assert sorted(answer.status_code for answer in answers) == [200, 410, 410, 410, 410]
    assert (await client.post(f"{API}/appointments", json=booking(start))).status_code == 201
    row = [row for row in await outbox(tools) if row.type.endswith("AppointmentCancelled")]
    assert len(row) == 1
    fact = AppointmentCancelled.model_validate_json(row[0].body)
    assert (fact.version, fact.appointment.status, fact.before.status, fact.by) == (
        2,
        "cancelled",
        "confirmed",
        "citizen",
    )
    assert (await client.get(f"{API}/appointments/{booked['token']}")).json()["status"] == "cancelled"


async def test_an_appointment_that_began_cannot_be_cancelled(client: Client, tools: Tools) -> None:
    start = at(tools, 9)
    booked = (await client.post(f"{API}/appointments", json=booking(start))).json()
    pass_time(tools, start - tools.clock.now() + timedelta(seconds=1))
    answer = await client.post(f"{API}/appointments/{booked['token']}/cancellation")
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("too-late")


def next_sunday(tools: Tools) -> Any:
    day = tools.clock.now().astimezone(BERLIN)
    return (day + timedelta(days=6 - day.weekday() or 7)).replace(hour=10, minute=0, second=0, microsecond=0)


@pytest.mark.parametrize(
    ("moment", "kind"),
    [
        (lambda s: at(s, 8, 50), "time-not-offered"),
        (lambda s: at(s, 17), "time-not-offered"),
        (lambda s: at(s, 9, 5), "time-not-offered"),
        (lambda s: at(s, 9, days=40), "time-not-offered"),
        (lambda s: at(s, 9, days=3) - timedelta(days=30), "time-not-offered"),
        (lambda s: next_sunday(s), "time-not-offered"),
    ],
    ids=["before opening", "at closing", "off the grid", "beyond the window", "in the past", "on a sunday"],
)
async def test_times_outside_the_offer_are_refused(client: Client, tools: Tools, moment: Any, kind: str) -> None:
    answer = await client.post(f"{API}/appointments", json=booking(moment(tools)))
    assert answer.status_code == 409
    assert answer.json()["type"].endswith(kind)


async def test_a_long_appointment_must_end_before_closing(client: Client, tools: Tools) -> None:
    late = await client.post(f"{API}/appointments", json=booking(at(tools, 16, 30), services=FAMILY))
    assert late.status_code == 409
    fits = await client.post(f"{API}/appointments", json=booking(at(tools, 16, 20), services=FAMILY))
    assert fits.status_code == 201


@pytest.mark.parametrize(
    ("person", "field"),
    [
        ({"name": " "}, "person.name"),
        ({"mail": "not a mail"}, "person.mail"),
        ({"mail": ""}, "person.mail"),
        ({"channels": []}, "person.channels"),
        ({"channels": ["sms"]}, "person.phone"),
        ({"channels": ["sms"], "phone": "0203 94000"}, "person.phone"),
        ({"channels": ["sms"], "phone": "12"}, "person.phone"),
        ({"channels": ["pigeon"]}, "person.channels.0"),
        ({"language": "xx"}, "person.language"),
    ],
)
async def test_every_wrong_field_is_named(client: Client, tools: Tools, person: dict[str, Any], field: str) -> None:
    answer = await client.post(f"{API}/appointments", json=booking(at(tools, 9), person=person))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert await outbox(tools) == []


@pytest.mark.parametrize("query", ["services=%00", "services=meldebescheinigung&station=%00"])
async def test_keys_no_database_can_hold_are_refused(client: Client, query: str) -> None:
    assert (await client.get(f"{API}/free-times?{query}")).status_code == 422


async def test_made_up_links_and_choices_are_refused(client: Client, tools: Tools) -> None:
    assert (await client.get(f"{API}/appointments/made-up")).status_code == 404
    held = (await client.post(f"{API}/holds", json=wish(at(tools, 9)))).json()
    assert (await client.get(f"{API}/appointments/{held['token']}")).status_code == 404, (
        "a hold's token is no manage link"
    )
    unknown = await client.post(f"{API}/appointments", json=booking(at(tools, 9), station="atlantis"))
    assert unknown.status_code == 422
    unknown = await client.post(f"{API}/appointments", json=booking(at(tools, 9), services=("flying",)))
    assert unknown.status_code == 422
    assert (await client.get(f"{API}/staff/unreached")).status_code == 401
    garbled = await client.get(f"{API}/staff/unreached", headers={"Authorization": "Bearer x.y.z"})
    assert garbled.status_code in (401, 503)


async def test_a_failing_commit_acknowledges_nothing(client: Client, tools: Tools) -> None:
    """COMMIT itself is made to fail: the answer must be an error, because nothing was booked."""
    async with tools.db.transaction() as conn:
        await conn.execute(
            text("create function refuse() returns trigger language plpgsql as 'begin raise exception ''no''; end'")
        )
        await conn.execute(
            text("""
            create constraint trigger refuse after insert on outbox deferrable initially deferred
            for each row execute function refuse()
        """)
        )
    answer = await client.post(f"{API}/appointments", json=booking(at(tools, 9)))
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    async with tools.db.transaction() as conn:
        assert (await conn.execute(text("select count(*) from appointments"))).scalar_one() == 0
        assert (await conn.execute(text("select count(*) from seats"))).scalar_one() == 0


async def test_the_calendar_file_can_be_read(client: Client, tools: Tools) -> None:
    start = at(tools, 9)
    booked = (await client.post(f"{API}/appointments", json=booking(start))).json()
    answer = await client.get(f"{API}/appointments/{booked['token']}/calendar.ics")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    [event] = Calendar.from_ical(answer.content).walk("VEVENT")
    assert event.decoded("dtstart") == start
    assert str(event["sequence"]) == "0"
    assert booked["number"] in str(event["description"])
    assert "0203 94000" in str(event["description"])


async def test_free_times_are_those_that_can_be_booked(client: Client, tools: Tools) -> None:
    day = at(tools, 9).date()
    query: dict[str, Any] = {
        "services": ["familienanmeldung"],
        "station": "walsum",
        "first_day": day.isoformat(),
        "days": 1,
    }
    [before] = (await client.get(f"{API}/free-times", params=query)).json()
    assert len(before["starts"]) == 45, "from 9:00 to 16:20 each ten minutes"
    for _ in range(3):
        body = booking(at(tools, 12), station="walsum", services=FAMILY)
        assert (await client.post(f"{API}/appointments", json=body)).status_code == 201
    [after] = (await client.get(f"{API}/free-times", params=query)).json()
    gone = set(before["starts"]) - set(after["starts"])
    assert len(gone) == 7, "four seats are taken everywhere, and three starts before them would overlap"
    anywhere: dict[str, Any] = {"services": ["reisepass"], "days": 3}
    everywhere = (await client.get(f"{API}/free-times", params=anywhere)).json()
    assert len(everywhere) == 7
    assert (await client.get(f"{API}/free-times", params={"services": ["flying"]})).status_code == 422
    assert (await client.get(f"{API}/free-times")).status_code == 422


@pytest.mark.due_work
async def test_a_forgotten_hold_is_deleted_with_what_was_typed(client: Client, tools: Tools) -> None:
    await client.post(f"{API}/holds", json=wish(at(tools, 9)))
    pass_time(tools, timedelta(hours=2, minutes=11))

    async def gone() -> bool:
        async with tools.db.transaction() as conn:
            left = (await conn.execute(text("select count(*) from appointments"))).scalar_one()
            seats = (await conn.execute(text("select count(*) from seats"))).scalar_one()
        return (left, seats) == (0, 0)

    await eventually(gone)


@pytest.mark.due_work
async def test_two_weeks_after_the_appointment_nothing_of_the_person_is_left(client: Client, tools: Tools) -> None:
    booked = (await client.post(f"{API}/appointments", json=booking(at(tools, 9)))).json()
    end = datetime.fromisoformat(booked["ends_at"])
    pass_time(tools, end - tools.clock.now() + retention.PERSON_AFTER_MATTER - timedelta(minutes=5))

    async def forgotten() -> bool:
        async with tools.db.transaction() as conn:
            people = (await conn.execute(text("select count(*) from people"))).scalar_one()
            sealed = (await conn.execute(text("select state ->> 'contact' from appointments"))).scalar_one()
        return people == 0 and sealed is None

    async def forgotten_an_hour_later() -> bool:
        pass_time(tools, timedelta(hours=1))
        return await forgotten()

    assert not await forgotten()
    await eventually(forgotten_an_hour_later, every=0.5)
    assert (await client.get(f"{API}/appointments/{booked['token']}")).status_code == 200
