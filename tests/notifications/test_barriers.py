"""Reporting a barrier: it reaches the city by mail, once; what was typed is sealed and forgotten."""

from dataclasses import replace
from email import message_from_bytes, policy
from uuid import UUID, uuid4

from services.notifications.telling.usecases import FORGET_CONTACT, forget_contact
from shared.act import acting
from shared.due import Claim
from shared.events.barriers import BarrierReported
from shared.web.forms import one_time_key
from tests.notifications.facts import received
from tests.notifications.kit import Post
from tests.notifications.reader import Reader, content, heading
from tests.shared.web.html import by_id, parse, words

PATH = "/notifications/barriers"
TYPED = {"words": "Der Knopf <b>sagt</b> nichts.", "page": "/termin", "aids": "NVDA", "reply": "anna@example.org"}


async def reported(post: Post) -> list[BarrierReported]:
    rows = await post.rows("select body from outbox order by id")
    return [BarrierReported.model_validate_json(row.body) for row in rows]


async def test_a_report_sent_twice_is_one_and_shows_its_number(reader: Reader) -> None:
    assert heading(await reader.see(f"/en{PATH}")) == "Report a barrier"
    key = one_time_key()
    first, again = [await reader.press(PATH, key, **TYPED) for _ in range(2)]
    assert (first.status_code, first.headers["location"]) == (303, again.headers["location"])
    [fact] = await reported(reader.post)
    assert fact.barrier.number in content(await reader.see(first.headers["location"]))
    assert not any(text in fact.model_dump_json() for text in TYPED.values())
    await reader.see(f"{PATH}/{'x' * 46}", 404)


async def test_what_was_typed_is_kept_until_it_says_what_happened(reader: Reader) -> None:
    answer = await reader.press(PATH, **TYPED | {"words": " \u2800", "aids": "x" * 2001})
    assert answer.status_code == 422
    tree = parse(answer.text)
    summary = words(by_id(tree, "fehler"))
    assert "Schreiben Sie, was Sie tun wollten" in summary
    assert "höchstens 2000 Zeichen" in summary
    typed = {each.get("name"): each.get("value") for each in tree.iter("input")}
    assert (typed["page"], typed["reply"], typed["aids"]) == ("/termin", "anna@example.org", "x" * 2001)
    assert await reported(reader.post) == []


async def test_reports_are_limited_by_connection(reader: Reader) -> None:
    reader.app.state.origins = replace(reader.app.state.origins, address_limit=1)
    assert [(await reader.press(PATH, **TYPED)).status_code for _ in range(2)] == [303, 429]


async def test_the_city_gets_the_report_by_mail_and_it_is_forgotten_here(open_post: Post, reader: Reader) -> None:
    await reader.press(PATH, **TYPED)
    [fact] = await reported(open_post)
    await open_post.take(received(fact), received(fact))
    await open_post.until(fact.id, "barrier", mail="delivered")
    [mail] = open_post.received("mail")
    assert mail.recipient == "barrierefreiheit@stadt.example"
    body = message_from_bytes(mail.source, policy=policy.default).get_body(("plain",))
    assert body is not None
    assert all(text in body.get_content() for text in (*TYPED.values(), fact.barrier.number))
    await forgotten(reader, fact.id)
    [matter] = await open_post.rows("select fact from matters")
    assert matter.fact["barrier"]["contact"] is None


async def forgotten(reader: Reader, matter: UUID) -> None:
    """What the due work does some weeks later."""
    async with acting(reader.tools) as act:
        await forget_contact(act, Claim(FORGET_CONTACT, str(matter), 1, uuid4()))
