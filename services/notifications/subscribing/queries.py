"""Reads of subscriptions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.locks import Lock
from services.notifications.purposes import Purpose
from services.notifications.subscribing.domain import Wishes
from shared.events.base import Fact
from shared.events.registry import read_fact
from shared.locks import note_lock
from shared.statements import Query

LAST_MESSAGES = 10


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


_COLUMNS = """
    id, version, address, channel, generation, confirmed_at,
    jsonb_build_object('districts', districts, 'quarters', quarters, 'topics', topics, 'language', language,
                       'digest', digest) as wishes
"""
_BY_ID = Query(Subscription, f"select {_COLUMNS} from subscriptions where id = :id")  # noqa: S608 - of constants
_BY_ID_FOR_UPDATE = Query(
    Subscription,
    f"select {_COLUMNS} from subscriptions where id = :id for update",  # noqa: S608 - of constants
)
_BY_ADDRESS = Query(
    Subscription,
    f"select {_COLUMNS} from subscriptions where address = :address",  # noqa: S608 - of constants
)


@dataclass(frozen=True, slots=True)
class Request:
    """Wishes to be confirmed; `moves` is the subscription that is to get the address instead."""

    wishes: Wishes
    channel: str
    asked_at: datetime
    confirmed_at: datetime | None
    moves: UUID | None


_REQUEST = Query(
    Request,
    """
    select jsonb_build_object('districts', districts, 'quarters', quarters, 'topics', topics, 'language', language,
                              'digest', digest) as wishes,
           channel, asked_at, confirmed_at, moves
    from subscription_requests where id = :id
""",
)


@dataclass(frozen=True, slots=True)
class Sent:
    """News that was to be sent, alone or in a digest, and the state its message came to."""

    at: datetime
    fact: Fact
    state: str


@dataclass(frozen=True, slots=True)
class _Sent:
    at: datetime
    type: str
    fact: Any
    state: str


_SENT = Query(
    _Sent,
    """
    select m.changed_at as at, coalesce(item.type, matters.type) as type, coalesce(item.fact, matters.fact) as fact,
           m.state
    from notices n join messages m on m.notice = n.id join matters on matters.id = n.matter
    left join lateral (
        select mi.type, mi.fact from digest_items i join matters mi on mi.id = i.matter where i.notice = n.id
    ) item on true
    where n.recipient = :address and n.purpose = any(:purposes)
      and m.state in ('delivered', 'accepted', 'unknown', 'failed', 'expired', 'suppressed')
    order by m.changed_at desc, n.id limit :limit
""",
)


async def load_subscription(conn: AsyncConnection, id: UUID, *, for_update: bool = False) -> Subscription | None:
    """A subscription; None when it has ended or never was."""
    if for_update:
        note_lock(conn, Lock.SUBSCRIPTION)
    return await (_BY_ID_FOR_UPDATE if for_update else _BY_ID).first(conn, {"id": id})


async def load_by_address(conn: AsyncConnection, address: str) -> Subscription | None:
    """The subscription of an address, given by its key."""
    return await _BY_ADDRESS.first(conn, {"address": address})


async def load_request(conn: AsyncConnection, id: UUID) -> Request | None:
    """Wishes to be confirmed; None once they are forgotten."""
    return await _REQUEST.first(conn, {"id": id})


async def load_sent(conn: AsyncConnection, address: str, purposes: list[Purpose]) -> list[Sent]:
    """The last news for an address, newest first; not what was overtaken, still waits or cannot be read."""
    found = await _SENT.all(conn, {"address": address, "purposes": purposes, "limit": LAST_MESSAGES})
    read = ((each, read_fact(each.type, each.fact)) for each in found)
    return [Sent(each.at, fact, each.state) for each, fact in read if fact]
