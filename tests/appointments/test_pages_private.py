"""The booking pages keep secrets, and looking at them changes nothing."""

from typing import Any

from sqlalchemy import text

from services.appointments.tables import metadata
from shared.tools import Tools
from tests.appointments.kit import Client, at
from tests.appointments.visitor import Visitor, own_links
from tests.shared.web.html import parse


async def everything(tools: Tools) -> dict[str, list[Any]]:
    """All rows of the database."""
    async with tools.db.transaction() as conn:
        tables = [name for name in metadata.tables if name != "due_work"]
        return {name: list((await conn.execute(text(f"select * from {name}"))).all()) for name in tables}


async def test_following_every_link_changes_nothing(client: Client, tools: Tools) -> None:
    visitor = Visitor(client)
    draft = await visitor.hold(at(tools, 11))
    await visitor.fill_in(draft)
    manage = await visitor.book(at(tools, 10))
    before = await everything(tools)
    waiting, seen = {"/appointments/", f"{draft}/details", f"{draft}/check", manage, f"{manage}?new=1"}, set[str]()
    while waiting:
        path = waiting.pop()
        seen.add(path)
        answer = await client.get(path)
        assert answer.status_code in (200, 303), path
        if answer.headers.get("content-type", "").startswith("text/html"):
            found = {link.partition("#")[0] for link in own_links(parse(answer.text)) if "/appointments/" in link}
            waiting |= {link for link in found if "&day=" not in link and "&first=" not in link} - seen
    assert {f"{manage}/cancel", f"{manage}/termin.ics", f"/en{draft}/check"} <= seen
    assert await everything(tools) == before


async def test_secret_pages_are_neither_kept_nor_indexed_nor_told_to_others(client: Client, tools: Tools) -> None:
    visitor = Visitor(client)
    draft = await visitor.hold(at(tools, 11))
    await visitor.fill_in(draft)
    manage = await visitor.book(at(tools, 10))
    token = draft.rpartition("/")[2]
    times = f"/appointments/book/time?services=meldebescheinigung&place=mitte&draft={token}"
    for path in (f"{draft}/details", f"{draft}/check", manage, f"{manage}/cancel", f"{manage}/termin.ics", times):
        headers = (await client.get(path)).headers
        assert headers["cache-control"] == "no-store", path
        assert headers["x-robots-tag"] == "noindex", path
        assert headers["referrer-policy"] == "no-referrer", path
        assert "set-cookie" not in headers, path
    public = (await client.get("/appointments/book")).headers
    assert (public["cache-control"], "x-robots-tag" in public) == ("no-cache", False)
    assert "default-src 'none'" in public["content-security-policy"]


async def test_no_secret_page_leads_to_another_site(client: Client, tools: Tools) -> None:
    manage = await Visitor(client).book(at(tools, 10))
    tree = parse((await client.get(manage)).text)
    outside = [each.get("href") for each in tree.iter("a") if not each.attrib["href"].startswith(("/", "#", "tel:"))]
    assert outside == []


async def test_the_calendar_file_is_one_that_phones_take(client: Client, tools: Tools) -> None:
    manage = await Visitor(client).book(at(tools, 10))
    answer = await client.get(f"{manage}/termin.ics")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="termin.ics"'
