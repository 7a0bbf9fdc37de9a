import html
import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import html5lib
import httpx
import pytest
from icalendar import Calendar, Event

from deploy.local.far_ends.inbox import SHOWN, create_inbox
from deploy.local.far_ends.records import CROWD, Channel, NewReport, ReportKind
from deploy.local.far_ends.store import CLOCK, Store
from shared.clock import Clock
from tests.deploy.far_ends import letter

ANNA = "anna@example.org"
NUMBER = "+491713920000"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path)
    yield store
    store.close()


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_inbox(tmp_path))
    async with httpx.AsyncClient(transport=transport, base_url="http://inbox.example") as client:
        yield client


def accept_mail(store: Store, mail: EmailMessage, reports: list[NewReport] | None = None) -> int:
    source, reference = mail.as_bytes(), str(mail["X-Nahbar-Message"])
    [number] = store.accept(Channel.MAIL, "b@stadt.example", reference, source, {str(mail["To"]): reports or []})
    return number


def accept_sms(
    store: Store, text: str, reference: str, reports: list[NewReport] | None = None, sender: str = "Duisburg"
) -> int:
    source = json.dumps({"to": NUMBER, "text": text}).encode()
    [number] = store.accept(Channel.SMS, sender, reference, source, {NUMBER: reports or []})
    return number


def with_html(mail: EmailMessage, source: str) -> EmailMessage:
    mail.add_alternative(source, subtype="html")
    return mail


def with_calendar(mail: EmailMessage, start: date) -> EmailMessage:
    event = Event()
    event.add("uid", "7f3a@stadt.example")
    event.add("sequence", 3)
    event.add("summary", "Bürger-Service-Station Süd")
    event.add("dtstart", start)
    calendar = Calendar()
    calendar.add("method", "CANCEL")
    calendar.add_component(event)
    mail.add_attachment(calendar.to_ical(), maintype="text", subtype="calendar", filename="termin.ics")
    return mail


async def page(client: httpx.AsyncClient, path: str = "/inbox/") -> str:
    answer = await client.get(path)
    assert answer.status_code == 200
    html5lib.HTMLParser(strict=True).parse(answer.text)
    return answer.text


@pytest.mark.parametrize(
    ("path", "language", "words"),
    [("/inbox/", "de", "Noch nichts angekommen"), ("/en/inbox/", "en", "Nothing arrived yet")],
)
async def test_an_empty_inbox_says_so(client: httpx.AsyncClient, path: str, language: str, words: str) -> None:
    shown = await page(client, path)
    assert words in shown
    assert f'<html lang="{language}">' in shown


async def test_people_and_their_messages_in_order(client: httpx.AsyncClient, store: Store) -> None:
    accept_mail(store, letter(ANNA, "m1"))
    accept_sms(store, "Erste", "s1")
    accept_sms(store, "Zweite", "s2")
    shown = await page(client)
    assert shown.index(NUMBER) < shown.index("Erste") < shown.index("Zweite") < shown.index(ANNA)
    assert shown.index(ANNA) < shown.index("Ihr Termin")


async def test_accepted_twice_is_marked(client: httpx.AsyncClient, store: Store) -> None:
    accept_sms(store, "Einmal", "once")
    assert "angenommen</strong>" not in await page(client)
    for _ in range(2):
        accept_mail(store, letter(ANNA, "twice"))
    shown = await page(client)
    assert shown.count('<strong class="badge">2× angenommen</strong>') == 2
    assert '<div class="alarm"><dt>doppelt angenommen</dt><dd>1</dd></div>' in shown


async def test_segments_and_receipts_of_an_sms(client: httpx.AsyncClient, store: Store) -> None:
    number = accept_sms(store, "ж" * 71, "s1", [NewReport(ReportKind.RECEIPT, "DELIVERED", 0)])
    assert "noch nicht gemeldet, Versuche: 0" in await page(client)
    store.sent(store.reports(number)[0])
    shown = await page(client)
    assert "Teile: 2 (UCS2)" in shown
    assert "Zustellbericht: <strong>DELIVERED</strong>" in shown
    assert "noch nicht gemeldet" not in shown


