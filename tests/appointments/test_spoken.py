"""Languages of pages, of messages, of an interpreter and at a counter; and what the start page says is free."""

import json
from datetime import datetime, time
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.appointments.booking.facts import manage_url
from shared.clock import BERLIN, Clock
from shared.tools import Tools
from tests.appointments.clerk import Clerk
from tests.appointments.kit import API, FAMILY, Client, at, booking, outbox, wish
from tests.appointments.visitor import Visitor, content, own_links


async def published(tools: Tools) -> dict[str, Any]:
    [fact] = await outbox(tools)
    found: dict[str, Any] = json.loads(fact.body)["appointment"]
    return found


async def test_pages_messages_and_interpreter_are_three_languages(client: Client, tools: Tools) -> None:
    visitor = Visitor(client, "/en")
    answer = await visitor.press_time(at(tools, 10))
    draft = answer.headers["location"].removesuffix("/details")
    await visitor.fill_in(draft, language="tr", interpreter="ar")
    booked = await visitor.press(f"{draft}/check")
    token = booked.headers["location"].removesuffix("?new=1").rpartition("/")[2]
    state = await published(tools)
    assert (state["page_language"], state["language"], state["interpreter"]) == ("en", "tr", "ar")
    found = (await client.get(f"{API}/appointments/{token}")).json()
    assert (found["page_language"], found["language"], found["interpreter"]) == ("en", "tr", "ar")
    assert "/en/appointments/m/" in found["manage_url"], "there are no pages in Turkish"


async def test_who_books_without_pages_has_no_page_language(client: Client, tools: Tools) -> None:
    await client.post(f"{API}/appointments", json=booking(at(tools, 10), person={"language": "en"}))
    assert (await published(tools))["page_language"] is None


@pytest.mark.parametrize(
    ("language", "page_language", "prefix"),
    [("en", "de", "/en"), ("tr", "en", "/en"), ("ar", None, ""), ("de", "en", ""), ("de-simple", "en", "/en")],
)
def test_a_message_links_to_pages_in_its_language_or_in_the_readers(
    language: str, page_language: str | None, prefix: str, tools: Tools
) -> None:
    url = manage_url(tools, uuid4(), 1, language, page_language)
    assert url.startswith(f"{tools.settings.platform.public_url}{prefix}/appointments/m/")


async def test_a_place_says_what_is_spoken_there(client: Client, tools: Tools) -> None:
    visitor = Visitor(client)
    place = content(await visitor.see("/appointments/book/place?services=meldebescheinigung"))
    assert "Hier spricht jemand auch: Türkçe, Български" in place
    stations = {each["key"]: each["languages"] for each in (await client.get(f"{API}/stations")).json()}
    assert (stations["hamborn"], stations["sued"]) == (["tr", "bg"], [])

    draft = await visitor.hold(at(tools, 10))
    tree = await visitor.see(f"{draft}/details")
    options = {each.get("value"): each.text for each in tree.iter("option")}
    assert options["ar"] == "العربية – wird dort gesprochen"
    assert options["ro"] == "Română"
    for wanted, said in (("ar", True), ("ro", False)):
        await visitor.fill_in(draft, interpreter=wanted)
        assert ("An Ihrem Schalter spricht jemand" in content(await visitor.see(f"{draft}/check"))) == said


async def counters_of(tools: Tools) -> list[str]:
    """The counters of all that is booked or held, in the order of their numbers."""
    async with tools.db.transaction() as conn:
        return list((await conn.execute(text("select counter from appointments order by counter"))).scalars())


async def test_whoever_needs_a_language_gets_a_counter_that_speaks_it(client: Client, tools: Tools) -> None:
    start = at(tools, 10)
    for _ in range(3):
        body = booking(start, services=FAMILY, person={"interpreter": "tr"})
        answer = await client.post(f"{API}/appointments", json=body, headers={"Idempotency-Key": str(uuid4())})
        assert answer.status_code == 201
    assert (await counters_of(tools)).count("mitte-3") == 1, "the others got another one"
    body = booking(at(tools, 15), person={"interpreter": "tr"})
    token = (await client.post(f"{API}/appointments", json=body)).json()["token"]
    moved = {"station": "hamborn", "starts_at": start.isoformat()}
    assert (await client.post(f"{API}/appointments/{token}/rescheduling", json=moved)).status_code == 200
    assert (await counters_of(tools))[0] in ("hamborn-1", "hamborn-2")


