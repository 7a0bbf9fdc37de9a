"""The booking pages, asked without a browser: the way through, what is kept, what is sent twice."""

import asyncio
import gzip
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from services.appointments.booking.domain import MOST_EXTENSIONS
from shared.tools import Tools
from shared.web.formats import hhmm
from tests.appointments.kit import Client, at, outbox, pass_time
from tests.appointments.visitor import TYPED, Visitor, buttons, content, heading, own_links, page, values
from tests.shared.web.html import words

WORDS = {
    "": ("Was möchten Sie erledigen?", "Ihr Termin ist gebucht", "Dieser Termin ist abgesagt", "Sie haben ihn am"),
    "/en": (
        "What would you like to do?",
        "Your appointment is booked",
        "This appointment is cancelled",
        "You cancelled it",
    ),
}


async def held_until(tools: Tools) -> datetime:
    """Until when the only hold lasts."""
    async with tools.db.transaction() as conn:
        until: datetime = (await conn.execute(text("select held_until from appointments"))).scalar_one()
        return until


@pytest.mark.parametrize("prefix", WORDS)
async def test_the_whole_way_in_each_language(client: Client, tools: Tools, prefix: str) -> None:
    visitor, (first, booked, cancelled, by_you) = Visitor(client, prefix), WORDS[prefix]
    base = f"{prefix}/appointments"
    assert f"{base}/book" in own_links(await visitor.see(f"{base}/"))
    assert heading(await visitor.see(f"{base}/book")) == first
    await visitor.see(f"{base}/book/place?services=meldebescheinigung")
    await visitor.see(f"{base}/book/time?services=meldebescheinigung&place=any")

    draft = await visitor.hold(at(tools, 10))
    assert draft.startswith(f"{base}/book/")
    await visitor.see(f"{draft}/details")
    answer = await visitor.fill_in(draft, language="en", interpreter="ro")
    assert answer.headers["location"] == f"{draft}/check"
    assert "Anna Muster" in content(await visitor.see(f"{draft}/check"))
    answer = await visitor.press(f"{draft}/check")
    tree = await visitor.see(answer.headers["location"])
    assert heading(tree) == booked

    manage = answer.headers["location"].removesuffix("?new=1")
    await visitor.see(f"{manage}/cancel")
    answer = await visitor.press(f"{manage}/cancel")
    assert answer.headers["location"] == manage
    tree = await visitor.see(manage, 410)
    assert (heading(tree), by_you in content(tree)) == (cancelled, True)
    assert [row.type.rpartition(".")[2] for row in await outbox(tools)] == [
        "AppointmentBooked",
        "AppointmentCancelled",
    ]
    assert b"STATUS:CANCELLED" in (await client.get(f"{manage}/termin.ics")).content


async def test_two_presses_at_once_hold_one_time_and_book_once(client: Client, tools: Tools) -> None:
    visitor, start = Visitor(client), at(tools, 10)
    held = await asyncio.gather(*[visitor.press_time(start, key="the-same-key") for _ in range(4)])
    assert len({answer.headers["location"] for answer in held}) == 1
    draft = held[0].headers["location"].removesuffix("/details")
    await visitor.fill_in(draft)
    booked = await asyncio.gather(*[visitor.press(f"{draft}/check", key="another-key") for _ in range(4)])
    assert {answer.status_code for answer in booked} == {303}
    assert len({answer.headers["location"] for answer in booked}) == 1
    assert len(await outbox(tools)) == 1
    async with tools.db.transaction() as conn:
        assert (await conn.execute(text("select count(*) from seats"))).scalar_one() == 1


async def test_going_back_to_a_step_that_is_done_leads_to_the_appointment(client: Client, tools: Tools) -> None:
    visitor = Visitor(client)
    draft = await visitor.hold(at(tools, 10))
    await visitor.fill_in(draft)
    manage = (await visitor.press(f"{draft}/check")).headers["location"].removesuffix("?new=1")
    for step in ("details", "check"):
        assert (await client.get(f"{draft}/{step}")).headers["location"] == manage
        assert (await visitor.press(f"{draft}/{step}")).headers["location"] == f"{manage}?new=1"
    assert len(await outbox(tools)) == 1


async def test_all_mistakes_are_told_at_once_and_everything_typed_stays(client: Client, tools: Tools) -> None:
    visitor = Visitor(client)
    draft = await visitor.hold(at(tools, 10))
    typed = {"name": "", "mail": "anna@", "phone": "0203 94000"}
    tree = page(await visitor.fill_in(draft, **typed, language="en", interpreter="ro"), 422)
    assert f"/en{draft}/details?checked=1" in own_links(tree)
    for says in ("Geben Sie Ihren Namen ein.", "name@beispiel.de", "An Festnetz können wir keine SMS senden."):
        assert content(tree).count(says) == 2, "once in the summary, once at the field"
    for after in (tree, await visitor.see(f"{draft}/details"), await visitor.see(f"/en{draft}/details")):
        assert values(after) == typed
        chosen = {each.get("value") for each in after.iter() if {"checked", "selected"} & set(each.keys())}
        assert chosen == {"en", "ro"}
    assert (await client.get(f"{draft}/check")).headers["location"] == f"{draft}/details"
    assert (await visitor.press(f"{draft}/check")).headers["location"] == f"{draft}/details"
    assert await outbox(tools) == []


