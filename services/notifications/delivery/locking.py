"""Notices, locked and read in the open transaction.

They are locked in the order of their ids, so that two that want the same notices wait for each other, and read only
then: a message another transaction has just added must not be overlooked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.delivery.domain import Message, Notice, State
from services.notifications.locks import Lock
from services.notifications.purposes import Purpose
from shared.due import Urgency
from shared.events.notifications import Outcome
from shared.locks import note_lock
from shared.statements import Query


@dataclass(frozen=True, slots=True)
class LockedNotice:
    """A notice locked in the open transaction.

    `told_version` is the version of its matter that last changed what people are told, `type` its newest fact's.
    `due` says when each of its messages was due first.
    """

    notice: Notice
    told_version: int
    type: str
    due: Mapping[UUID, datetime]

    @property
    def is_outdated(self) -> bool:
        """Whether the matter has moved on since the notice was planned."""
        return self.notice.matter_version < self.told_version


_LOCK_OF_MESSAGES = Query(
    UUID,
    """
    select id from notices where id in (select notice from messages where id = any(:ids)) order by id for update
""",
)
_LOCK_OF_MATTER = Query(UUID, "select id from notices where matter = :matter order by id for update")


@dataclass(frozen=True, slots=True)
class _Locked:
    """A message with its notice, and what is known of their matter."""

    id: UUID
    matter: UUID
    matter_version: int
    cause: UUID
    recipient: str
    purpose: Purpose
    urgency: Urgency
    useful_until: datetime
    loud_from: datetime | None
    addresses: dict[str, str]
    outcome: Outcome | None
    facts: int
    message: UUID
    channel: str
    state: State
    attempts: int
    tries: int
    error: str | None
    reference: str | None
    gateway: str | None
    due_at: datetime
    told_version: int
    type: str


_READ = Query(
    _Locked,
    """
    select n.id, n.matter, n.matter_version, n.cause, n.recipient, n.purpose, n.urgency, n.useful_until, n.loud_from,
           n.addresses, n.outcome, n.facts,
           m.id as message, m.channel, m.state, m.attempts, m.tries, m.error, m.reference,
           m.gateway, m.due_at, matters.told_version, matters.type
    from notices n join messages m on m.notice = n.id join matters on matters.id = n.matter
    where n.id = any(:notices) order by n.id, m.id
""",
)


async def lock_of_messages(conn: AsyncConnection, ids: Sequence[UUID]) -> list[LockedNotice]:
    """Lock the notices of some messages."""
    note_lock(conn, Lock.NOTICES)
    return await _load(conn, await _LOCK_OF_MESSAGES.all(conn, {"ids": ids}))


async def lock_of_matter(conn: AsyncConnection, matter: UUID) -> list[LockedNotice]:
    """Lock all notices of a matter."""
    note_lock(conn, Lock.NOTICES)
    return await _load(conn, await _LOCK_OF_MATTER.all(conn, {"matter": matter}))


async def _load(conn: AsyncConnection, notices: Sequence[UUID]) -> list[LockedNotice]:
    locked = []
    for _, group in groupby(await _READ.all(conn, {"notices": notices}), key=attrgetter("id")):
        mine = list(group)
        first = mine[0]
        messages = tuple(
            Message(m.message, m.channel, m.state, m.attempts, m.tries, m.error, m.reference, m.gateway) for m in mine
        )
        notice = Notice(
            id=first.id,
            matter=first.matter,
            matter_version=first.matter_version,
            cause=first.cause,
            recipient=first.recipient,
            purpose=first.purpose,
            urgency=first.urgency,
            useful_until=first.useful_until,
            loud_from=first.loud_from,
            addresses=first.addresses,
            messages=messages,
            outcome=first.outcome,
            facts=first.facts,
        )
        due = {each.message: each.due_at for each in mine}
        locked.append(LockedNotice(notice, first.told_version, first.type, due))
    return locked
