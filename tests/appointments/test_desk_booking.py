"""Staff book for people on the phone or at the counter, with or without a channel."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.appointments.booking.domain import HOLD
from shared.events.appointments import AppointmentBooked
from shared.tools import Tools
from tests.appointments.clerk import PAGES, Clerk
from tests.appointments.desk import deeds
from tests.appointments.kit import Client, at, outbox, pass_time
from tests.appointments.visitor import content, page, values
from tests.shared.web.html import by_id

TIMES = "/book/time?services=meldebescheinigung&place=mitte"
ERNA = {"name": "Erna Alt", "phone": "0203 94000", "language": "de"}


@pytest.fixture
def clerk(client: Client, tools: Tools) -> Clerk:
    return Clerk.sign_in(client, tools)


async def hold(clerk: Clerk, hour: int = 9, address: str = TIMES, key: str = "") -> str:
    """Hold a time: the path of the form for the person."""
    answer = await clerk.press(address, key, time=f"mitte {at(clerk.tools, hour).isoformat()}")
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].removeprefix(PAGES)


async def test_somebody_without_any_channel_gets_a_slip_with_the_way_to_their_appointment(clerk: Clerk) -> None:
    draft = await hold(clerk)
    answers = [await clerk.press(draft, **ERNA) for _ in range(2)]
    assert {answer.headers["location"] for answer in answers} == {answers[0].headers["location"]}
    path = answers[0].headers["location"].removeprefix(PAGES)
    shown = content(await clerk.see(path))
    assert "keine, nur der Zettel" in shown
    assert "0203 94000" in shown
    [row] = await outbox(clerk.tools)
    fact = AppointmentBooked.model_validate_json(row.body)
    assert fact.appointment.channels == []
    slip = await clerk.see(f"{path}/slip")
    picture = next(each for each in slip.iter("img") if each.get("src", "").startswith("data:image/svg+xml"))
    assert picture.get("alt")
    token = clerk.tools.links.token("manage", fact.id, 1)
    assert f"/appointments/m/{token}" in content(slip)
    assert fact.appointment.number in content(slip)
    citizens = page(await clerk.client.get(f"/appointments/m/{token}"))
    assert "Wir schicken Ihnen keine Nachrichten" in content(citizens)
    assert await deeds(clerk.tools) == [("schalter-mitte", "booked")]


async def test_somebody_who_wants_messages_gets_them(clerk: Clerk) -> None:
    typed: dict[str, Any] = {"name": "Erna Alt", "mail": "erna@example.org", "channels": ["mail"], "language": "tr"}
    await clerk.press(await hold(clerk), **typed)
    fact = AppointmentBooked.model_validate_json((await outbox(clerk.tools))[0].body)
    assert (fact.appointment.channels, fact.appointment.language) == (["mail"], "tr")


async def test_mistakes_are_named_and_what_was_typed_stays(clerk: Clerk) -> None:
    draft = await hold(clerk)
    typed: dict[str, Any] = {"name": " ", "channels": ["mail", "sms"], "phone": "0203 94000", "language": "de"}
    tree = page(await clerk.press(draft, **typed), 422)
    for message in ("Geben Sie den Namen ein.", "Geben Sie eine E-Mail-Adresse ein", "An Festnetz können wir keine"):
        assert message in content(tree)
    assert values(await clerk.see(draft))["phone"] == "0203 94000"
    assert await outbox(clerk.tools) == []


async def test_a_hold_that_ended_asks_for_another_time_and_keeps_what_was_typed(clerk: Clerk) -> None:
    draft = await hold(clerk)
    pass_time(clerk.tools, HOLD)
    tree = page(await clerk.press(draft, **ERNA), 409)
    assert "Die Reservierung ist abgelaufen" in content(tree)
    again = await hold(clerk, 10, f"{TIMES}&draft={draft.removeprefix('/book/')}")
    assert again == draft
    assert values(await clerk.see(again))["name"] == "Erna Alt"
    assert (await clerk.press(again, **ERNA)).status_code == 303


async def test_a_press_sent_twice_holds_one_time(clerk: Clerk) -> None:
    assert await hold(clerk, key="the-same-key") == await hold(clerk, key="the-same-key")
    async with clerk.tools.db.transaction() as conn:
        assert (await conn.execute(text("select count(*) from seats"))).scalar_one() == 1


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("place=mitte", "Wählen Sie mindestens ein Anliegen."),
        ("services=meldebescheinigung", "Wählen Sie einen Ort."),
        ("services=meldebescheinigung&place=homberg", "Wählen Sie einen Ort."),
        ("services=meldebescheinigung&counts=meldebescheinigung+9&place=mitte", "nicht mehr als angeboten"),
        ("services=fischereischein&place=mitte", "Wählen Sie einen anderen Ort"),
    ],
)
async def test_what_cannot_be_booked_is_said_before_the_time(clerk: Clerk, query: str, message: str) -> None:
    tree = await clerk.see(f"/book/time?{query}", 422)
    assert message in content(tree)
    by_id(tree, "services")


async def test_times_of_other_stations_are_neither_shown_nor_given(clerk: Clerk) -> None:
    times = await clerk.see("/book/time?services=meldebescheinigung&place=any")
    offered = {each.get("value", "").split()[0] for each in times.iter("button") if each.get("name") == "time"}
    assert offered == {"mitte"}
    answer = await clerk.press(
        "/book/time?services=meldebescheinigung&place=any", time=f"homberg {at(clerk.tools, 9).isoformat()}"
    )
    assert answer.status_code == 403


async def test_a_draft_of_another_station_cannot_be_opened(clerk: Clerk) -> None:
    everywhere = Clerk.sign_in(clerk.client, clerk.tools, "schalter")
    start = at(clerk.tools, 9).isoformat()
    answer = await everywhere.press(TIMES.replace("mitte", "homberg"), time=f"homberg {start}")
    draft = answer.headers["location"].removeprefix(PAGES)
    await everywhere.see(draft)
    await clerk.see(draft, 403)
    assert (await clerk.press(draft, **ERNA)).status_code == 403


async def test_a_taken_time_offers_the_nearest(clerk: Clerk) -> None:
    wanted = at(clerk.tools, 9) + timedelta(minutes=3)
    answer = await clerk.press(TIMES, time=f"mitte {wanted.isoformat()}")
    assert "Wählen Sie eine andere Zeit." in content(page(answer, 409))
