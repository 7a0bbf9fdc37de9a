"""In every language of messages: from the booking to the mail and the SMS that arrive, each exactly once."""

import json
from datetime import timedelta

from deploy.local.far_ends.records import Channel
from shared.web.i18n import MESSAGE_LANGUAGES
from tests.e2e.kit import City
from tests.e2e.letters import bodies
from tests.shared.web.html import parse

SAID = {
    "de": ("Ihr Termin ist gebucht", "Termin "),
    "de-simple": ("Ihr Termin steht fest.", "Termin "),
    "en": ("Your appointment is booked", "Booked: "),
    "tr": ("Randevunuz alındı", "Randevu "),
    "ar": ("تم حجز موعدكم", "موعدكم "),
}
"""What the mail and the SMS of a booking say."""


def mail_of(language: str) -> str:
    return f"delivered+{language}@simulator.stadt.example"


def phone_of(language: str) -> str:
    return f"+49176040690{51 + list(SAID).index(language)}"


async def test_every_language_arrives_once_by_mail_and_sms(city: City) -> None:
    assert set(SAID) == {language.code for language in MESSAGE_LANGUAGES}
    start = city.day() + timedelta(hours=9)
    numbers = {}
    for at, code in enumerate(SAID):
        booked = await city.book(
            start + timedelta(minutes=30 * at),
            mail=mail_of(code),
            phone=phone_of(code),
            channels=["mail", "sms"],
            language=code,
        )
        numbers[code] = booked["number"]
    expected = {address: 1 for code in SAID for address in (("mail", mail_of(code)), ("sms", phone_of(code)))}
    await city.until_received(expected)

    got = {(each.channel, each.recipient): each for each in city.accepted()}
    for language in MESSAGE_LANGUAGES:
        code = language.code
        by_mail, by_sms = SAID[code]
        plain, html = bodies(got[Channel.MAIL, mail_of(code)])
        tree = parse(html)
        assert (tree.get("lang"), tree.get("dir")) == (code, language.direction)
        sms = json.loads(got[Channel.SMS, phone_of(code)].source)["text"]
        assert sms.startswith(by_sms)
        assert by_mail in plain
        assert by_mail in html
        assert all(numbers[code] in text for text in (plain, html, sms))
        path = next(word for word in sms.split() if "/m/" in word).removeprefix(city.platform.public_url)
        assert (await city.client.get(path)).status_code == 200
