"""Answering those who ask for their links. Only this service knows which matters an address has, and their links."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog

from services.notifications.delivery.domain import Notice
from services.notifications.links.domain import Open, OpenMatter, OpenMatters, in_order, is_open, same_address
from services.notifications.purposes import Purpose
from services.notifications.telling.usecases import contact_of, take_fact
from shared.act import Act
from shared.events.base import Received
from shared.events.links import LinksRequested
from shared.events.personal import Contact
from shared.events.registry import read_fact
from shared.failures import without_input
from shared.statements import Query
from shared.web.i18n import in_language

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Matter:
    id: UUID
    type: str
    fact: Any


# The key of a person is that of the mail address, if they gave one; the number they gave as well stands in notices.
_OF_ADDRESS = Query(
    _Matter,
    """
    select id, type, fact from matters where person_key = :address
    union
    select m.id, m.type, m.fact from notices n join matters m on m.id = n.matter
    where n.addresses ? 'sms' and n.addresses ->> 'sms' = :address
""",
)
_REQUESTS = Query(LinksRequested, "select fact from matters where id = any(:ids)")


async def take_request(act: Act, received: Received[LinksRequested]) -> None:
    """Plan the message with the links; where nothing is open nothing is sent, and nothing is kept."""
    if await _open_for(act, received.fact):
        await take_fact(act, received)


async def answers(act: Act, notices: Iterable[Notice]) -> dict[UUID, tuple[OpenMatters, Contact]]:
    """What to say to those who asked for their links, and to whom, as things are now."""
    asked = {notice.matter: notice.id for notice in notices if notice.purpose is Purpose.LINKS}
    found: dict[UUID, tuple[OpenMatters, Contact]] = {}
    for request in await _REQUESTS.all(act.conn, {"ids": list(asked)}) if asked else []:
        contact, matters = contact_of(request, act.tools), await _open_for(act, request)
        if contact and matters:
            found[asked[request.id]] = OpenMatters(request, matters), contact
    return found


async def _open_for(act: Act, request: LinksRequested) -> tuple[OpenMatter, ...]:
    asked, found = contact_of(request, act.tools), []
    for matter in await _OF_ADDRESS.all(act.conn, {"address": request.request.person_key}):
        fact = read_fact(matter.type, matter.fact)
        try:
            contact = contact_of(fact, act.tools) if isinstance(fact, Open) else None
        except Exception as error:
            # One matter that cannot be read must not keep back the links to all others.
            log.error("matter_not_readable", matter=str(matter.id), error=without_input(error))
            continue
        if isinstance(fact, Open) and asked and contact and same_address(asked, contact) and is_open(fact, act.now):
            url = in_language(contact.manage_url, act.tools.settings.platform.public_url, request.request.language)
            found.append(OpenMatter(fact, url))
    return in_order(found)
