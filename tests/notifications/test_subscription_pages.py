"""The pages of subscriptions, in both languages: no script, no secret told, and looking changes nothing."""

from datetime import timedelta
from typing import Any
from xml.etree.ElementTree import Element

import pytest

from services.notifications.tables import metadata
from shared.web.forms import one_time_key
from tests.notifications.facts import MONDAY_NOON, closed
from tests.notifications.kit import Post
from tests.notifications.reader import Reader, content, heading
from tests.notifications.subscribers import hear, planned
from tests.shared.web.html import by_id, links, parse, words

FORM: dict[str, Any] = {
    "districts": ["200"], "quarters": ["101"], "topics": ["stations"], "how_often": "at-once", "language": "de",
    "channel": "mail", "mail": "anna@example.org", "phone": "",
}  # fmt: skip


async def test_from_the_form_to_the_preferences(reader: Reader) -> None:
    assert heading(await reader.see("/notifications/subscribe")) == "Nachrichten aus Ihrem Stadtteil"
    key = one_time_key()
    for _ in range(2):
        sent = await reader.press("/notifications/subscribe", key, **FORM)
        assert (sent.status_code, sent.headers["location"]) == (303, "/notifications/sent?what=confirm-mail")
    assert list((await planned(reader.post, "subscription")).values()) == [1]
    assert "E-Mail geschickt" in content(await reader.see(sent.headers["location"]))

    path = await reader.confirm_path()
    asked = await reader.see(path)
    assert heading(asked) == "Möchten Sie diese Nachrichten?"
    assert "Hamborn, Vierlinden" in content(asked)
    assert await reader.post.rows("select id from subscriptions") == [], "looking confirms nothing"
    confirmed = await reader.press(path)
    assert confirmed.status_code == 303
    assert (await reader.press(path)).headers["location"] == confirmed.headers["location"]
    assert heading(await reader.see(path)) == "Sie haben schon bestätigt"

    page = await reader.see(confirmed.headers["location"])
    assert heading(page) == "Ihre Nachrichten sind abonniert"
    assert {each.get("value") for each in page.iter("input") if "checked" in each.attrib} == {
        "200", "101", "stations", "at-once", "de",
    }  # fmt: skip


async def test_the_answer_is_the_same_for_addresses_known_and_unknown(reader: Reader) -> None:
    await reader.subscribed()
    for path, fields in (("subscribe", FORM), ("link", {"channel": "mail"})):
        answers = [
            await reader.press(f"/notifications/{path}", **{**fields, "mail": address})
            for address in ("delivered@simulator.stadt.example", "nobody@example.org")
        ]
        assert len({(each.status_code, each.headers["location"], each.content) for each in answers}) == 1


async def test_too_many_messages_from_one_connection_are_refused_with_the_wait(reader: Reader) -> None:
    path, _ = await reader.subscribed()
    before = await planned(reader.post, "subscription")
    for n in range(reader.tools.settings.address_limit):  # type: ignore[attr-defined]
        assert (await reader.press("/notifications/link", channel="mail", mail=f"{n}@example.org")).status_code == 303
    for refused in (
        await reader.press("/notifications/subscribe", **FORM),
        await reader.press("/notifications/link", channel="mail", mail="new@example.org"),
        await reader.press(f"{path}/address", channel="mail", mail="new@example.org"),
    ):
        assert refused.status_code == 429
        assert 3500 < int(refused.headers["retry-after"]) <= 3600
        assert heading(parse(refused.text)) == "Bitte warten Sie einen Moment"
        assert "in 60 Minuten noch einmal" in content(parse(refused.text))
    assert await planned(reader.post, "subscription") == before


async def test_the_address_of_the_service_leads_to_the_form(reader: Reader) -> None:
    answer = await reader.client.get("/en/notifications/")
    assert (answer.status_code, answer.headers["location"]) == (302, "/en/notifications/subscribe")


@pytest.mark.parametrize("path", ["subscribe", "link"])
async def test_an_empty_form_says_what_to_do(reader: Reader, path: str) -> None:
    answer = await reader.press(f"/notifications/{path}")
    assert answer.status_code == 422
    summary = words(by_id(parse(answer.text), "fehler"))
    assert "Wählen Sie E-Mail oder SMS." in summary
    assert ("Wählen Sie mindestens ein Thema." in summary) == (path == "subscribe")


async def test_what_was_typed_is_kept(reader: Reader) -> None:
    answer = await reader.press("/notifications/subscribe", **{**FORM, "channel": "sms", "phone": "0203 94000"})
    tree = parse(answer.text)
    assert "An Festnetz können wir keine SMS senden." in words(by_id(tree, "phone-error"))
    typed = {each.get("name"): each.get("value") for each in tree.iter("input") if each.get("type") in ("tel", "email")}
    assert typed == {"mail": "anna@example.org", "phone": "0203 94000"}
    assert "open" in next(tree.iter("details")).attrib, "chosen quarters are in sight"


async def test_preferences_are_changed_and_show_the_last_news(reader: Reader) -> None:
    path, _ = await reader.subscribed()
    assert "Noch nichts." in content(await reader.see(path))
    await hear(reader.post, closed())
    await reader.post.rows("update messages set state = 'delivered' returning id")
    told = content(await reader.see(path))
    assert "Bürger-Service-Station Hamborn: geschlossen" in told
    assert "· zugestellt" in told
    await reader.post.rows("update messages set state = 'failed' returning id")
    assert "· nicht zugestellt" in content(await reader.see(path))
    saved = await reader.press(path, **{**FORM, "how_often": "daily"})
    assert saved.headers["location"] == f"{path}?saved=1"
    page = await reader.see(f"/en{saved.headers['location']}")
    assert "Your changes are saved" in content(page)
    wrong = await reader.press(path, topics=[])
    assert wrong.status_code == 422


