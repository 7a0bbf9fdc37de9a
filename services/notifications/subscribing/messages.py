"""The messages a subscription itself needs: please confirm, and here is your link."""

from uuid import UUID, uuid4

from services.notifications.delivery import usecases as delivery
from services.notifications.delivery.domain import Occasion
from services.notifications.locks import Lock
from services.notifications.purposes import Purpose
from services.notifications.subscribing.domain import CONFIRM_WITHIN, LIMIT, LIMIT_WINDOW
from services.notifications.subscribing.queries import Subscription
from shared.act import Act
from shared.due import Urgency
from shared.events.base import About
from shared.events.notifications import SubscriptionConfirmed
from shared.events.registry import type_of
from shared.locks import lock_key
from shared.statements import Query, Statement

_TYPE = type_of(SubscriptionConfirmed)

_SENT_LATELY = Query(
    int,
    """
    select count(*) from notices where recipient = :address and purpose = any(:purposes) and planned_at > :since
""",
)
# A request has nothing to say but what stands in its own row.
_KNOW_REQUEST = Statement("""
    insert into matters (id, version, told_version, type, fact, person_key, changed_at)
    values (:id, 1, 1, :type, '{}', :address, :now)
""")


async def ask_to_confirm(act: Act, request: UUID, channel: str, address: str) -> bool:
    """Plan the message that asks to confirm a request; False where the address has had too many today."""
    if await _too_many(act, address):
        return False
    await _KNOW_REQUEST.run(act.conn, {"id": request, "type": _TYPE, "address": address, "now": act.now})
    notice = _occasion(act, About(id=request, version=1), Purpose.SUBSCRIPTION).notice_to(address, channel)
    await delivery.add(act, [(notice, act.now)], _TYPE)
    return True


async def send_link(act: Act, known: Subscription) -> None:
    """Plan the message with the link to a subscription's page, unless the address has had too many today."""
    if not await _too_many(act, known.address):
        occasion = _occasion(act, About(id=known.id, version=known.version), Purpose.SUBSCRIPTION_LINK)
        await delivery.add(act, [(occasion.notice_to(known.address, known.channel), act.now)], _TYPE)


async def _too_many(act: Act, address: str) -> bool:
    await lock_key(act.conn, Lock.ADDRESS, address)
    purposes = [Purpose.SUBSCRIPTION, Purpose.SUBSCRIPTION_LINK]
    values = {"address": address, "purposes": purposes, "since": act.now - LIMIT_WINDOW}
    return await _SENT_LATELY.one(act.conn, values) >= LIMIT


def _occasion(act: Act, about: About, purpose: Purpose) -> Occasion:
    until = act.now + CONFIRM_WITHIN
    return Occasion(about.id, about.version, uuid4(), purpose, Urgency.DIRECT, until, loud_from=act.now)
