"""Takings: what network addresses took within the last hour of something that is limited, in a table of that name."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, DateTime, Index, LargeBinary, MetaData, Table

from shared.act import Act
from shared.origins import Origin
from shared.problems import Problem
from shared.statements import Query, Statement

WINDOW = timedelta(hours=1)
"""How far back what a network address took is counted, and how long it is kept."""

NOTE_TAKING = """
    noted as (
        insert into takings (origin, at)
        select cast(:origin as bytea), cast(:now as timestamptz) where cast(:origin as bytea) is not null
    )"""
"""The part of a statement that notes a taking."""

COUNT_TAKINGS = """
    (select coalesce(array_agg(at), '{}') from (
        select at from takings
        where origin = cast(:origin as bytea) and at > cast(:now as timestamptz) - interval '1 hour'
        order by at desc limit :address_limit
    ) recent)"""
"""The newest takings of the last hour before this one, no more of them than are allowed."""

_TAKE = Query(list[datetime], f"with {NOTE_TAKING} select {COUNT_TAKINGS} as takings")
_FORGET_TAKINGS = Statement("delete from takings where at < :before")


class UsedUp(Problem):
    """A network address took too much within an hour; it may take something again after `wait`."""

    status = 429

    def __init__(self, wait: timedelta) -> None:
        super().__init__(headers={"Retry-After": str(max(1, -(-wait // timedelta(seconds=1))))})


def values_of(origin: Origin | None, now: datetime) -> dict[str, Any]:
    """The parameters of the parts of statements above; without an origin nothing is noted."""
    return {
        "origin": origin.pseudonym if origin else None,
        "address_limit": origin.address_limit if origin else 0,
        "now": now,
    }


def check_takings(takings: Sequence[datetime] | None, limit: int, now: datetime, refusal: type[UsedUp]) -> None:
    """Raise the refusal if so many were counted as are allowed; the caller's transaction must not commit then."""
    if takings and len(takings) >= limit:
        raise refusal(min(takings) + WINDOW - now)


async def take(act: Act, refusal: type[UsedUp]) -> None:
    """Count one more taking of the act's origin; raises the refusal if there were too many, see `check_takings`.

    Staff and the service itself take what they need.
    """
    if act.origin is not None:
        takings = await _TAKE.one(act.conn, values_of(act.origin, act.now))
        check_takings(takings, act.origin.address_limit, act.now, refusal)


async def forget_takings(act: Act) -> None:
    """Forget what network addresses took, once it no longer counts."""
    await _FORGET_TAKINGS.run(act.conn, {"before": act.now - WINDOW})


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