async def test_a_phone_number_alone_is_enough_and_is_shown_as_it_was_typed(client: Client, tools: Tools) -> None:
    visitor = Visitor(client)
    draft = await visitor.hold(at(tools, 10))
    assert (await visitor.fill_in(draft, mail="", phone="+49 152 288-17386")).status_code == 303
    assert values(await visitor.see(f"{draft}/details"))["phone"] == "+49 152 288-17386"
    assert "E-Mail-Adresse" not in content(await visitor.see(f"{draft}/check"))


async def test_more_time_is_ten_minutes_from_the_deadline_twelve_times(client: Client, tools: Tools) -> None:
    visitor = Visitor(client)
    draft = await visitor.hold(at(tools, 10))
    ends = await held_until(tools)
    for presses in range(1, MOST_EXTENSIONS + 1):
        fields = {**TYPED, "name": f"Anna {presses}", "action": "extend"}
        answers = [await visitor.press(f"{draft}/details", f"press-no-{presses}", **fields) for _ in "ab"]
        assert {answer.headers["location"] for answer in answers} == {f"{draft}/details"}
        tree = await visitor.see(f"{draft}/details")
        assert f"bis {hhmm(ends + presses * timedelta(minutes=10))} Uhr" in content(tree)
        assert values(tree)["name"] == f"Anna {presses}", "what was typed is kept"
    assert "10 Minuten mehr Zeit" not in buttons(tree)
    assert "Länger können wir sie nicht halten." in content(tree)


async def test_two_minutes_before_its_end_a_hold_warns(client: Client, tools: Tools) -> None:
    visitor, warning = Visitor(client), "In weniger als zwei Minuten läuft die Reservierung ab."
    draft = await visitor.hold(at(tools, 10))
    await visitor.fill_in(draft)
    pass_time(tools, await held_until(tools) - timedelta(minutes=2, seconds=30) - tools.clock.now())
    assert warning not in content(await visitor.see(f"{draft}/details"))
    pass_time(tools, timedelta(minutes=1))
    for step in ("details", "check"):
        answer = await client.get(f"{draft}/{step}")
        assert "script-src 'self'" in answer.headers["content-security-policy"], "so that it appears by itself too"
        [line] = [each for each in page(answer).iter() if each.get("role") == "status"]
        assert words(line) == f"{warning} Drücken Sie „10 Minuten mehr Zeit“, wenn Sie noch nicht fertig sind."


async def test_a_hold_that_is_over_says_so_and_keeps_what_was_typed(client: Client, tools: Tools) -> None:
    visitor = Visitor(client)
    draft = await visitor.hold(at(tools, 10))
    await visitor.fill_in(draft)
    pass_time(tools, timedelta(minutes=11))
    tree = await visitor.see(f"{draft}/check")
    assert f"Die Reservierung ist um {hhmm(await held_until(tools))} Uhr abgelaufen" in content(tree)
    assert buttons(tree) == []
    page(await visitor.press(f"{draft}/check"), 409)
    [again] = {link for link in own_links(tree) if "/book/time" in link and not link.startswith("/en")}
    await visitor.see(again)
    token = draft.rpartition("/")[2]
    assert (await visitor.press_time(at(tools, 11), draft=token)).headers["location"] == f"{draft}/details"
    assert values(await visitor.see(f"{draft}/details"))["name"] == "Anna Muster"
    assert (await visitor.press(f"{draft}/check")).headers["location"].startswith("/appointments/m/")


async def test_a_forgotten_draft_says_that_nothing_was_booked(client: Client, tools: Tools) -> None:
    visitor = Visitor(client)
    draft = await visitor.hold(at(tools, 10))
    async with tools.db.transaction() as conn:
        await conn.execute(text("delete from appointments"))
    for answer in (await client.get(f"{draft}/details"), await visitor.press(f"{draft}/check")):
        assert "Es wurde nichts gebucht." in content(page(answer, 410))


async def test_pages_are_small(client: Client, tools: Tools) -> None:
    visitor = Visitor(client)
    draft = await visitor.hold(at(tools, 10))
    await visitor.fill_in(draft)
    time_page = "/appointments/book/time?services=meldebescheinigung&place="
    paths = ["/appointments/", "/appointments/book", f"{time_page}mitte", f"{time_page}any", f"{draft}/check"]
    sizes = {path: len(gzip.compress((await client.get(path)).content)) for path in paths}
    assert max(sizes.values()) <= 30_000, sizes


async def test_nobody_is_promised_a_reminder_that_does_not_come(client: Client, tools: Tools) -> None:
    visitor, start = Visitor(client), at(tools, 10)
    reminder = "Am Werktag vor dem Termin erinnern wir Sie."
    manage = await visitor.book(start)
    assert reminder in content(await visitor.see(manage))
    pass_time(tools, start - tools.clock.now() - timedelta(hours=1))
    assert reminder not in content(await visitor.see(manage))
    draft = await visitor.hold(start + timedelta(hours=1))
    assert "Dorthin senden wir die Bestätigung." in content(await visitor.see(f"{draft}/details"))
