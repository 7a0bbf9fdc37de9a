"""Pages of closures: what the lead of stations sees and confirms, and what those concerned see and answer."""

from datetime import timedelta
from urllib.parse import urlencode

import httpx
import pytest

from services.appointments.closing.pages import PAGE
from shared.tools import Tools
from shared.web.staff.session import SESSION, Session
from tests.appointments.closing import closing
from tests.appointments.kit import Client, at, pass_time
from tests.appointments.visitor import Visitor, buttons, content, heading, own_links, page
from tests.shared.web.html import parse


@pytest.fixture
def lead(client: Client, tools: Tools) -> Visitor:
    """Somebody signed in who leads Mitte."""
    roles = frozenset({"appointments:lead"})
    session = Session(subject="leitung", name="Ruth Brinkmann", roles=roles, stations=frozenset({"mitte"}))
    client.cookies.set(f"nahbar-staff-{SESSION}", tools.sessions.seal(SESSION, session), path="/")
    return Visitor(client)


def preview_of(tools: Tools, **changes: str) -> str:
    given = closing(at(tools, 9).date())
    typed = {"where": given.pop("station"), **given, **changes}
    return f"{PAGE}/preview?{urlencode(typed)}"


async def confirm(lead: Visitor, path: str, shown: str | None = None, **choices: str) -> httpx.Response:
    """Press the button of a preview, of the one just shown unless another was."""
    tree = parse(shown or (await lead.client.get(path)).text)
    hidden = {each.attrib["name"]: each.get("value", "") for each in tree.iter("input") if each.get("type") == "hidden"}
    return await lead.client.post(path, data=hidden | choices)


async def test_the_list_offers_what_somebody_answers_for(lead: Visitor, tools: Tools) -> None:
    tree = await lead.see(PAGE)
    assert "Zurzeit ist nichts geschlossen." in content(tree)
    values = {each.attrib["value"] for each in tree.iter("option")}
    assert {"mitte", "mitte mitte-3"} <= values
    assert not any(each.startswith("homberg") for each in values)
    await lead.see(preview_of(tools, where="homberg"), 403)


async def test_from_the_preview_to_what_became_of_each(lead: Visitor, tools: Tools) -> None:
    start, visitor = at(tools, 9), Visitor(lead.client)
    asked, moved, ended = [await visitor.book(start) for _ in range(3)]
    path = preview_of(tools)
    tree = await lead.see(path)
    assert heading(tree) == "Die Schließung trifft 3 Termine"
    assert content(tree).count("Anna Muster") == 3
    numbers = [each.attrib["name"] for each in tree.iter("select")]
    by_page = {number: manage for manage in (asked, moved, ended) for number in numbers if number[7:] in content(
        await visitor.see(manage))}  # fmt: skip
    choices = {number: {moved: "move", ended: "cancel"}.get(manage, "") for number, manage in by_page.items()}
    shown = (await lead.client.get(path)).text
    answers = [await confirm(lead, path, shown, for_all="offer", **choices) for _ in range(2)]
    assert [each.status_code for each in answers] == [303, 303]
    result = await lead.see(answers[0].headers["location"])
    assert answers[0].headers["location"] == answers[1].headers["location"], "pressed twice"
    assert "Gefragt, noch keine Antwort 1" in content(result)
    assert "Abgesagt 1" in content(result)
    assert heading(await visitor.see(asked)) == "Passt Ihnen diese Zeit stattdessen?"
    assert heading(await visitor.see(moved)) == "Ihr Termin"
    assert heading(await visitor.see(ended, 410)) == "Dieser Termin ist abgesagt"
    assert "Wasserschaden" in content(await lead.see(PAGE))

    lifted = await confirm(lead, f"{answers[0].headers['location']}/lifting", (
        await lead.client.get(answers[0].headers["location"])).text)  # fmt: skip
    assert heading(await lead.see(lifted.headers["location"])) == "Diese Schließung ist aufgehoben"
    assert heading(await visitor.see(asked)) == "Passt Ihnen diese Zeit stattdessen?", (
        "a lifted closure moves nobody back"
    )


