"""Reads of subscriptions."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.locks import Lock
from services.notifications.purposes import Purpose
from services.notifications.subscribing.domain import Wishes
from shared.events.base import Fact
from shared.events.registry import read_fact
from shared.locks import note_lock

LAST_MESSAGES = 10

_BY_ID = text("select * from subscriptions where id = :id")
_BY_ID_FOR_UPDATE = text("select * from subscriptions where id = :id for update")
_BY_ADDRESS = text("select * from subscriptions where address = :address")
_REQUEST = text("""
    select districts, quarters, topics, language, digest, channel, asked_at, confirmed_at, moves
    from subscription_requests where id = :id
""")
_SENT = text("""
    select n.id, n.purpose, m.state, m.changed_at, coalesce(item.type, matters.type) as type,
           coalesce(item.fact, matters.fact) as fact
    from notices n join messages m on m.notice = n.id join matters on matters.id = n.matter
    left join lateral (
        select mi.type, mi.fact from digest_items i join matters mi on mi.id = i.matter where i.notice = n.id
    ) item on true
    where n.recipient = :address and n.purpose = any(:purposes)
      and m.state in ('delivered', 'accepted', 'unknown', 'failed', 'expired', 'suppressed')
    order by m.changed_at desc, n.id limit :limit
""")


@dataclass(frozen=True, slots=True)
class Subscription:
    """A confirmed subscription; `address` is the key of its address."""

    id: UUID
    version: int
    address: str
    channel: str
    generation: int
    wishes: Wishes
    confirmed_at: datetime


@dataclass(frozen=True, slots=True)
class Request:
    """Wishes to be confirmed; `moves` is the subscription that is to get the address instead."""

    wishes: Wishes
    channel: str
    asked_at: datetime
    confirmed_at: datetime | None
    moves: UUID | None


@dataclass(frozen=True, slots=True)
class Sent:
    """News that was to be sent, alone or in a digest, and the state its message came to."""

    at: datetime
    fact: Fact
    state: str


async def load_subscription(conn: AsyncConnection, id: UUID, *, for_update: bool = False) -> Subscription | None:
    """A subscription; None when it has ended or never was."""
    if for_update:
        note_lock(conn, Lock.SUBSCRIPTION)
    found = await conn.execute(_BY_ID_FOR_UPDATE if for_update else _BY_ID, {"id": id})
    return _subscription(found.mappings().one_or_none())


async def load_by_address(conn: AsyncConnection, address: str) -> Subscription | None:
    """The subscription of an address, given by its key."""
    return _subscription((await conn.execute(_BY_ADDRESS, {"address": address})).mappings().one_or_none())


async def load_request(conn: AsyncConnection, id: UUID) -> Request | None:
    """Wishes to be confirmed; None once they are forgotten."""
    row = (await conn.execute(_REQUEST, {"id": id})).mappings().one_or_none()
    if row is None:
        return None
    return Request(_wishes(row), row["channel"], row["asked_at"], row["confirmed_at"], row["moves"])


async def load_sent(conn: AsyncConnection, address: str, purposes: list[Purpose]) -> list[Sent]:
    """The last news for an address, newest first; not what was overtaken, still waits or cannot be read."""
    rows = await conn.execute(_SENT, {"address": address, "purposes": purposes, "limit": LAST_MESSAGES})
    read = ((row, read_fact(row.type, row.fact)) for row in rows)
    return [Sent(row.changed_at, fact, row.state) for row, fact in read if fact]


def _subscription(row: RowMapping | None) -> Subscription | None:
    if row is None:
        return None
    return Subscription(
        id=row["id"],
        version=row["version"],
        address=row["address"],
        channel=row["channel"],
        generation=row["generation"],
        wishes=_wishes(row),
        confirmed_at=row["confirmed_at"],
    )


def _wishes(row: RowMapping) -> Wishes:
    return Wishes(tuple(row["districts"]), tuple(row["quarters"]), tuple(row["topics"]), row["language"], row["digest"])
