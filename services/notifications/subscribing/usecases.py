"""Use cases of subscribing. What somebody else may see is the same whether an address is known or not."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.subscribing.domain import CONFIRM_WITHIN, Address, Wishes, can_be_confirmed, tidy
from services.notifications.subscribing.facts import subscription_fact
from services.notifications.subscribing.messages import ask_to_confirm, send_link
from services.notifications.subscribing.queries import Subscription, load_by_address, load_subscription
from services.notifications.subscribing.refusals import RequestOver, SubscriptionOver
from services.notifications.telling.usecases import FORGET_MATTER, remember
from shared import retention
from shared.due import Claim, Urgency, Work
from shared.people import Person
from shared.tools import Tools

FORGET_REQUEST = "forget-request"

_ASK = text("""
    insert into subscription_requests (id, address, channel, districts, quarters, topics, language, digest, moves,
                                       asked_at)
    values (:id, :address, :channel, :districts, :quarters, :topics, :language, :digest, :moves, :now)
""")
_REQUEST = text("select * from subscription_requests where id = :id for update")
_CONFIRMED = text("update subscription_requests set confirmed_at = :now where id = :id")
_FORGET_REQUEST = text("""
    with gone as (delete from people where matter = :id) delete from subscription_requests where id = :id
""")
_FORGET_REQUESTS_OF = text("""
    with old as (delete from subscription_requests where address = :address returning id)
    delete from people where matter in (select id from old)
""")
_SUBSCRIBE = text("""
    insert into subscriptions (id, version, address, channel, districts, quarters, topics, language, digest,
                               confirmed_at)
    values (:id, 1, :address, :channel, :districts, :quarters, :topics, :language, :digest, :now)
    on conflict (address) do update
    set version = subscriptions.version + 1, districts = excluded.districts, quarters = excluded.quarters,
        topics = excluded.topics, language = excluded.language, digest = excluded.digest,
        confirmed_at = excluded.confirmed_at
    returning id
""")
_MOVE = text("""
    update subscriptions set version = version + 1, generation = generation + 1, address = :address, channel = :channel
    where id = :id
""")
_CHANGE = text("""
    update subscriptions set version = version + 1, districts = :districts, quarters = :quarters, topics = :topics,
           language = :language, digest = :digest
    where id = :id
""")
_END = text("""
    with gone as (delete from subscriptions where id = :id) delete from people where matter = :id
