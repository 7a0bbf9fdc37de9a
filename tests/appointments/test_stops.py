"""Stops: seats for a day, which move with the stop, and whose people hear of it once."""

from datetime import datetime, timedelta

from shared.service import Service
from tests.appointments.closing import appointment, book, facts_of
from tests.appointments.conftest import API, Client, booking
from tests.appointments.stops import Stop, a_stop


async def starts_at(client: Client, stop: Stop) -> list[datetime]:
    """The free starts at a stop."""
    query: dict[str, str | int] = {"services": "meldebescheinigung", "station": stop.key, "days": 7}
    [found] = (await client.get(f"{API}/free-times", params=query)).json()
    return [datetime.fromisoformat(each) for each in found["starts"]]


def minutes(moment: datetime | str, since: datetime) -> int:
    """How many minutes after another moment."""
    moment = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return (moment - since) // timedelta(minutes=1)


async def test_a_stop_has_seats_from_arrival_to_departure_for_its_services(client: Client, service: Service) -> None:
    stop = await a_stop(service, hours=0.5)
    arrival = stop.state.arrives_at
    assert [minutes(each, arrival) for each in await starts_at(client, stop)] == [0, 10, 20]
    for name in ("Anna", "Berta"):
        booked = await book(client, arrival, name, station=stop.key)
    assert (booked["kind"], booked["station"]) == ("stop", stop.key)
    assert [minutes(each, arrival) for each in await starts_at(client, stop)] == [10, 20]
    [fact] = await facts_of(service, booked)
    assert fact["appointment"]["place"] == {
        "key": stop.key, "name": "Marktplatz Rumeln", "district": 700, "address": "vor der Sparkasse", "quarter": 704,
    }  # fmt: skip
    refused = await client.post(f"{API}/appointments", json=booking(arrival, station=stop.key, services=("reisepass",)))
    assert refused.json()["type"] == "urn:nahbar:problem:not-together"


async def test_who_can_be_where_they_were_in_the_stops_time_is_there(client: Client, service: Service) -> None:
    stop = await a_stop(service)
    arrival = stop.state.arrives_at
    booked = [await book(client, arrival + timedelta(minutes=n), f"Person {n}", station=stop.key) for n in (0, 20)]
    later = arrival + timedelta(hours=3)
    await stop.reschedule(arrives_at=later, departs_at=later + timedelta(hours=1))
    for each, minute in zip(booked, (0, 20), strict=True):
        found = await appointment(client, each)
        assert (minutes(found["starts_at"], later), found["status"]) == (minute, "confirmed")
        [_, fact] = await facts_of(service, each)
        assert (fact["type"], fact["by"], fact["known_reason"]) == ("AppointmentRescheduled", "city", "planning")
        assert (fact["cause"], fact["about"]["version"]) == (stop.told[-1].event_id, 2)
    assert minutes((await starts_at(client, stop))[-1], later) == 50
