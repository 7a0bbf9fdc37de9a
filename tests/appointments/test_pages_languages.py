"""The language of messages: offered on the page, kept, published; its link leads to a page that exists."""

import json
from xml.etree.ElementTree import Element

import pytest

from shared.tools import Tools
from tests.appointments.kit import Client, at, booking, outbox
from tests.appointments.visitor import Visitor, content
from tests.shared.web.html import by_id, words

OFFERED = {
    "de": ("Deutsch", "ltr"),
    "de-simple": ("Einfache Sprache", "ltr"),
    "en": ("English", "ltr"),
    "tr": ("Türkçe", "ltr"),
    "ar": ("العربية", "rtl"),
}


def chosen(tree: Element) -> list[str]:
    """The language of messages that is checked."""
    radios = (each for each in tree.iter("input") if each.get("name") == "language")
    return [each.attrib["value"] for each in radios if "checked" in each.attrib]


@pytest.mark.parametrize("code", OFFERED)
async def test_messages_have_a_language_of_their_own(client: Client, tools: Tools, code: str) -> None:
    visitor, (name, _) = Visitor(client, "/en"), OFFERED[code]
    draft = await visitor.hold(at(tools, 10))
    tree = await visitor.see(f"{draft}/details")
    names = (each for each in by_id(tree, "inhalt").iter("bdi") if "lang" in each.attrib)
    assert {each.attrib["lang"]: (words(each), each.get("dir")) for each in names} == OFFERED
    assert chosen(tree) == ["en"], "that of the page, until another is chosen"

    await visitor.fill_in(draft, language=code)
    assert chosen(await visitor.see(f"{draft}/details")) == [code]
    assert name in content(await visitor.see(f"{draft}/check"))
    answer = await visitor.press(f"{draft}/check")
    assert name in content(await visitor.see(answer.headers["location"]))
    [row] = await outbox(tools)
    assert json.loads(row.body)["appointment"]["language"] == code


@pytest.mark.parametrize(("code", "prefix"), [("de", ""), ("de-simple", ""), ("en", "/en"), ("tr", ""), ("ar", "")])
async def test_the_link_in_messages_leads_to_a_page(client: Client, tools: Tools, code: str, prefix: str) -> None:
    body = booking(at(tools, 10), person={"language": code})
    answer = await client.post("/appointments/api/v1/appointments", json=body)
    path = answer.json()["manage_url"].removeprefix(tools.settings.platform.public_url)
    assert path.startswith(f"{prefix}/appointments/m/")
    await Visitor(client).see(path)