async def test_another_address_is_asked_to_confirm(reader: Reader) -> None:
    path, _ = await reader.subscribed()
    assert heading(await reader.see(f"{path}/address")) == "Wohin sollen wir schreiben?"
    assert (await reader.press(f"{path}/address", channel="sms", phone="1")).status_code == 422
    moved = await reader.press(f"{path}/address", channel="sms", phone="0152 28817300")
    assert moved.headers["location"] == "/notifications/sent?what=confirm-sms"
    reader.post.move_clock(MONDAY_NOON + timedelta(minutes=1))
    await reader.press(await reader.confirm_path())
    gone = await reader.see(path, 410)
    assert heading(gone) == "Dieses Abo gibt es nicht mehr"


FORM_TYPE, PARTS_TYPE = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"
PARTS = b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'


FROM_MAIL_PROGRAMS: list[tuple[str | None, bytes]] = [
    (FORM_TYPE, b"List-Unsubscribe=One-Click"),
    (PARTS_TYPE, PARTS),
    (None, b""),
    (FORM_TYPE, b""),
    (FORM_TYPE, b"\xff\x00&&==%"),
    (FORM_TYPE, b"&a" * 30_000),
    (PARTS_TYPE, b"no parts"),
    (PARTS_TYPE, PARTS[:40]),
    ("multipart/form-data", PARTS),
    ("multipart/form-data; boundary=" + "b" * 500, PARTS),
    ("application/json", b"{"),
    ("nonsense", b"[" * 60_000),
    (FORM_TYPE, b"a=" + b"x" * 100_000),
]


async def test_a_mail_program_unsubscribes_by_one_post_whatever_it_sends_along(reader: Reader) -> None:
    for number, (kind, body) in enumerate(FROM_MAIL_PROGRAMS):
        path, end = await reader.subscribed(f"reader{number}")
        headers = {"Content-Type": kind} if kind else {}
        for _ in range(2):
            answer = await reader.client.post(f"/en{end}", content=body, headers=headers)
            assert (answer.status_code, answer.content) == (200, b""), (kind, body[:40])
            assert "set-cookie" not in answer.headers
        assert await reader.post.rows("select id from subscriptions") == []
        await reader.see(path, 410)


async def test_people_unsubscribe_by_one_button(reader: Reader) -> None:
    _, end = await reader.subscribed()
    page = await reader.see(end)
    assert "Bestätigungen und Erinnerungen zu Terminen" in content(page)
    assert len(await reader.post.rows("select id from subscriptions")) == 1, "looking ends nothing"
    [action] = [form.get("action", "") for form in page.iter("form") if "unsubscribe" in form.get("action", "")]
    ended = await reader.press(action)
    assert ended.headers["location"] == end
    assert heading(await reader.see(end)) == "Sie haben alles abbestellt"
    await reader.see("/notifications/unsubscribed", 404)


async def test_following_every_link_changes_nothing(reader: Reader) -> None:
    path, end = await reader.subscribed()
    await reader.press("/notifications/subscribe", **FORM)
    before = await everything(reader.post)
    waiting, seen = {"/notifications/subscribe", path, end, await reader.confirm_path()}, set[str]()
    while waiting:
        here = waiting.pop()
        seen.add(here)
        found = {link.partition("#")[0] for link in links(await reader.see(here)) if "/notifications/" in link}
        waiting |= found - seen
    assert {f"{path}/address", f"/en{end}", "/notifications/link"} <= seen
    assert await everything(reader.post) == before


async def test_secret_pages_are_neither_kept_nor_indexed_nor_told_to_others(reader: Reader) -> None:
    path, end = await reader.subscribed()
    for each in (path, end, f"{path}/address", f"/en{path}"):
        headers = (await reader.client.get(each)).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-robots-tag"] == "noindex"
        assert headers["referrer-policy"] == "no-referrer"


async def test_a_made_up_or_outdated_link_says_so(reader: Reader) -> None:
    assert heading(await reader.see("/notifications/m/made-up", 404)) == "Diese Seite gibt es nicht"
    await reader.press("/notifications/subscribe", **FORM)
    path = await reader.confirm_path()
    reader.post.move_clock(MONDAY_NOON + timedelta(hours=49))
    for answer in (await reader.client.get(path), await reader.press(path)):
        assert answer.status_code == 410
        assert heading(parse(answer.text)) == "Dieser Link gilt nicht mehr"


async def everything(post: Post) -> dict[str, list[Any]]:
    """All rows of the database."""
    tables = [name for name in metadata.tables if name != "due_work"]
    return {name: await post.rows(f"select * from {name}") for name in tables}


async def test_a_link_may_choose_a_district_and_a_topic(reader: Reader) -> None:
    def ticked(tree: Element) -> set[str]:
        boxes = (each for each in tree.iter("input") if each.get("type") == "checkbox")
        return {each.attrib["value"] for each in boxes if "checked" in each.attrib}

    tree = await reader.see("/notifications/subscribe?district=200&topic=buergermobil")
    assert ticked(tree) == {"200", "buergermobil"}
    assert ticked(await reader.see("/notifications/subscribe?district=x&topic=y")) == set()
