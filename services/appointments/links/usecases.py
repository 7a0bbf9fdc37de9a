"""Asking for links. Nothing is looked up here, so that neither the answer nor its time says what an address has."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import uuid4

from services.appointments.locks import Lock
from shared.act import Act
from shared.addresses import checked_mail, checked_phone
from shared.events.links import LinksRequest, LinksRequested
from shared.events.personal import Contact
from shared.locks import note_lock
from shared.people import Person
from shared.secret_pages import secret_url
from shared.statements import Query, Statement
from shared.takings import WINDOW, UsedUp, check_takings

PER_ADDRESS = 3


ADDRESS_WINDOW = timedelta(hours=24)
"""So many requests for one address are passed on within so long, whoever makes them; the others change nothing."""


PER_NETWORK = 20
"""So many requests one network address may make in an hour."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the links go to: a mail address, or a mobile number in E.164."""

    channel: Literal["mail", "sms"]
    value: str


def check_address(typed: str) -> Address | str:
    """The address somebody typed, or the code of what is wrong with it."""
    if not typed.strip():
        return "channel_missing"
    if "@" in typed:
        mail = checked_mail(typed)
        return Address("mail", mail) if mail else "mail_unusable"
    number, wrong = checked_phone(typed, for_sms=True)
    return Address("sms", number) if number else wrong or "phone_unusable"


class RequestsUsedUp(UsedUp):
    slug = "requests-used-up"
    title = "Too many links were asked for from this network address"


LINKS = "links"
"""Where to ask for links, under `/appointments/`."""

_ONE_AT_A_TIME = Statement("select pg_advisory_xact_lock(hashtextextended(:address, 0))")


@dataclass(frozen=True, slots=True)
class _Lately:
    for_address: int
    from_network: list[datetime] | None


_LATELY = Query(
    _Lately,
    """
    select (select count(*) from link_requests where address = :address and at > :day_before) as for_address,
           (select array_agg(at) from link_requests where origin = :origin and at > :hour_before) as from_network
""",
)
_NOTE = Statement("insert into link_requests (address, origin, at) values (:address, :origin, :now)")
_FORGET = Statement("delete from link_requests where at < :before")


async def ask_for_links(act: Act, address: Address, language: str) -> None:
    """Let the links of all that is open for an address be sent to it; LinksRequested is recorded.

    For an address that was asked for too often today nothing is recorded, and nobody can tell.

    Args:
        language: of the message.

    Raises:
        RequestsUsedUp: the network address made too many requests; the caller's transaction must not commit.
    """
    person = Person(name="", **{"mail" if address.channel == "mail" else "phone": address.value})
    key, id = act.tools.people.person_key(person), uuid4()
    note_lock(act.conn, Lock.ADDRESS)
    await _ONE_AT_A_TIME.run(act.conn, {"address": f"links {key}"})
    values = {"address": key, "origin": act.origin.pseudonym if act.origin else None, "now": act.now}
    windows = {"day_before": act.now - ADDRESS_WINDOW, "hour_before": act.now - WINDOW}
    lately = await _LATELY.one(act.conn, {**values, **windows})
    check_takings(lately.from_network, PER_NETWORK, act.now, RequestsUsedUp)
    await _NOTE.run(act.conn, values)
    if lately.for_address < PER_ADDRESS:
        url = secret_url(act.tools, LINKS, language, None)
        contact = Contact(name="", mail=person.mail, phone=person.phone, manage_url=url)
        request = LinksRequest(
            language=language,
            channels=[address.channel],
            person_key=key,
            contact=act.tools.sealer.seal("notifications", id, contact),
            asked_at=act.now,
        )
        await act.record(LinksRequested(id=id, version=1, request=request))


async def forget_requests(act: Act) -> None:
    """Forget who asked for links, once it no longer counts."""
    await _FORGET.run(act.conn, {"before": act.now - ADDRESS_WINDOW})