@pytest.mark.parametrize("path", ["/inbox/", "/en/inbox/"])
async def test_an_sms_from_a_number_can_be_answered(client: httpx.AsyncClient, store: Store, path: str) -> None:
    assert accept_sms(store, "Hallo", "s1")
    assert "<form class" not in await page(client, path)
    number = accept_sms(store, "2 = absagen", "s2", sender="+4915228817386")
    assert f'action="{path}messages/{number}/reply"' in await page(client, path)
    answer = await client.post(f"{path}messages/{number}/reply", data={"text": "2"})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{path}?person=%2B491713920000")
    [reply] = store.reports(number)
    assert (reply.kind, reply.party, reply.detail) == (ReportKind.REPLY, NUMBER, "2")
    mail = accept_mail(store, letter(ANNA))
    assert (await client.post(f"{path}messages/{mail}/reply", data={"text": "2"})).status_code == 404


async def test_a_report_given_up(client: httpx.AsyncClient, store: Store) -> None:
    number = accept_mail(store, letter(ANNA), [NewReport(ReportKind.BOUNCE, "5.1.1", 0)])
    store.not_sent(store.reports(number)[0], None)
    assert "given up after 1 attempts" in await page(client, "/en/inbox/")


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (datetime(2026, 11, 30, 9, tzinfo=UTC), "Mo., 30. Nov. 2026, 10:00"),
        (datetime(2026, 7, 1, 9, tzinfo=UTC), "Mi., 1. Juli 2026, 11:00"),
        (date(2026, 11, 30), "Mo., 30. Nov. 2026<"),
    ],
)
async def test_a_calendar_part(client: httpx.AsyncClient, store: Store, start: date, words: str) -> None:
    accept_mail(store, with_calendar(letter(ANNA), start))
    shown = await page(client)
    for expected in (words, "CANCEL", "7f3a@stadt.example", "<dd>3</dd>", "Bürger-Service-Station Süd", "termin.ics"):
        assert expected in shown


async def test_a_broken_calendar_part_does_not_break_the_page(client: httpx.AsyncClient, store: Store) -> None:
    mail = letter(ANNA)
    mail.add_attachment(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n", maintype="text", subtype="calendar", filename="kaputt.ics")
    accept_mail(store, mail)
    assert "kaputt.ics" in await page(client)


async def test_what_people_write_is_escaped(client: httpx.AsyncClient, store: Store) -> None:
    accept_sms(store, "<script>alert(1)</script> https://stadt.example/x", "s1")
    shown = await page(client)
    assert "<script>" not in shown
    assert '<a href="https://stadt.example/x" rel="noopener noreferrer" target="_blank">' in shown


async def test_the_html_part_is_locked_in(client: httpx.AsyncClient, store: Store) -> None:
    number = accept_mail(store, with_html(letter(ANNA), "<p>Guten Tag</p><script>alert(1)</script>"))
    shown = await page(client)
    assert "Guten Tag" not in shown
    assert f'<iframe src="/inbox/messages/{number}/html"' in shown
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in shown
    framed = await client.get(f"/inbox/messages/{number}/html")
    assert "<p>Guten Tag</p>" in framed.text
    policy = framed.headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "sandbox allow-popups allow-popups-to-escape-sandbox"} <= set(policy)
    assert not any(rule.startswith("script-src") for rule in policy)


async def test_a_page_runs_no_script_and_is_not_framed(client: httpx.AsyncClient) -> None:
    policy = (await client.get("/inbox/")).headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "frame-ancestors 'none'"} <= set(policy)


async def test_the_original_is_plain_text(client: httpx.AsyncClient, store: Store) -> None:
    mail = with_html(letter(ANNA), "<p>Guten Tag</p>")
    answer = await client.get(f"/inbox/messages/{accept_mail(store, mail)}/source")
    assert answer.content == mail.as_bytes()
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_what_is_not_there_is_not_found(client: httpx.AsyncClient, store: Store) -> None:
    number = accept_sms(store, "Hallo", "s1")
    for path in (f"{number}/html", "99/html", "99/source"):
        assert (await client.get(f"/inbox/messages/{path}")).status_code == 404


