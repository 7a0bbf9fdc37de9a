"""The audit log: which member of the staff did what to which matter, written in the transaction of the deed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.auth import EVERY_STATION
from shared.statements import Query, Statement

NOTE = Statement("""
    insert into audit (at, who, action, matter, station, details)
    values (:at, :who, :action, :matter, :station, cast(:details as jsonb))
""")
"""Writes an entry, in the transaction of the deed; see `Act.note`."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One entry of the log; `who` is the subject of the identity provider, `details` say nothing of a citizen."""

    id: UUID
    at: datetime
    who: str
    action: str
    matter: UUID | None
    station: str | None
    details: dict[str, Any]


_READ = Query(
    Deed,
    """
    select id, at, who, action, matter, station, details from audit
    where (:everywhere or station = any(:stations)) and (cast(:before as uuid) is null or id < :before)
    order by id desc limit :limit
""",
)


async def load_audit(
    conn: AsyncConnection, stations: Sequence[str], before: UUID | None = None, limit: int = 50
) -> list[Deed]:
    """The log, newest first.

    Args:
        stations: whose deeds; `*` for all, also those that belong to no station.
        before: the last entry of the page before.
    """
    everywhere = EVERY_STATION in stations
    values = {"everywhere": everywhere, "stations": list(stations), "before": before, "limit": limit}
    return await _READ.all(conn, values)