async def test_a_preview_that_is_outdated_comes_back_with_what_was_chosen(lead: Visitor, tools: Tools) -> None:
    visitor, path = Visitor(lead.client), preview_of(tools)
    await visitor.book(at(tools, 9))
    shown = (await lead.client.get(path)).text
    [choice] = [each.attrib["name"] for each in parse(shown).iter("select")]
    await visitor.book(at(tools, 9))
    tree = page(await confirm(lead, path, shown, for_all="move", **{choice: "cancel"}), 409)
    assert heading(tree) == "Die Schließung trifft 2 Termine"
    assert "Inzwischen hat sich etwas geändert" in content(tree)
    [chosen] = [each.get("value") for each in tree.iter("option") if "selected" in each.attrib]
    [for_all] = [each.get("value") for each in tree.iter("input") if "checked" in each.attrib]
    assert (chosen, for_all) == ("cancel", "move")
    assert "Zurzeit ist nichts geschlossen." in content(await lead.see(PAGE))


async def test_a_closure_is_changed_with_the_same_preview(lead: Visitor, tools: Tools) -> None:
    visitor, path = Visitor(lead.client), preview_of(tools)
    closed = (await confirm(lead, path)).headers["location"]
    other_day = at(tools, 9, days=7)
    await visitor.book(other_day)
    form = await lead.see(f"{closed}/edit")
    typed = {each.get("name"): each.get("value", "") for each in form.iter("input")}
    assert (typed["reason"], typed["first_day"]) == ("Wasserschaden", str(at(tools, 9).date()))
    wanted = {"last_day": str(other_day.date()), "reason": "Umzug"}
    changed = preview_of(tools, id=closed.rpartition("/")[2], **wanted)
    wrong = await lead.see(preview_of(tools, id=closed.rpartition("/")[2], last_day="2020-01-01"), 422)
    assert heading(wrong) == "Schließung ändern"
    assert heading(await lead.see(changed)) == "Die Schließung trifft einen Termin"
    assert (await confirm(lead, changed)).headers["location"] == closed
    assert "Umzug" in content(await lead.see(closed))
    await confirm(lead, f"{closed}/lifting", (await lead.client.get(closed)).text)
    for gone in (f"{closed}/edit", changed):
        assert (await lead.client.get(gone)).headers["location"] == closed, "lifted, it cannot be changed"


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("where", ""),
        ("where", "mitte/1"),
        ("first_day", "gestern"),
        ("last_day", "2020-01-01"),
        ("from_time", "25:00"),
        ("until_time", "10:00"),
        ("reason", ""),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(lead: Visitor, tools: Tools, field: str, typed: str) -> None:
    tree = await lead.see(preview_of(tools, **{field: typed}), 422)
    assert f"#{field}" in {each.get("href") for each in tree.iter("a")}
    assert "Station oder Schalter schließen" in content(tree)


async def test_who_was_offered_a_time_takes_it(lead: Visitor, tools: Tools) -> None:
    visitor = Visitor(lead.client)
    manage = await visitor.book(at(tools, 9))
    await confirm(lead, preview_of(tools))
    tree = await visitor.see(manage)
    assert "Wasserschaden" in content(tree)
    assert "Diese Zeit nehmen" in buttons(tree)
    assert {f"{manage}/reschedule", f"{manage}/cancel"} <= own_links(tree)
    await visitor.see(f"{manage}/reschedule")
    for _ in range(2):
        answer = await visitor.press(f"{manage}/alternative")
        assert (answer.status_code, answer.headers["location"]) == (303, f"{manage}?moved=1")
    assert heading(await visitor.see(f"{manage}?moved=1")) == "Ihr Termin ist verlegt"


@pytest.mark.due_work
async def test_who_answers_too_late_finds_it_cancelled(lead: Visitor, tools: Tools) -> None:
    visitor = Visitor(lead.client, "/en")
    manage = await visitor.book(at(tools, 9))
    await confirm(lead, preview_of(tools))
    pass_time(tools, timedelta(days=2, seconds=1))
    assert (await visitor.press(f"{manage}/alternative")).headers["location"] == manage
    assert heading(await visitor.see(manage, 410)) == "This appointment is cancelled"
    assert (await visitor.client.get(f"{manage}/reschedule")).headers["location"] == manage