async def test_the_filter(client: httpx.AsyncClient, store: Store) -> None:
    accept_mail(store, letter(ANNA))
    accept_sms(store, "Hallo", "s1")
    shown = await page(client, "/inbox/?person=ANNA%40")
    assert ANNA in shown
    assert NUMBER not in shown
    assert "Keine Nachricht" in await page(client, "/inbox/?person=niemand")
    assert "Keine Nachricht" in await page(client, "/inbox/?person=%25")


async def test_the_newest_are_shown_and_a_link_leads_to_the_older(client: httpx.AsyncClient, store: Store) -> None:
    for number in range(SHOWN * 2 + 1):
        accept_sms(store, f"Nachricht {number}.", str(number))
    path, seen = "/inbox/", []
    while path:
        shown = await page(client, path)
        seen.append(sorted(map(int, re.findall(r"Nachricht (\d+)\.", shown))))
        older = re.search(r'href="([^"]+)">Ältere<', shown)
        path = html.unescape(older[1]) if older else ""
    assert [len(numbers) for numbers in seen] == [SHOWN, SHOWN, 1]
    assert sorted(number for numbers in seen for number in numbers) == list(range(SHOWN * 2 + 1))
    assert "Neueste" in shown
    assert "Neueste" not in await page(client)


async def test_the_crowd_does_not_push_the_story_out_of_view(client: httpx.AsyncClient, store: Store) -> None:
    accept_mail(store, letter(ANNA))
    for number in range(SHOWN + 1):
        accept_mail(store, letter(f"{number}@{CROWD}", f"m{number}"))
    assert ANNA in (story := await page(client))
    assert CROWD not in story
    crowd = await page(client, "/inbox/?show=crowd")
    assert CROWD in crowd
    assert ANNA not in crowd
    assert CROWD not in await page(client, "/inbox/?show=mail")


async def test_messages_of_a_kind_or_a_language(client: httpx.AsyncClient, store: Store) -> None:
    for recipient, language in ((ANNA, "de"), ("ivan@example.org", "de-simple"), ("mehmet@example.org", "tr")):
        mail = letter(recipient, recipient)
        mail["Content-Language"] = language
        store.accept(Channel.MAIL, "b@stadt.example", recipient, mail.as_bytes(policy=SMTP), {recipient: []})
    accept_sms(store, "Hallo", "s1")
    mails, sms = await page(client, "/inbox/?show=mail"), await page(client, "/inbox/?show=sms")
    assert ANNA in mails
    assert NUMBER not in mails
    assert NUMBER in sms
    assert ANNA not in sms
    for recipient, language in ((ANNA, "de"), ("ivan@example.org", "de-simple"), ("mehmet@example.org", "tr")):
        shown = await page(client, f"/inbox/?show=mail&language={language}")
        assert re.findall(r"[a-z]+@example\.org</a>", shown) == [f"{recipient}</a>"]
    assert "Davon ist noch nichts angekommen." in await page(client, "/inbox/?show=mail&language=ar")
    assert (await client.get("/inbox/?show=other")).status_code == 422
    assert ANNA in await page(client, "/inbox/?language=%25")


async def test_the_clock_is_the_citys(client: httpx.AsyncClient, store: Store, tmp_path: Path) -> None:
    Clock.move(tmp_path / CLOCK, datetime(2031, 3, 5, 12, tzinfo=UTC) - datetime.now(UTC))
    accept_mail(store, letter(ANNA))
    shown = await page(client)
    assert "Die Uhr der Stadt zeigt <time" in shown
    assert len(re.findall(r"5\. März 2031, 13:0\d", shown)) == 2


def test_both_languages_say_the_same() -> None:
    from deploy.local.far_ends import inbox

    texts = json.loads((Path(inbox.__file__).parent / "templates" / "inbox.json").read_text())
    assert texts["de"].keys() == texts["en"].keys()
