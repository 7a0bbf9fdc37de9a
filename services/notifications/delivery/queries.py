"""The ledger: what became of every message, and the log of one matter."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import AwareDatetime, BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.statements import Query

GRACE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Count:
    """How many messages of a purpose and channel are in a state."""

    purpose: str
    channel: str
    state: str
    messages: int


_COUNTS = Query(
    Count,
    """
    select n.purpose, m.channel, m.state, count(*) as messages
    from messages m join notices n on n.id = m.notice group by n.purpose, m.channel, m.state
    order by n.purpose, m.channel, m.state
""",
)


@dataclass(frozen=True, slots=True)
class _Open:
    due: int
    later: int
    awaiting_receipt: int
    overdue: int
    oldest_due: datetime | None


_OPEN_NOW = Query(
    _Open,
    """
    select count(*) filter (where m.state <> 'accepted' and m.due_at <= :now) as due,
           count(*) filter (where m.state = 'waiting' and m.due_at > :now) as later,
           count(*) filter (where m.state = 'accepted') as awaiting_receipt,
           count(*) filter (where m.state <> 'accepted' and n.useful_until <= :lost_before) as overdue,
           min(m.due_at) filter (where m.state <> 'accepted' and m.due_at <= :now) as oldest_due
    from messages m join notices n on n.id = m.notice
    where m.state in ('waiting', 'sending', 'checking', 'accepted')
""",
)


@dataclass(frozen=True, slots=True)
class _Outcome:
    outcome: str
    notices: int


_OUTCOMES = Query(
    _Outcome, "select outcome, count(*) as notices from notices where outcome is not null group by outcome"
)
_TWICE = Query(
    UUID,
    """
    select message from attempts where result is null or result not similar to '(temporary|throttled|away|defect)%'
    group by message having count(*) > 1 order by message limit 100
""",
)


@dataclass(frozen=True, slots=True)
class GatewayEntry:
    """How an SMS gateway stands: how many messages it took, and until when and why others go first."""

    name: str
    messages: int
    skipped: bool
    skipped_until: AwareDatetime | None
    reason: str | None


_GATEWAYS = Query(
    GatewayEntry,
    """
    select coalesce(g.name, taken.gateway) as name, coalesce(taken.messages, 0) as messages,
           coalesce(g.skipped_until > :now, false) as skipped, g.skipped_until, g.reason
    from gateways g full join (
        select gateway, count(*) as messages from messages
        where gateway is not null and state in ('checking', 'accepted', 'delivered', 'unknown') group by gateway
    ) taken on taken.gateway = g.name order by name
""",
)


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


@dataclass(frozen=True, slots=True)
class AttemptEntry:
    """One attempt to send a message; without a result nobody knows what became of it."""

    number: int
    started_at: AwareDatetime
    ended_at: AwareDatetime | None
    result: str | None
    gateway: str | None


@dataclass(frozen=True, slots=True)
class _Attempt:
    message: UUID
    number: int
    started_at: datetime
    ended_at: datetime | None
    result: str | None
    gateway: str | None


_ATTEMPTS = Query(
    _Attempt,
    """
    select message, number, started_at, ended_at, result, gateway from attempts
    where message = any(:messages) order by message, number
""",
)


@dataclass(frozen=True, slots=True)
class _Message:
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


@dataclass(frozen=True, slots=True)
class MessageEntry(_Message):
    """One message in the log of a matter."""

    attempts: list[AttemptEntry]


_OF_MATTER = Query(
    _Message,
    """
    select n.id as notice, n.purpose, n.matter_version, n.outcome as notice_outcome, n.useful_until, m.id as message,
           m.channel, m.state, m.due_at, m.error, m.changed_at, m.gateway
    from notices n join messages m on m.notice = n.id where n.matter = :matter
    order by n.planned_at, m.due_at, m.id
""",
)
_TO_RECIPIENT = Query(
    _Message,
    """
    select n.id as notice, n.purpose, n.matter_version, n.outcome as notice_outcome, n.useful_until, m.id as message,
           m.channel, m.state, m.due_at, m.error, m.changed_at, m.gateway
    from notices n join messages m on m.notice = n.id where n.recipient = :recipient and n.purpose = any(:purposes)
    order by n.planned_at, m.due_at, m.id
""",
)


async def ledger(conn: AsyncConnection, now: datetime) -> Ledger:
    """Count what became of every message, and find those that may be lost or doubled."""
    counts = await _COUNTS.all(conn)
    states: dict[str, int] = {}
    for count in counts:
        states[count.state] = states.get(count.state, 0) + count.messages
    open_now = await _OPEN_NOW.one(conn, {"now": now, "lost_before": now - GRACE})
    return Ledger(
        at=now,
        messages=states,
        notices={each.outcome: each.notices for each in await _OUTCOMES.all(conn)},
        due=open_now.due,
        later=open_now.later,
        awaiting_receipt=open_now.awaiting_receipt,
        overdue=open_now.overdue,
        oldest_due=open_now.oldest_due,
        maybe_twice=await _TWICE.all(conn),
        by_purpose=counts,
        gateways=await _GATEWAYS.all(conn, {"now": now}),
    )


async def log_of(conn: AsyncConnection, matter: UUID) -> list[MessageEntry]:
    """Everything told of a matter, oldest first."""
    return await _log(conn, await _OF_MATTER.all(conn, {"matter": matter}))


async def log_to(conn: AsyncConnection, recipient: str, purposes: Collection[str]) -> list[MessageEntry]:
    """What an address, given by its key, was told for some purposes, oldest first."""
    return await _log(conn, await _TO_RECIPIENT.all(conn, {"recipient": recipient, "purposes": list(purposes)}))


async def _log(conn: AsyncConnection, messages: Sequence[_Message]) -> list[MessageEntry]:
    attempts: dict[UUID, list[AttemptEntry]] = {}
    for each in await _ATTEMPTS.all(conn, {"messages": [each.message for each in messages]}):
        entry = AttemptEntry(each.number, each.started_at, each.ended_at, each.result, each.gateway)
        attempts.setdefault(each.message, []).append(entry)
    return [MessageEntry(**asdict(each), attempts=attempts.get(each.message, [])) for each in messages]
