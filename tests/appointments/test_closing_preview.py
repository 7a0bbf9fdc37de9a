"""Closures that concern people: the preview, one confirmation, and what becomes of each appointment."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.appointments.booking.changes import ALTERNATIVE_END
from shared.clock import BERLIN
from shared.tools import Tools
from tests.appointments.checks import assert_consistent
from tests.appointments.closing import (
    Lead,
    appointment,
    book,
    closed_seats_with_appointments,
    closing,
    counter_of,
    facts_of,
    send,
)
from tests.appointments.kit import API, Client, at, booking, outbox, pass_time, wish
from tests.appointments.statements import note_statements
from tests.support.wait import eventually

pytestmark = pytest.mark.usefixtures("roles_as_tokens")


@pytest.fixture
def lead(client: Client) -> Lead:
    return Lead(client)


async def offered(client: Client, tools: Tools, lead: Lead) -> dict[str, Any]:
    """An appointment whose station was closed, and which was offered another time."""
    booked = await book(client, at(tools, 9))
    await lead.close(closing(at(tools, 9).date()))
    return await appointment(client, booked)


async def act(client: Client, booked: dict[str, Any], what: str, status: int = 200, body: Any = None) -> dict[str, Any]:
    answer = await client.post(f"{API}/appointments/{booked['token']}/{what}", json=body)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_preview_names_whom_a_closure_concerns_and_changes_nothing(
    client: Client, tools: Tools, lead: Lead
) -> None:
    start = at(tools, 9)
    first, second = await book(client, start + timedelta(minutes=10)), await book(client, start, "Berta Beispiel")
    before = await outbox(tools)
    shown = await lead.preview(closing(start.date()))
    assert [(each["number"], each["name"]) for each in shown["appointments"]] == [
        (second["number"], "Berta Beispiel"),
        (first["number"], "Anna Muster"),
    ]
    assert {(each["proposal"], each["time"]["station"], each["same_time"]) for each in shown["appointments"]} == {
        ("offer", "mitte", False)
    }
    assert await lead.preview(closing(start.date())) == shown
    assert await outbox(tools) == before
    assert (await appointment(client, first))["status"] == "confirmed"


async def test_a_lost_counter_moves_people_to_another_at_the_same_time(
    client: Client, tools: Tools, lead: Lead
) -> None:
    start = at(tools, 9)
    booked = await book(client, start, services=("familienanmeldung",))
    lost = await counter_of(tools, booked)
    [row] = (await lead.preview(closing(start.date(), counter=lost)))["appointments"]
    assert (row["proposal"], row["same_time"]) == ("move", True)
    await lead.close(closing(start.date(), counter=lost))
    assert (await appointment(client, booked))["starts_at"] == booked["starts_at"]
    assert await counter_of(tools, booked) != lost
    assert await closed_seats_with_appointments(tools, start.date(), lost) == 0
    await assert_consistent(tools)
    moved = (await facts_of(tools, booked))[-1]
    assert (moved["type"], moved["by"]) == ("AppointmentRescheduled", "city")
    assert moved["appointment"]["counter"] != moved["before"]["counter"]
    for _ in range(6):
        await book(client, start)
    full = await client.post(f"{API}/appointments", json=booking(start))
    assert full.status_code == 409, "seven counters of eight are left"


async def test_hours_of_a_day_close_those_hours_alone(client: Client, tools: Tools, lead: Lead) -> None:
    early, late = at(tools, 9), at(tools, 14)
    kept, lost = await book(client, early), await book(client, late)
    hours = closing(early.date(), from_time="13:00", until_time="16:00")
    assert [each["number"] for each in (await lead.preview(hours))["appointments"]] == [lost["number"]]
    await lead.close(hours)
    assert (await appointment(client, kept))["status"] == "confirmed"
    assert (await appointment(client, lost))["instead_of"]["starts_at"] == lost["starts_at"]
    query: dict[str, Any] = {"services": "meldebescheinigung", "station": "mitte", "days": 1}
    [free] = (await client.get(f"{API}/free-times", params=query | {"first_day": str(early.date())})).json()
    hours_free = {datetime.fromisoformat(each).astimezone(BERLIN).hour for each in free["starts"]}
    assert 9 in hours_free
    assert hours_free & {13, 14, 15} == set()


async def test_what_was_confirmed_happens_to_each_in_one_transaction(client: Client, tools: Tools, lead: Lead) -> None:
    start, id = at(tools, 9), str(uuid4())
    asked, moved, ended = [await book(client, start, name) for name in ("Anna", "Berta", "Carla")]
    choices = {moved["number"]: "move", ended["number"]: "cancel"}
    closed = await lead.close(closing(start.date()), id, by_number=choices)
    assert (closed["status"], closed["version"]) == ("in_force", 1)
    states = [await appointment(client, each) for each in (asked, moved, ended)]
    assert [each["status"] for each in states] == ["offered", "confirmed", "cancelled"]
    assert states[1]["starts_at"] != start.isoformat()
    assert await closed_seats_with_appointments(tools, start.date()) == 0

    offer, move, end = [(await facts_of(tools, each))[-1] for each in (asked, moved, ended)]
    assert [each["type"] for each in (offer, move, end)] == [
        "AlternativeOffered", "AppointmentRescheduled", "AppointmentCancelled",
    ]  # fmt: skip
    assert {(each["about"]["id"], each["about"]["version"], each["version"]) for each in (offer, move, end)} == {
        (id, 1, 2)
    }
    assert offer["appointment"]["instead_of"]["reason"] == move["reason"] == end["reason"] == "Wasserschaden"
    assert offer["before"]["starts_at"] == offer["appointment"]["instead_of"]["starts_at"]
    async with tools.db.transaction() as conn:
        causes = await conn.execute(
            text("select distinct cause, (select event_id from outbox where aggregate = :id) from outbox "
                 "where version = 2"),
            {"id": id},
        )  # fmt: skip
        [(cause, closure)] = causes.all()
        assert cause == closure
        noted = await conn.execute(text("select action, station, details from audit"))
        assert noted.all() == [("closed", "mitte", {"offer": 1, "move": 1, "cancel": 1})]

    count = len(await outbox(tools))
    assert await lead.close(closing(start.date()), id) == closed, "sent again"
    assert len(await outbox(tools)) == count
    await assert_consistent(tools)


@pytest.mark.parametrize(("for_all", "becomes"), [("move", "confirmed"), ("cancel", "cancelled"), ("offer", "offered")])
async def test_one_choice_may_hold_for_all(
    client: Client, tools: Tools, lead: Lead, for_all: str, becomes: str
) -> None:
    start = at(tools, 9)
    booked = [await book(client, start) for _ in range(3)]
    await lead.close(closing(start.date()), for_all=for_all)
    assert {(await appointment(client, each))["status"] for each in booked} == {becomes}


async def test_an_outdated_preview_is_refused_with_the_new_one(client: Client, tools: Tools, lead: Lead) -> None:
    start, id = at(tools, 9), str(uuid4())
    await book(client, start)
    seen = await lead.preview(closing(start.date()))
    late = await book(client, start, "Berta")
    body = closing(start.date()) | {"confirmation": {"preview": seen["version"]}}
    refused = await send(client, "PUT", f"/{id}", body, status=409)
    assert refused["type"] == "urn:nahbar:problem:preview-outdated"
    assert refused["preview"] == await lead.preview(closing(start.date()))
    assert {each["number"] for each in refused["preview"]["appointments"]} > {late["number"]}
    await send(client, "GET", f"/{id}", status=404)
    body["confirmation"] = {"preview": refused["preview"]["version"]}
    await send(client, "PUT", f"/{id}", body)


@pytest.mark.due_work
async def test_a_taken_alternative_is_binding_and_is_taken_once(client: Client, tools: Tools, lead: Lead) -> None:
    kept = await offered(client, tools, lead)
    taken = await act(client, kept, "acceptance")
    assert (taken["status"], taken["starts_at"], taken["number"]) == ("confirmed", kept["starts_at"], kept["number"])
    assert await act(client, kept, "acceptance") == taken
    pass_time(tools, timedelta(days=2, minutes=1))
    await eventually(lambda: nothing_ends(tools))
    assert (await appointment(client, kept))["status"] == "confirmed"
    fact = (await facts_of(tools, kept))[-1]
    assert (fact["type"], fact["by"], fact["version"]) == ("AppointmentRescheduled", "citizen", 3)
    assert fact["before"]["starts_at"].replace("Z", "+00:00") == kept["instead_of"]["starts_at"].replace("Z", "+00:00")
    assert fact["appointment"]["instead_of"] is None
    await assert_consistent(tools)


async def test_an_alternative_may_be_declined_or_exchanged(client: Client, tools: Tools, lead: Lead) -> None:
    first = await offered(client, tools, lead)
    start = at(tools, 11, days=9)
    moved = await act(client, first, "rescheduling", body={"station": "sued", "starts_at": start.isoformat()})
    assert (moved["status"], moved["station"], moved["instead_of"]) == ("confirmed", "sued", None)
    assert (await facts_of(tools, first))[-1]["before"]["status"] == "confirmed"
    second = await book(client, at(tools, 9, days=9))
    await lead.close(closing(at(tools, 9, days=9).date()))
    assert (await act(client, second, "cancellation"))["status"] == "cancelled"
    await act(client, second, "acceptance", 410)
    await assert_consistent(tools)


@pytest.mark.due_work
async def test_after_the_deadline_the_seat_is_free_and_the_city_cancels_once(
    client: Client, tools: Tools, lead: Lead
) -> None:
    kept = await offered(client, tools, lead)
    pass_time(tools, _deadline(kept) - tools.clock.now() + timedelta(seconds=1))
    refused = await act(client, kept, "acceptance", 410)
    assert refused["type"] in ("urn:nahbar:problem:alternative-over", "urn:nahbar:problem:already-cancelled")
    assert await book(client, _moment(kept), "Berta"), "to the second"

    async def ended() -> bool:
        return bool((await appointment(client, kept))["status"] == "cancelled")

    await eventually(ended)
    facts = await facts_of(tools, kept)
    assert [each["type"] for each in facts] == ["AppointmentBooked", "AlternativeOffered", "AppointmentCancelled"]
    assert (facts[-1]["by"], facts[-1]["reason"].startswith("Die Zeit, die wir")) == ("city", True)
    await assert_consistent(tools)


@pytest.mark.due_work
@pytest.mark.parametrize("left", [50, -1])
async def test_taking_at_the_deadline_or_losing_to_whoever_books_it_then(
    client: Client, tools: Tools, lead: Lead, left: int
) -> None:
    kept = await offered(client, tools, lead)
    until, start = _deadline(kept), _moment(kept)
    for n in range(7):
        await book(client, start, f"before {n}")
    pass_time(tools, until - tools.clock.now() - timedelta(milliseconds=left))
    took, wins, over = 0, 0, False
    while not over:
        over = until < tools.clock.now()
        acceptance = client.post(f"{API}/appointments/{kept['token']}/acceptance")
        others = [client.post(f"{API}/appointments", json=booking(start, f"P{n}")) for n in range(3)]
        answers = await asyncio.gather(*others[:2], acceptance, *others[2:])
        took += answers.pop(2).status_code == 200
        wins += [each.status_code for each in answers].count(201)
    assert wins == (0 if took else 1), "seven counters of eight are taken"
    await eventually(lambda: settled(client, kept))
    assert (await appointment(client, kept))["status"] == ("confirmed" if took else "cancelled")
    await assert_consistent(tools)


async def nothing_ends(tools: Tools) -> bool:
    """Whether no alternative is still to end."""
    async with tools.db.transaction() as conn:
        found = await conn.execute(text("select 1 from due_work where kind = :kind"), {"kind": ALTERNATIVE_END})
        return found.first() is None


async def settled(client: Client, booked: dict[str, Any]) -> bool:
    return bool((await appointment(client, booked))["status"] != "offered")


async def test_a_closure_over_an_alternative_offers_another(client: Client, tools: Tools, lead: Lead) -> None:
    kept = await offered(client, tools, lead)
    await lead.close(closing(_moment(kept).date(), reason="Personalversammlung"))
    again = await appointment(client, kept)
    assert (again["status"], again["instead_of"]["reason"]) == ("offered", "Personalversammlung")
    assert again["starts_at"] != kept["starts_at"]
    assert again["instead_of"]["starts_at"] == kept["instead_of"]["starts_at"], "what they had booked"
    await act(client, kept, "acceptance")
    await assert_consistent(tools)


async def test_a_lifted_closure_frees_its_seats_but_for_those_another_has(
    client: Client, tools: Tools, lead: Lead
) -> None:
    start, first, second = at(tools, 9), str(uuid4()), str(uuid4())
    booked = await book(client, start)
    await lead.close(closing(start.date()), first, for_all="cancel")
    await lead.close(closing(start.date(), from_time="09:00", until_time="10:00"), second)
    await send(client, "POST", f"/{first}/lifting")
    assert (await appointment(client, booked))["status"] == "cancelled"
    assert (await client.post(f"{API}/holds", json=wish(start))).status_code == 409
    assert await book(client, at(tools, 10))
    assert [each["id"] for each in await send(client, "GET", "")] == [second]
    await send(client, "POST", f"/{second}/lifting")
    assert await book(client, start)


async def test_somebody_of_another_station_may_not_close_nor_see(client: Client, tools: Tools, lead: Lead) -> None:
    day, id = at(tools, 9).date(), str(uuid4())
    await lead.close(closing(day), id)
    other = "appointments:lead@homberg"
    await send(client, "PUT", f"/{uuid4()}", closing(day), role=other, status=403)
    await send(client, "POST", f"/{id}/lifting", role=other, status=403)
    assert await send(client, "GET", "", role=other) == []


async def test_another_counter_speaks_the_language_too(client: Client, tools: Tools, lead: Lead) -> None:
    start = at(tools, 9)
    booked = await book(client, start, person={"interpreter": "en"})
    counters = {"mitte-1", "mitte-3"}
    lost = await counter_of(tools, booked)
    assert lost in counters
    await lead.close(closing(start.date(), counter=lost))
    assert {lost, await counter_of(tools, booked)} == counters


async def test_many_take_hardly_more_statements_than_few(
    client: Client, tools: Tools, lead: Lead, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []
    taken = []
    note_statements(monkeypatch, statements.append)
    start = at(tools, 9)
    for people, station in ((2, "mitte"), (12, "sued")):
        for number in range(people):
            await book(client, start + number // 2 * timedelta(minutes=10), station=station)
        closure = closing(start.date(), station=station)
        body = closure | {"confirmation": {"preview": (await lead.preview(closure))["version"]}}
        statements.clear()
        await send(client, "PUT", f"/{uuid4()}", body)
        taken.append(len(statements))
    assert taken[1] - taken[0] < 5, "ten more people; workers and new connections have statements of their own"
    await assert_consistent(tools)


def _deadline(shown: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(shown["instead_of"]["until"])


def _moment(shown: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(shown["starts_at"])
