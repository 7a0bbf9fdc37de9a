"""Moving an appointment over HTTP."""

from datetime import datetime, timedelta

from shared.events.appointments import AppointmentRescheduled
from shared.tools import Tools
from tests.appointments.checks import assert_consistent, fill
from tests.appointments.kit import API, FAMILY, Client, at, booking, outbox, pass_time


async def test_moving_keeps_number_and_link_and_frees_the_old_seat(client: Client, tools: Tools) -> None:
    start, later = at(tools, 9), at(tools, 14, 30)
    await fill(client, tools, start, leave=1)
    booked = (await client.post(f"{API}/appointments", json=booking(start))).json()
    address = f"{API}/appointments/{booked['token']}/rescheduling"
    new = {"station": "sued", "starts_at": later.isoformat()}
    moved = (await client.post(address, json=new)).json()
    changed = {name for name in booked if booked[name] != moved[name]}
    assert changed == {"station", "starts_at", "ends_at"}
    assert datetime.fromisoformat(moved["starts_at"]) == later
    assert (await client.post(address, json=new)).json() == moved
    assert (await client.post(f"{API}/appointments", json=booking(start, name="Next"))).status_code == 201
    facts = [row for row in await outbox(tools) if row.type.endswith("Rescheduled")]
    assert len(facts) == 1, "the second request changed nothing"
    fact = AppointmentRescheduled.model_validate_json(facts[0].body)
    assert (fact.before.starts_at, fact.appointment.starts_at) == (start, later)
    assert (fact.before.number, fact.before.contact) == (fact.appointment.number, fact.appointment.contact)
    assert fact.appointment.place.key == "sued"
    await assert_consistent(tools)


async def test_a_move_that_fails_keeps_the_old_time(client: Client, tools: Tools) -> None:
    start, full = at(tools, 9), at(tools, 10)
    booked = (await client.post(f"{API}/appointments", json=booking(start))).json()
    await fill(client, tools, full, leave=0)
    address = f"{API}/appointments/{booked['token']}/rescheduling"
    refused = await client.post(address, json={"station": "mitte", "starts_at": full.isoformat()})
    assert refused.status_code == 409
    assert len(refused.json()["nearest"]) == 5
    closed = at(tools, 20)
    assert (await client.post(address, json={"station": "mitte", "starts_at": closed.isoformat()})).status_code == 409
    assert (await client.get(f"{API}/appointments/{booked['token']}")).json() == booked
    assert not [row for row in await outbox(tools) if row.type.endswith("Rescheduled")]
    await assert_consistent(tools)


async def test_an_appointment_of_several_seats_moves_by_one(client: Client, tools: Tools) -> None:
    start = at(tools, 9)
    booked = (await client.post(f"{API}/appointments", json=booking(start, station="walsum", services=FAMILY))).json()
    address = f"{API}/appointments/{booked['token']}/rescheduling"
    for minutes in (10, 20, 10):
        body = {"station": "walsum", "starts_at": (start + timedelta(minutes=minutes)).isoformat()}
        assert (await client.post(address, json=body)).status_code == 200
    await assert_consistent(tools)


async def test_what_is_over_or_cancelled_is_not_moved(client: Client, tools: Tools) -> None:
    booked = [(await client.post(f"{API}/appointments", json=booking(at(tools, 9)))).json() for _ in range(2)]
    body = {"station": "mitte", "starts_at": at(tools, 9, days=9).isoformat()}
    addresses = [f"{API}/appointments/{each['token']}" for each in booked]
    await client.post(f"{addresses[0]}/cancellation")
    assert (await client.post(f"{addresses[0]}/rescheduling", json=body)).status_code == 410
    pass_time(tools, at(tools, 9) - tools.clock.now())
    assert (await client.post(f"{addresses[1]}/rescheduling", json=body)).status_code == 409
