"""Names and domains in the headers of mails, read by a strict parser."""

import re
from base64 import b64decode
from email import message_from_bytes
from email.policy import default
from itertools import takewhile
from uuid import uuid4

import pytest
from icalendar import Calendar

from services.notifications.purposes import Purpose
from services.notifications.sending.envelopes import Verp
from services.notifications.settings import Settings
from services.notifications.writing.mail import MailWriter
from services.notifications.writing.texts import Texts
from shared.city import City
from shared.events.personal import Contact
from tests.notifications.facts import MONDAY_NOON, booked, person, received
from tests.notifications.kit import Post

TEXTS = Texts(City.load("duisburg"), "https://duisburg.example")
WRITER = MailWriter(TEXTS, "Bürger-Service <termine@straße.example>", "Hilfe <service@büro.example>")
WORD = re.compile(r"=\?utf-8\?([bq])\?([!-~]*?)\?=")
SCRIPTS = {
    "latin": "ß",
    "vietnamese": "ễ",
    "greek": "ς",
    "cyrillic": "щ",
    "arabic": "ش",
    "tamil": "தி",
    "chinese": "龘",
    "emoji": "👩\u200d🚒",
    "mixed": "aß ",
}


def written(contact: Contact) -> bytes:
    return WRITER.write(uuid4(), Purpose.CONFIRMATION, booked(), contact, MONDAY_NOON).content


def header_lines(content: bytes, name: str) -> list[str]:
    """The lines of a header field, as they are on the wire."""
    lines = content.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    first = next(number for number, line in enumerate(lines) if line.startswith(f"{name}: "))
    return [lines[first], *takewhile(lambda line: line[:1] in (" ", "\t"), lines[first + 1 :])]


def decoded(words: list[str]) -> str:
    """What encoded words say, each decoded alone: none may end within a character (RFC 2047, section 5)."""
    text = ""
    for word in words:
        [(encoding, content)] = WORD.findall(word)
        assert len(word) <= 75
        raw = (
            b64decode(content, validate=True)
            if encoding == "b"
            else re.sub(
                rb"=([0-9A-F]{2})", lambda found: bytes.fromhex(found[1].decode()), content.replace("_", " ").encode()
            )
        )
        text += raw.decode("utf-8")
    return text


@pytest.mark.parametrize("script", SCRIPTS)
def test_long_names_become_encoded_words_of_legal_length(script: str) -> None:
    for length in (1, 9, 10, 11, 14, 15, 16, 17, 20, 44, 45, 46, 60, 119, 120):
        name = (SCRIPTS[script] * length)[:120].strip()
        *lines, last = header_lines(written(person("anna@straße.example", name=name)), "To")
        assert max(map(len, lines)) <= 76
        assert last == " <anna@xn--strae-oqa.example>"
        assert decoded("".join(lines).removeprefix("To: ").split()) == name


@pytest.mark.parametrize(
    "name", ["Ada Lovelace", 'Ada "die Gräfin"', "O'Neill, Ada (Dr.)", 'A "B" <c>', "=?utf-8?q?x?=", "Müller, Jürgen"]
)
def test_names_stay_what_they_are(name: str) -> None:
    [address] = message_from_bytes(written(person("anna@example.org", name=name)), policy=default)["To"].addresses
    assert (address.display_name, address.addr_spec) == (name, "anna@example.org")


@pytest.mark.parametrize(
    "name", ["Konto gesperrt: http://x.example", "konto-sperre.de", "Ruf 0900 123456", "x@example.org"]
)
def test_what_leads_elsewhere_is_not_greeted(name: str) -> None:
    content = written(person("anna@example.org", name=name))
    mail = message_from_bytes(content, policy=default)
    assert header_lines(content, "To") == ["To: anna@example.org"]
    for kind in ("plain", "html"):
        part = mail.get_body((kind,))
        assert part
        assert "Guten Tag," in part.get_content()
        assert name not in part.get_content()


def test_every_domain_of_a_mail_is_todays() -> None:
    content = written(person("anna@straße.example"))
    mail = message_from_bytes(content, policy=default)
    assert mail["From"].addresses[0].addr_spec == "termine@xn--strae-oqa.example"
    assert mail["Reply-To"].addresses[0].addr_spec == "service@xn--bro-hoa.example"
    assert mail["Message-ID"].endswith("@xn--strae-oqa.example>")
    [part] = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    [entry] = Calendar.from_ical(part.get_content()).events
    assert str(entry["ATTENDEE"]) == "mailto:anna@xn--strae-oqa.example"
    assert str(entry["ORGANIZER"]) == "mailto:termine@xn--strae-oqa.example"
    assert b"strasse" not in content


def test_bounce_addresses_and_servers_are_named_by_todays_domains() -> None:
    settings = Settings(bounce_domain="Rückläufer.straße.example", smtp_host="Post.straße.example")
    assert settings.bounce_domain == "xn--rcklufer-3za0v.xn--strae-oqa.example"
    assert settings.smtp_host == "post.xn--strae-oqa.example"
    message = uuid4()
    verp = Verp(settings.link_secret, "Rückläufer.straße.example")
    address = verp.address(message)
    assert address.endswith("@xn--rcklufer-3za0v.xn--strae-oqa.example")
    local = address.partition("@")[0]
    assert verp.read(address.upper()) == message
    assert verp.read(f"<{local}@rückläufer.STRAßE.example>") == message
    assert verp.read(f"{local}@rückläufer.strasse.example") is None


async def test_a_mail_goes_to_the_domain_that_was_typed(open_post: Post) -> None:
    facts = [
        booked(person(address, None))
        for address in ("anna@straße.example", "anna@xn--strae-oqa.example", "jürgen@ΒΌΛΟς.example")
    ]
    await open_post.take(*map(received, facts))
    for fact in facts:
        await open_post.until(fact.id, mail="delivered")
    expected = ["anna@xn--strae-oqa.example", "anna@xn--strae-oqa.example", "jürgen@xn--nxasmm1c.example"]
    assert sorted(mail.recipient for mail in open_post.received("mail")) == expected
    for mail in open_post.received("mail"):
        assert header_lines(mail.source, "To")[-1].endswith(f"<{mail.recipient}>")
