"""The list of services, and what happens to a choice that no place can do."""

from urllib.parse import urlencode

from services.appointments.offer.domain import Service as Bookable
from services.appointments.offer.pages import a_to_z, by_situation
from shared.city import City
from shared.tools import Tools
from tests.appointments.kit import Client, at
from tests.appointments.visitor import Visitor, content, own_links, page
from tests.shared.web.html import words

CITY = City.load("duisburg")
SERVICES = [
    Bookable(each.key, each.names, each.bring, each.minutes, situation=each.situation) for each in CITY.services
]
BOOK = "/appointments/book"


def address(step: str, *services: str, **others: str) -> str:
    return f"{BOOK}{step}?{urlencode([*(('services', each) for each in services), *others.items()])}"


def test_every_service_stands_in_the_list_once_in_either_order() -> None:
    keys = sorted(each.key for each in SERVICES)
    sections = by_situation(SERVICES, CITY.life_situations)
    assert sorted(each.key for section in sections for each in section.services) == keys
    assert [each.key for each in sections[0].services] == [each.key for each in SERVICES[:6]]
    assert sorted(each.key for each in a_to_z(SERVICES, "de")) == keys


def test_umlauts_stand_with_their_vowels() -> None:
    named = [Bookable(each, {"de": each}, {}, 10) for each in ("Öl", "Zoll", "Amt", "Ofen")]
    assert [each.key for each in a_to_z(named, "de")] == ["Amt", "Ofen", "Öl", "Zoll"]


async def test_a_search_keeps_what_was_ticked(client: Client) -> None:
    visitor = Visitor(client)
    tree = await visitor.see(address("", "reisepass", q="Fischerei"))
    boxes = {
        each.get("value"): "checked" in each.attrib for each in tree.iter("input") if each.get("type") == "checkbox"
    }
    assert boxes == {"reisepass": True, "fischereischein": False}
    assert "Bisher gewählt: 20 Minuten" in content(tree)
    near = await visitor.see(address("", "reisepass", q="Führerschien"))
    assert [words(each) for each in near.iter("h2")][:2] == ["Meinten Sie", "Schon gewählt"]
    assert [each.get("value") for each in near.iter("input") if each.get("type") == "checkbox"][:2] == [
        "fuehrerschein-umtausch",
        "internationaler-fuehrerschein",
    ]
    missed = content(await visitor.see(address("", "reisepass", q="Kirche austreten")))
    assert "Dazu haben wir nichts gefunden" in missed
    assert "0203 94000" in missed


async def test_what_is_found_among_the_documents_says_so(client: Client) -> None:
    tree = await Visitor(client).see(address("", q="Passfoto"))
    assert next(words(each) for each in tree.iter("h2")) == "In den Unterlagen genannt"
    first = next(each.get("value") for each in tree.iter("input") if each.get("type") == "checkbox")
    assert first == "personalausweis"


async def test_the_list_from_a_to_z_is_in_the_order_of_the_reader(client: Client) -> None:
    for prefix, first in (("", "Adresse im Ausweis ändern"), ("/en", "Apply for a certificate of good conduct")):
        tree = await Visitor(client, prefix).see(f"{prefix}{BOOK}?order=a-z")
        labels = [words(each) for each in tree.iter("label") if each.get("for") == "services"]
        assert labels == [first]


async def test_a_count_beside_a_tick_is_a_quantity_and_none_without_one(client: Client, tools: Tools) -> None:
    visitor = Visitor(client)
    counts = [("counts", "kinder-reisepass 3"), ("counts", "reisepass 2")]
    chosen = urlencode([("services", "kinder-reisepass"), *counts])
    tree = await visitor.see(f"{BOOK}/place?{chosen}")
    carried = [each.get("value") for each in tree.iter("input") if each.get("name") == "services"]
    assert carried == ["kinder-reisepass"] * 3
    again = await visitor.see(address("", *carried))  # type: ignore[arg-type]
    assert "Bisher gewählt: 60 Minuten" in content(again)
    times = address("/time", *carried, place="mitte")  # type: ignore[arg-type]
    assert "3 × Reisepass für ein Kind beantragen" in content(await visitor.see(times))
    answer = await visitor.press(times, time=f"mitte {at(tools, 10).isoformat()}")
    draft = answer.headers["location"].removesuffix("/details")
    await visitor.fill_in(draft)
    check = content(await visitor.see(f"{draft}/check"))
    assert "60 Minuten" in check
    assert "112,50" in check
    booked = await visitor.see((await visitor.press(f"{draft}/check")).headers["location"])
    assert "3 × Reisepass für ein Kind beantragen" in content(booked)
    assert "112,50" in content(booked)


async def test_more_than_fits_is_answered_with_how_many_do(client: Client) -> None:
    tree = page(await client.get(address("/place", *["kinder-reisepass"] * 5)), 422)
    assert "Reisepass für ein Kind beantragen: Wählen Sie höchstens 4 für einen Termin." in content(tree)
    english = page(await client.get(f"/en{address('/place', *['kinder-reisepass'] * 5)}"), 422)
    assert "Choose at most 4 for one appointment." in content(english)


async def test_an_error_marks_the_group_once_and_no_single_service(client: Client) -> None:
    for path in (address("/place"), "/appointments/ticket?place=mitte"):
        answer = await (client.post(path, data={"einmal": "x" * 22}) if "ticket" in path else client.get(path))
        tree = page(answer, 422)
        marked = [each.get("class", "").split()[-1] for each in tree.iter() if "--error" in each.get("class", "")]
        assert marked == ["kern-fieldset--error"], path


async def test_a_station_that_lacks_a_service_says_so_and_cannot_be_chosen(client: Client) -> None:
    tree = await Visitor(client).see(address("/place", "fischereischein", "reisepass"))
    places = {each.get("value") for each in tree.iter("input") if each.get("type") == "radio"}
    assert places == {"any", "homberg", "sued"}
    assert content(tree).count("nicht möglich: Fischereischein ausstellen oder verlängern") == 5
    refused = page(await client.get(address("/time", "fischereischein", place="mitte")), 422)
    assert "Wählen Sie einen anderen Ort: Dort geht nicht alles" in content(refused)
    anywhere = await Visitor(client).see(address("/time", "fischereischein", place="any"))
    offered = {str(each.get("value")).split()[0] for each in anywhere.iter("button") if each.get("name") == "time"}
    assert offered == {"homberg", "sued"}


async def test_what_no_place_can_do_together_can_be_booked_separately(client: Client) -> None:
    tree = await Visitor(client).see(address("/place", "fischereischein", "auskunftssperre"))
    assert "Kein Ort bietet alles zusammen an" in content(tree)
    assert own_links(tree) >= {address("/place", "fischereischein"), address("/place", "auskunftssperre")}
    assert not [each for each in tree.iter("input") if each.get("type") == "radio"]


async def test_an_appointment_is_moved_only_where_all_of_it_is_offered(client: Client, tools: Tools) -> None:
    visitor = Visitor(client)
    times = address("/time", "fischereischein", place="sued")
    answer = await visitor.press(times, time=f"sued {at(tools, 10).isoformat()}")
    draft = answer.headers["location"].removesuffix("/details")
    await visitor.fill_in(draft)
    manage = (await visitor.press(f"{draft}/check")).headers["location"].removesuffix("?new=1")
    tree = await visitor.see(f"{manage}/reschedule?place=mitte")
    assert "Bürger-Service-Station Homberg" in content(tree)
    assert "Bürger-Service-Station Mitte" not in content(tree)
    assert {str(each.get("value")).split()[0] for each in tree.iter("button") if each.get("name") == "time"} == {"sued"}