async def test_a_hold_moves_to_a_counter_that_speaks_what_is_asked_for(client: Client, tools: Tools) -> None:
    start, visitor = at(tools, 10), Visitor(client)
    async with tools.db.transaction() as conn:
        await conn.execute(text("update counters set languages = '{}' where key <> 'mitte-5'"))
    held = [await client.post(f"{API}/holds", json=wish(start, services=FAMILY)) for _ in range(2)]
    drafts = [f"/appointments/book/{each.json()['token']}" for each in held]
    for draft in drafts:
        await visitor.fill_in(draft, interpreter="ar")
    said = [content(await visitor.see(f"{draft}/check")) for draft in drafts]
    for words in ("An Ihrem Schalter spricht jemand", "An diesem Ort spricht jemand"):
        assert sum(f"{words} العربية" in each for each in said) == 1, "one of them has the only such counter"
    for draft in drafts:
        assert (await visitor.press(f"{draft}/check")).status_code == 303
    async with tools.db.transaction() as conn:
        seats = await conn.execute(text("select count(*) from seats group by appointment, counter"))
        assert list(seats.scalars()) == [4, 4], "each has all its seats, and at one counter"


async def test_staff_see_what_is_spoken_at_a_counter(client: Client, tools: Tools) -> None:
    start = at(tools, 10)
    await client.post(f"{API}/appointments", json=booking(start, person={"interpreter": "ar"}))
    clerk = Clerk.sign_in(client, tools)
    path = f"/day?place=mitte&day={start.date()}"
    assert "5العربية – wird am Schalter gesprochen" in content(await clerk.see(path))
    async with tools.db.transaction() as conn:
        await conn.execute(text("update counters set languages = '{}' where key = 'mitte-5'"))
    assert "wird am Schalter nicht gesprochen" in content(await clerk.see(path))
    assert "Hier wird auch gesprochen: English, Türkçe" in content(await clerk.see("/counter/mitte-3"))
    assert "Hier wird auch gesprochen" not in content(await clerk.see("/counter/mitte-2"))


def stand_at(tools: Tools, moment: datetime) -> None:
    file = tools.settings.platform.clock_file
    assert file is not None
    Clock.move(file, moment - tools.clock.now() + tools.clock.offset())


async def test_the_start_page_says_when_today_is_taken(client: Client, tools: Tools) -> None:
    morning = at(tools, 8)
    stand_at(tools, morning)
    visitor, says = Visitor(client), "Heute sind alle Zeiten vergeben"
    assert says not in content(await visitor.see("/appointments/"))
    async with tools.db.transaction() as conn:
        await conn.execute(
            text("""
                insert into seats (counter, starts_at, appointment)
                select key, cast(:first as timestamptz) + make_interval(mins => 10 * n), gen_random_uuid()
                from counters, generate_series(0, 71) n
            """),
            {"first": morning},
        )
    tree = await visitor.see("/appointments/")
    assert says in content(tree)
    assert "/appointments/waiting/services" in own_links(tree)
    assert "/appointments/book?place=mitte" in own_links(tree), "on other days there are times"
    stand_at(tools, datetime.combine(morning.astimezone(BERLIN).date(), time(20), BERLIN))
    assert says not in content(await visitor.see("/appointments/")), "the day is over"


async def test_the_start_page_names_the_next_time_by_video(client: Client) -> None:
    tree = await Visitor(client).see("/appointments/")
    assert "/appointments/book?place=video" in own_links(tree)
    assert content(tree).count("Per Video") == 1
    tree = await Visitor(client).see("/appointments/book?place=video")
    assert "Per Video" in content(tree)
    assert "auch per Video" in content(tree)
