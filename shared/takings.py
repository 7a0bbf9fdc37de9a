"""Takings: what network addresses took within the last hour of something that is limited, in a table of that name."""

import hmac
from base64 import b64decode
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from fastapi import Request
from pydantic import IPvAnyNetwork, SecretStr
from sqlalchemy import Column, DateTime, Index, LargeBinary, MetaData, Table, text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.problems import Problem
from shared.statements import Statement

WINDOW = timedelta(hours=1)
"""How far back what a network address took is counted, and how long it is kept."""

NOTE_TAKING = """
    noted as (
        insert into takings (origin, at)
        select cast(:origin as bytea), cast(:now as timestamptz) where cast(:origin as bytea) is not null
    )"""
"""The part of a statement that notes a taking."""

COUNT_TAKINGS = """
    (select array_agg(at) from (
        select at from takings
        where origin = cast(:origin as bytea) and at > cast(:now as timestamptz) - interval '1 hour'
        order by at desc limit :address_limit
    ) recent)"""
"""The newest takings of the last hour before this one, no more of them than are allowed."""

_TAKE = Statement(f"with {NOTE_TAKING} select {COUNT_TAKINGS} as takings")
_FORGET_TAKINGS = text("delete from takings where at < :before")


class UsedUp(Problem):
    """A network address took too much within an hour; it may take something again after `wait`."""

    status = 429

    def __init__(self, wait: timedelta) -> None:
        super().__init__(headers={"Retry-After": str(max(1, -(-wait // timedelta(seconds=1))))})


class Origins:
    """The pseudonyms of network addresses, under a key of the service.

    Args:
        secret: base64, 32 bytes.
        unlimited: networks no limit holds for.
    """

    def __init__(self, secret: SecretStr, unlimited: Sequence[IPvAnyNetwork]) -> None:
        self._key = b64decode(secret.get_secret_value())
        self._unlimited = unlimited

    def of(self, address: str) -> bytes | None:
        """The keyed hash of an address's network; None where no limit holds.

        IPv6 counts by /64, which is what one connection gets.
        """
        try:
            found = ip_address(address)
        except ValueError:
            network = address
        else:
            if isinstance(found, IPv6Address) and found.ipv4_mapped:
                found = found.ipv4_mapped
            if any(found in each for each in self._unlimited):
                return None
            network = str(ip_network(f"{found}/64", strict=False) if found.version == 6 else found)
        return hmac.new(self._key, f"network address {network}".encode(), sha256).digest()[:16]


def address_of(request: Request) -> str:
    """Where a request comes from; behind a proxy that is trusted (`NAHBAR_TRUSTED_PROXIES`) the address it names."""
    return request.client.host if request.client else ""


def values_of(origin: bytes | None, limit: int, now: datetime) -> dict[str, Any]:
    """The parameters of the parts of statements above."""
    return {"origin": origin, "address_limit": limit, "now": now}


def check_takings(takings: Sequence[datetime] | None, limit: int, now: datetime, refusal: type[UsedUp]) -> None:
    """Raise the refusal if so many were counted as are allowed; the caller's transaction must not commit then."""
    if takings and len(takings) >= limit:
        raise refusal(min(takings) + WINDOW - now)


async def note_taking(
    conn: AsyncConnection, origin: bytes | None, limit: int, now: datetime, refusal: type[UsedUp]
) -> None:
    """Count one more taking; raises the refusal if there were too many, see `check_takings`."""
    row = await _TAKE.row(conn, values_of(origin, limit, now))
    check_takings(row["takings"], limit, now, refusal)


async def forget_takings(conn: AsyncConnection, now: datetime) -> None:
    """Forget what network addresses took, once it no longer counts."""
    await conn.execute(_FORGET_TAKINGS, {"before": now - WINDOW})


def takings_table(metadata: MetaData) -> Table:
    """When somebody at a network address (by its pseudonym) took something. A crash may forget it: it is not logged."""
    return Table(
        "takings",
        metadata,
        Column("origin", LargeBinary, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
        Index("takings_origin", "origin", "at"),
        prefixes=["UNLOGGED"],
    )
