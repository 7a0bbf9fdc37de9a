"""The ledger: what became of every message, and the log of one matter."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

GRACE = timedelta(minutes=5)

_COUNTS = text("""
    select n.purpose, m.channel, m.state, count(*) as messages
    from messages m join notices n on n.id = m.notice group by n.purpose, m.channel, m.state
    order by n.purpose, m.channel, m.state
""")
_OPEN_NOW = text("""
    select count(*) filter (where m.state <> 'accepted' and m.due_at <= :now) as due,
           count(*) filter (where m.state = 'waiting' and m.due_at > :now) as later,
           count(*) filter (where m.state = 'accepted') as awaiting_receipt,
           count(*) filter (where m.state <> 'accepted' and n.useful_until <= :lost_before) as overdue,
           min(m.due_at) filter (where m.state <> 'accepted' and m.due_at <= :now) as oldest
    from messages m join notices n on n.id = m.notice
    where m.state in ('waiting', 'sending', 'checking', 'accepted')
""")
_OUTCOMES = text("select outcome, count(*) as notices from notices where outcome is not null group by outcome")
_TWICE = text("""
    select message from attempts where result is null or result not similar to '(temporary|throttled|away|defect)%'
    group by message having count(*) > 1 order by message limit 100
""")
_GATEWAYS = text("""
    select coalesce(g.name, taken.gateway) as name, coalesce(taken.messages, 0) as messages,
           g.skipped_until, g.reason
    from gateways g full join (
        select gateway, count(*) as messages from messages
        where gateway is not null and state in ('checking', 'accepted', 'delivered', 'unknown') group by gateway
    ) taken on taken.gateway = g.name order by name
""")
_LOG = """
    select n.id as notice, n.purpose, n.matter_version, n.outcome, n.useful_until, m.id as message, m.channel, m.state,
           m.due_at, m.error, m.changed_at, m.gateway
    from notices n join messages m on m.notice = n.id where {condition}
    order by n.planned_at, m.due_at, m.id
"""
_ATTEMPTS = """
    select a.message, a.number, a.started_at, a.ended_at, a.result, a.gateway
    from attempts a join messages m on m.id = a.message join notices n on n.id = m.notice
    where {condition} order by a.message, a.number
"""
_OF_MATTER, _TO_RECIPIENT = "n.matter = :matter", "n.recipient = :recipient and n.purpose = any(:purposes)"
_LOG_OF, _LOG_TO = (
    (text(_LOG.format(condition=each)), text(_ATTEMPTS.format(condition=each))) for each in (_OF_MATTER, _TO_RECIPIENT)
)


class Count(BaseModel):
    """How many messages of a purpose and channel are in a state."""

    purpose: str
    channel: str
    state: str
    messages: int


class GatewayEntry(BaseModel):
    """How an SMS gateway stands: how many messages it took, and until when and why others go first."""

    name: str
    messages: int
    skipped: bool
    skipped_until: AwareDatetime | None
    reason: str | None


class Ledger(BaseModel):
    """The account of all messages.

    `due`: should be sent now or are in doubt. `later`: reminders and the like. `overdue`: open although useless for
    more than `GRACE`, so possibly lost. `maybe_twice`: more than one attempt may have been accepted. Both are empty
    unless something is wrong. `gateways`: those that carried SMS or failed to.
    """

    at: AwareDatetime
    messages: dict[str, int]
    notices: dict[str, int]
    due: int
    later: int
    awaiting_receipt: int
    overdue: int
    oldest_due: AwareDatetime | None
    maybe_twice: list[UUID]
    by_purpose: list[Count]
    gateways: list[GatewayEntry]


class AttemptEntry(BaseModel):
    """One attempt to send a message; without a result nobody knows what became of it."""

    number: int
    started_at: AwareDatetime
    ended_at: AwareDatetime | None
    result: str | None
    gateway: str | None


class MessageEntry(BaseModel):
    """One message in the log of a matter."""

    notice: UUID
    purpose: str
    matter_version: int
    notice_outcome: str | None
    useful_until: AwareDatetime
    message: UUID
    channel: str
    state: str
    due_at: AwareDatetime
    error: str | None
    changed_at: AwareDatetime
    gateway: str | None
    attempts: list[AttemptEntry]


async def ledger(conn: AsyncConnection, now: datetime) -> Ledger:
    """Count what became of every message, and find those that may be lost or doubled."""
    counts = [Count.model_validate(dict(row)) for row in (await conn.execute(_COUNTS)).mappings()]
    states: dict[str, int] = {}
    for count in counts:
        states[count.state] = states.get(count.state, 0) + count.messages
    open_now = (await conn.execute(_OPEN_NOW, {"now": now, "lost_before": now - GRACE})).one()
    return Ledger(
        at=now,
        messages=states,
        notices={row.outcome: row.notices for row in await conn.execute(_OUTCOMES)},
        due=open_now.due,
        later=open_now.later,
        awaiting_receipt=open_now.awaiting_receipt,
        overdue=open_now.overdue,
        oldest_due=open_now.oldest,
        maybe_twice=list((await conn.execute(_TWICE)).scalars()),
        by_purpose=counts,
        gateways=[
            GatewayEntry(
                name=row.name,
                messages=row.messages,
                skipped=row.skipped_until is not None and now < row.skipped_until,
                skipped_until=row.skipped_until,
                reason=row.reason,
            )
            for row in await conn.execute(_GATEWAYS)
        ],
    )


async def log_of(conn: AsyncConnection, matter: UUID) -> list[MessageEntry]:
    """Everything told of a matter, oldest first."""
    return await _log(conn, _LOG_OF, {"matter": matter})


async def log_to(conn: AsyncConnection, recipient: str, purposes: Collection[str]) -> list[MessageEntry]:
    """What an address, given by its key, was told for some purposes, oldest first."""
    return await _log(conn, _LOG_TO, {"recipient": recipient, "purposes": list(purposes)})


async def _log(
    conn: AsyncConnection, statements: tuple[TextClause, TextClause], values: dict[str, Any]
) -> list[MessageEntry]:
    messages, tries = statements
    attempts: dict[UUID, list[AttemptEntry]] = {}
    for row in (await conn.execute(tries, values)).mappings():
        attempts.setdefault(row["message"], []).append(AttemptEntry.model_validate(dict(row)))
    return [
        MessageEntry.model_validate(
            {**row, "notice_outcome": row["outcome"], "attempts": attempts.get(row["message"], [])}
        )
        for row in (await conn.execute(messages, values)).mappings()
    ]
