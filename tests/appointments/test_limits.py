"""What the public may take: so many appointments a person, so many times an hour from a network address."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from services.appointments.app import create_app
from services.appointments.booking import usecases
from services.appointments.booking.bodies import PersonIn
from services.appointments.booking.domain import TimesUsedUp
from services.appointments.booking.facts import MANAGE
from services.appointments.booking.limits import note_taking
from services.appointments.booking.wishes import Wish
from services.appointments.settings import Settings
from shared.act import Act, acting
from shared.origins import Origin, Origins
from shared.runtime import Role
from shared.takings import forget_takings
from shared.tools import Tools
from tests.appointments.kit import API, Client, at, booking, pass_time, wish
from tests.appointments.visitor import TYPED, Visitor, content, heading, own_links, page
from tests.appointments.waiting import details_of, sell_out, wait
from tests.support.browsing import Browsing

PERSON_LIMIT, ADDRESS_LIMIT = 2, 4


@pytest_asyncio.fixture
async def app(settings: Settings) -> AsyncIterator[Any]:
    """The application with low limits, which hold for this machine too."""
    update = {"person_limit": PERSON_LIMIT, "address_limit": ADDRESS_LIMIT, "unlimited_networks": []}
    app = create_app(settings.model_copy(update=update), frozenset({Role.HTTP}))
    async with app.router.lifespan_context(app):
        yield app


async def book(client: Client, tools: Tools, minutes: int, mail: str = "anna@example.org") -> httpx.Response:
    start = at(tools, 9) + timedelta(minutes=minutes)
    return await client.post(f"{API}/appointments", json=booking(start, person={"mail": mail}))


async def count(tools: Tools, what: str) -> int:
    async with tools.db.transaction() as conn:
        found: int = (await conn.execute(text(f"select count(*) from {what}"))).scalar_one()
        return found


async def test_a_person_has_so_many_appointments_to_come_and_no_more(client: Client, tools: Tools) -> None:
    booked = [await book(client, tools, 10 * n) for n in range(PERSON_LIMIT)]
    assert {each.status_code for each in booked} == {201}
    refused = await book(client, tools, 50)
    assert refused.status_code == 429
    assert refused.json()["type"].endswith("appointments-used-up")
    assert refused.headers["retry-after"] == "86400"
    assert "appointments" not in refused.json()
    assert await count(tools, "seats") == PERSON_LIMIT, "what was refused left nothing behind"
    assert (await book(client, tools, 50, mail="other@example.org")).status_code == 201

    await client.post(f"{API}/appointments/{booked[0].json()['token']}/cancellation")
    assert (await book(client, tools, 60)).status_code == 201


@pytest.mark.parametrize("status", ["arrived", "offered"])
async def test_an_appointment_counts_until_it_is_over(client: Client, tools: Tools, status: str) -> None:
    for n in range(PERSON_LIMIT):
        assert (await book(client, tools, 10 * n)).status_code == 201
    async with tools.db.transaction() as conn:
        await conn.execute(text("update appointments set status = :status"), {"status": status})
    assert (await book(client, tools, 50)).status_code == 429


async def test_the_appointments_of_the_past_do_not_count(client: Client, tools: Tools) -> None:
    for n in range(PERSON_LIMIT):
        assert (await book(client, tools, 10 * n)).status_code == 201
    pass_time(tools, timedelta(days=10))
    assert (await book(client, tools, 10)).status_code == 201


async def test_one_person_who_books_and_confirms_at_once_gets_no_more(client: Client, tools: Tools) -> None:
    held = [await client.post(f"{API}/holds", json=wish(at(tools, 11))) for _ in range(2)]
    person = booking(at(tools, 9))["person"]
    confirming = [
        client.post(f"{API}/appointments", json={"hold": each.json()["token"], "person": person}) for each in held
    ]
    answers = await asyncio.gather(*confirming, *(book(client, tools, 10 * n) for n in range(2)))
    assert sorted(each.status_code for each in answers) == [201] * PERSON_LIMIT + [429] * 2
    assert await count(tools, "appointments where status = 'confirmed'") == PERSON_LIMIT


async def test_an_address_takes_so_many_times_an_hour(client: Client, tools: Tools) -> None:
    assert (await client.post(f"{API}/holds", json=wish(at(tools, 10)))).status_code == 201
    for n in range(ADDRESS_LIMIT - 1):
        assert (await book(client, tools, 10 * n, mail=f"{n}@example.org")).status_code == 201
    for refused in (
        await book(client, tools, 60, mail="new@example.org"),
        await client.post(f"{API}/holds", json=wish(at(tools, 11))),
    ):
        assert refused.status_code == 429
        assert refused.json()["type"].endswith("times-used-up")
        assert 3500 < int(refused.headers["retry-after"]) <= 3600
    assert await count(tools, "takings") == ADDRESS_LIMIT
    pass_time(tools, timedelta(hours=1, seconds=1))
    assert (await book(client, tools, 60, mail="new@example.org")).status_code == 201


async def test_an_address_that_took_too_much_waits_until_less_than_is_allowed_counts(app: Any, tools: Tools) -> None:
    """More than is allowed may count, because of requests at the same moment: those before are no reason to wait."""
    now, origins = tools.clock.now(), app.state.origins
    origin = Origin(origins.pseudonym("192.0.2.1"), ADDRESS_LIMIT)
    minutes = (50, 40, 30, 20, 10)
    rows = [{"origin": origin.pseudonym, "at": now - timedelta(minutes=each)} for each in minutes]
    async with tools.db.transaction() as conn:
        await conn.execute(text("insert into takings (origin, at) values (:origin, :at)"), rows)
        with pytest.raises(TimesUsedUp) as refused:
            await note_taking(Act(conn, tools, now, origin=origin))
    assert refused.value.headers == {"Retry-After": str(60 * (60 - minutes[-ADDRESS_LIMIT]))}


async def test_confirming_what_is_held_takes_nothing_new(client: Client, tools: Tools) -> None:
    held = [await client.post(f"{API}/holds", json=wish(at(tools, 10))) for _ in range(ADDRESS_LIMIT)]
    person = booking(at(tools, 9))["person"]
    answer = await client.post(f"{API}/appointments", json={"hold": held[-1].json()["token"], "person": person})
    assert answer.status_code == 201


async def test_other_addresses_are_not_held_up(app: Any, client: Client, tools: Tools) -> None:
    for n in range(ADDRESS_LIMIT):
        await book(client, tools, 10 * n, mail=f"{n}@example.org")
    elsewhere = httpx.ASGITransport(app, client=("198.51.100.7", 1))
    async with Browsing(transport=elsewhere, base_url="http://test") as other:
        assert (await book(other, tools, 60, mail="new@example.org")).status_code == 201


async def test_no_limit_holds_for_staff(client: Client, tools: Tools) -> None:
    details = PersonIn(name="Anna", mail="anna@example.org", channels=["mail"]).details()
    for n in range(ADDRESS_LIMIT + 1):
        start = at(tools, 9) + n * timedelta(minutes=10)
        async with acting(tools) as act:
            wanted = Wish("mitte", ("meldebescheinigung",), start)
            await usecases.book(act, uuid4(), wanted, details)
    assert await count(tools, "takings") == 0
    assert (await book(client, tools, 60)).status_code == 429, "but they count for the person"


async def test_the_page_says_what_to_do_and_nothing_of_the_appointments(client: Client, tools: Tools) -> None:
    for n in range(PERSON_LIMIT):
        await book(client, tools, 10 * n)
    visitor = Visitor(client)
    draft = await visitor.hold(at(tools, 14))
    await visitor.fill_in(draft)
    answer = await visitor.press(f"{draft}/check")
    tree = page(answer, 429)
    assert heading(tree) == "Mehr geht zurzeit nicht"
    assert "zusammen höchstens 2 Termine und Plätze auf der Warteliste" in content(tree)
    assert "/appointments/links" in own_links(tree)
    assert "09:" not in content(tree)
    assert answer.headers["retry-after"] == "86400"
    assert heading(await visitor.see(f"{draft}/check")) == "Prüfen und buchen", "the draft is still there"


async def test_a_place_on_the_waiting_list_counts_like_an_appointment(client: Client, tools: Tools) -> None:
    start = at(tools, 9)
    await sell_out(tools, start)
    waits = wait(start, name="Anna")
    assert (await client.post(f"{API}/waiting", json=waits)).status_code == 201
    assert (await book(client, tools, 10, mail=waits["person"]["mail"])).status_code == 201
    for refused in (
        await client.post(f"{API}/waiting", json=waits | {"services": ["reisepass"]}),
        await book(client, tools, 20, mail=waits["person"]["mail"]),
    ):
        assert refused.status_code == 429
        assert refused.json()["type"].endswith("appointments-used-up")
    assert await count(tools, "waiting_entries") == 1
    pass_time(tools, timedelta(days=10))
    assert (await book(client, tools, 20, mail=waits["person"]["mail"])).status_code == 201, "both are over"


async def test_nobody_waits_twice_for_the_same_and_the_page_does_not_say_what_is_there(
    client: Client, tools: Tools
) -> None:
    start, visitor = at(tools, 9), Visitor(client)
    await sell_out(tools, start)
    joined = (await visitor.press(details_of(start), **TYPED)).headers["location"].removesuffix("?new=1")
    again = await visitor.press(details_of(start), "pressed-again", **TYPED)
    tree = page(again, 429)
    assert heading(tree) == "Mehr geht zurzeit nicht"
    assert "nur einmal auf der Warteliste stehen" in content(tree)
    assert details_of(start) in own_links(tree)
    assert await count(tools, "waiting_entries") == 1
    await visitor.press(f"{joined}/leave")
    assert (await visitor.press(details_of(start), "pressed-again", **TYPED)).status_code == 303
    assert await count(tools, "waiting_entries") == 2


async def test_one_person_who_joins_and_books_at_once_gets_no_more(client: Client, tools: Tools) -> None:
    start = at(tools, 9)
    await sell_out(tools, start)
    waits = wait(start, name="Anna")
    joining = [client.post(f"{API}/waiting", json=waits) for _ in range(4)]
    booking_too = [book(client, tools, 10 * n, mail=waits["person"]["mail"]) for n in range(4)]
    answers = await asyncio.gather(*joining, *booking_too)
    assert sorted(each.status_code for each in answers) == [201] * PERSON_LIMIT + [429] * 6
    assert await count(tools, "waiting_entries") <= 1


async def test_too_many_times_from_an_address_are_told_on_a_page_with_the_wait(client: Client, tools: Tools) -> None:
    for n in range(ADDRESS_LIMIT):
        await book(client, tools, 10 * n, mail=f"{n}@example.org")
    tree = page(await Visitor(client).press_time(at(tools, 14)), 429)
    assert heading(tree) == "Bitte warten Sie einen Moment"
    assert "in 60 Minuten noch einmal" in content(tree)


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("/appointments/ticket?place=mitte", {"services": "meldebescheinigung"}, 303),
        ("/appointments/arrival?place=mitte", {"number": "1234-5678"}, 422),
    ],
)
async def test_numbers_of_the_hall_and_tries_to_arrive_count_as_well(
    client: Client, tools: Tools, path: str, fields: dict[str, str], status: int
) -> None:
    pass_time(tools, at(tools, 10) - tools.clock.now())
    visitor = Visitor(client)
    for _ in range(ADDRESS_LIMIT):
        assert (await visitor.press(path, **fields)).status_code == status
    refused = await visitor.press(path, **fields)
    assert heading(page(refused, 429)) == "Bitte warten Sie einen Moment"
    assert 3500 < int(refused.headers["retry-after"]) <= 3600
    pass_time(tools, timedelta(hours=1, seconds=1))
    assert (await visitor.press(path, **fields)).status_code == status


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("203.0.113.5", "203.0.113.5", True),
        ("203.0.113.5", "203.0.113.6", False),
        ("2001:db8:1:2::5", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::5", "2001:db8:1:3::5", False),
        ("::ffff:203.0.113.5", "203.0.113.5", True),
        ("somewhere", "elsewhere", False),
    ],
)
def test_addresses_are_kept_as_pseudonyms_of_their_network(one: str, other: str, same: bool) -> None:
    origins = Origins(Settings().people_secret, [], ADDRESS_LIMIT)
    pseudonyms = [origins.pseudonym(each) for each in (one, other)]
    assert all(each and one.encode() not in each for each in pseudonyms)
    assert (pseudonyms[0] == pseudonyms[1]) == same


def test_networks_of_the_city_are_not_limited() -> None:
    settings = Settings(unlimited_networks=["10.1.0.0/16", "2001:db8::/32"])
    origins = Origins(settings.people_secret, settings.unlimited_networks, ADDRESS_LIMIT)
    assert [origins.pseudonym(each) for each in ("10.1.2.3", "::ffff:10.1.2.3", "2001:db8::1")] == [None] * 3
    assert origins.pseudonym("10.2.0.1")


async def test_what_addresses_took_is_forgotten_after_an_hour(client: Client, tools: Tools) -> None:
    await book(client, tools, 0)
    async with tools.db.transaction() as conn:
        await forget_takings(Act(conn, tools, tools.clock.now() + timedelta(minutes=59)))
    assert await count(tools, "takings") == 1
    async with tools.db.transaction() as conn:
        await forget_takings(Act(conn, tools, tools.clock.now() + timedelta(minutes=61)))
    assert await count(tools, "takings") == 0


async def test_a_made_up_link_and_a_revoked_one_are_answered_alike(client: Client, tools: Tools) -> None:
    """Trying tokens teaches nothing."""
    revoked = (await book(client, tools, 0)).json()["token"]
    async with tools.db.transaction() as conn:
        await conn.execute(text("update appointments set generation = 2"))
    someone, nobody = tools.links.read(MANAGE, revoked)[0], uuid4()
    tokens = [
        revoked,
        tools.links.token(MANAGE, nobody, 1),
        tools.links.token("hold", someone, 2),
        tools.links.token(MANAGE, someone, 2)[:-1],
        "A" * 46,
        "ä",
    ]
    for path in ("{}", "{}/calendar.ics"):
        answers = [await client.get(f"{API}/appointments/{path.format(token)}") for token in tokens]
        assert {(each.status_code, each.text) for each in answers} == {(404, answers[0].text)}
    pages = [await client.get(f"/appointments/m/{token}") for token in tokens[:3]]
    assert {each.status_code for each in pages} == {404}
    assert len({each.text.replace(token, "") for each, token in zip(pages, tokens, strict=False)}) == 1