""")


async def ask(
    conn: AsyncConnection, tools: Tools, address: Address, wishes: Wishes, now: datetime, moves: UUID | None = None
) -> UUID | None:
    """Keep wishes and send a message in which they can be confirmed within 48 hours; nothing else changes until then.

    Args:
        moves: the subscription that is to get this address, and keeps its own wishes.

    Returns:
        The request; None where the address has had too many such messages today.
    """
    id, person = uuid4(), _person(address)
    key = tools.people.person_key(person)
    if not await ask_to_confirm(conn, tools, id, address.channel, key, now):
        return None
    values = _row(wishes) | {"id": id, "address": key, "channel": address.channel, "moves": moves, "now": now}
    await conn.execute(_ASK, values)
    await tools.people.save(conn, id, person)
    await tools.due.schedule(conn, Work(FORGET_REQUEST, str(id), now + CONFIRM_WITHIN, Urgency.BULK))
    return id


async def confirm(conn: AsyncConnection, tools: Tools, id: UUID, now: datetime) -> Subscription:
    """Make wishes binding; SubscriptionConfirmed is recorded. Confirmed twice, nothing changes.

    Raises:
        RequestOver: unknown, too late, or its subscription has ended since.
    """
    request = (await conn.execute(_REQUEST, {"id": id})).mappings().one_or_none()
    if request is None or not can_be_confirmed(request["asked_at"], now):
        raise RequestOver
    if request["confirmed_at"] is None:
        await _take_over(conn, tools, dict(request), now)
        await conn.execute(_CONFIRMED, {"id": id, "now": now})
    found = await load_by_address(conn, request["address"])
    if found is None:
        raise RequestOver
    return found


async def change(conn: AsyncConnection, tools: Tools, id: UUID, wishes: Wishes, now: datetime) -> Subscription:
    """Change what a subscription wishes for; SubscriptionConfirmed says so unless nothing is different.

    Raises:
        SubscriptionOver
    """
    known = await load_subscription(conn, id, for_update=True)
    if known is None:
        raise SubscriptionOver
    if known.wishes == tidy(wishes):
        return known
    await conn.execute(_CHANGE, _row(wishes) | {"id": id})
    return await _tell(conn, tools, id, now)


async def end(conn: AsyncConnection, tools: Tools, id: UUID, now: datetime) -> None:
    """End a subscription and forget its address. What has ended already stays so."""
    known = await load_subscription(conn, id, for_update=True)
    if known is None:
        return
    await conn.execute(_END, {"id": id})
    await conn.execute(_FORGET_REQUESTS_OF, {"address": known.address})
    ended = subscription_fact(known, known.version + 1, now, ended=True)
    await tools.outbox.record(conn, ended)
    await remember(conn, ended, known.address, now)
    await tools.due.schedule(conn, Work(FORGET_MATTER, str(id), now + retention.LEDGER, Urgency.BULK))


async def end_at(conn: AsyncConnection, tools: Tools, address: str, now: datetime) -> None:
    """End the subscription of an address, given by its key; its person complained."""
    known = await load_by_address(conn, address)
    if known is not None:
        await end(conn, tools, known.id, now)


async def ask_for_link(conn: AsyncConnection, tools: Tools, address: Address, now: datetime) -> None:
    """Send a new link to the preferences, if there is a subscription; the answer does not tell."""
    known = await load_by_address(conn, tools.people.person_key(_person(address)))
    if known is not None:
        await send_link(conn, tools, known, now)


async def forget_request(conn: AsyncConnection, tools: Tools, claim: Claim) -> None:
    """Forget a request that nobody can confirm any more, with its address; what was sent stays in the ledger."""
    await conn.execute(_FORGET_REQUEST, {"id": UUID(claim.key)})
    forget_at = tools.clock.now() + retention.LEDGER
    await tools.due.schedule(conn, Work(FORGET_MATTER, claim.key, forget_at, Urgency.BULK))


async def _take_over(conn: AsyncConnection, tools: Tools, request: dict[str, Any], now: datetime) -> None:
    """Let a confirmed request become, change, or move a subscription."""
    person = await tools.people.load(conn, request["id"])
    assert person is not None, "kept as long as the request"
    moved = await load_subscription(conn, request["moves"], for_update=True) if request["moves"] else None
    if moved is None:
        values = {**request, "id": uuid4(), "now": now}
        id: UUID = (await conn.execute(_SUBSCRIBE, values)).scalar_one()
    else:
        id = moved.id
        other = await load_by_address(conn, request["address"])
        if other is not None and other.id != id:
            await end(conn, tools, other.id, now)
        await conn.execute(_MOVE, request | {"id": id})
    await tools.people.save(conn, id, person)
    await _tell(conn, tools, id, now)


async def _tell(conn: AsyncConnection, tools: Tools, id: UUID, now: datetime) -> Subscription:
    found = await load_subscription(conn, id)
    assert found is not None, "just saved"
    fact = subscription_fact(found, found.version, now)
    await tools.outbox.record(conn, fact)
    await remember(conn, fact, found.address, now)
    return found


def _person(address: Address) -> Person:
    return Person(name="", **{"mail" if address.channel == "mail" else "phone": address.value})


def _row(wishes: Wishes) -> dict[str, Any]:
    tidied = tidy(wishes)
    return {
        "districts": list(tidied.districts),
        "quarters": list(tidied.quarters),
        "topics": list(tidied.topics),
        "language": tidied.language,
        "digest": tidied.digest,
    }
