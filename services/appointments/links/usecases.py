"""Asking for links. Nothing is looked up here, so that neither the answer nor its time says what an address has."""

from datetime import datetime
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.booking.facts import secret_url
from services.appointments.booking.limits import Origin
from services.appointments.links.domain import ADDRESS_WINDOW, PER_ADDRESS, PER_NETWORK, Address
from services.appointments.links.refusals import RequestsUsedUp
from shared.events.links import LinksRequest, LinksRequested
from shared.events.personal import Contact
from shared.people import Person
from shared.takings import WINDOW, check_takings
from shared.tools import Tools

LINKS = "links"
"""Where to ask for links, under `/appointments/`."""

_ONE_AT_A_TIME = text("select pg_advisory_xact_lock(hashtextextended(:address, 0))")
_LATELY = text("""
    select (select count(*) from link_requests where address = :address and at > :day_before) as for_address,
           (select array_agg(at) from link_requests where origin = :origin and at > :hour_before) as from_network
""")
_NOTE = text("insert into link_requests (address, origin, at) values (:address, :origin, :now)")
_FORGET = text("delete from link_requests where at < :before")


async def ask_for_links(
    conn: AsyncConnection, tools: Tools, address: Address, language: str, now: datetime, origin: Origin
) -> None:
    """Let the links of all that is open for an address be sent to it; LinksRequested is recorded.

    For an address that was asked for too often today nothing is recorded, and nobody can tell.

    Args:
        language: of the message.

    Raises:
        RequestsUsedUp: the network address made too many requests; the caller's transaction must not commit.
    """
    person = Person(name="", **{"mail" if address.channel == "mail" else "phone": address.value})
    key, id = tools.people.person_key(person), uuid4()
    await conn.execute(_ONE_AT_A_TIME, {"address": f"links {key}"})
    values = {"address": key, "origin": origin.pseudonym, "now": now}
    windows = {"day_before": now - ADDRESS_WINDOW, "hour_before": now - WINDOW}
    lately = (await conn.execute(_LATELY, values | windows)).one()
    check_takings(lately.from_network, PER_NETWORK, now, RequestsUsedUp)
    await conn.execute(_NOTE, values)
    if lately.for_address < PER_ADDRESS:
        url = secret_url(tools, LINKS, language, None)
        contact = Contact(name="", mail=person.mail, phone=person.phone, manage_url=url)
        request = LinksRequest(
            language=language,
            channels=[address.channel],
            person_key=key,
            contact=tools.sealer.seal("notifications", id, contact),
            asked_at=now,
        )
        await tools.outbox.record(conn, LinksRequested(id=id, version=1, request=request))


async def forget_requests(conn: AsyncConnection, now: datetime) -> None:
    """Forget who asked for links, once it no longer counts."""
    await conn.execute(_FORGET, {"before": now - ADDRESS_WINDOW})
