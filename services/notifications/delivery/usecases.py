"""Notices in the database: added, held while something happens to them, saved with what follows."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications import tables
from services.notifications.delivery.domain import SEND, Event, Message, News, Notice, Spared, State, apply
from services.notifications.telling.domain import Purpose
from shared.due import Urgency, Work
from shared.events.base import About, Fact
from shared.events.notifications import (
    NoticeFact,
    NoticeState,
    NotificationDelivered,
    NotificationFailed,
    Outcome,
    Tried,
)
from shared.events.registry import facts_by_type
from shared.service import Service

_HELD = """
    select n.id, n.matter, n.matter_version, n.cause, n.recipient, n.purpose, n.urgency, n.useful_until, n.loud_from,
           n.addresses, n.outcome, n.facts,
           m.id as message, m.channel, m.state, m.attempts, m.tries, m.error, m.reference,
           matters.told_version, matters.type
    from notices n join messages m on m.notice = n.id join matters on matters.id = n.matter
    where {condition}
    order by n.id, m.id for update of n, m
"""
_HELD_BY_MESSAGE = text(_HELD.format(condition="n.id in (select notice from messages where id = any(:ids))"))
_HELD_BY_MATTER = text(_HELD.format(condition="n.matter = :matter"))

_messages = upsert(tables.messages)
_SAVE_MESSAGE = _messages.on_conflict_do_update(
    index_elements=["id"],
    set_={
        name: _messages.excluded[name] for name in ("state", "attempts", "tries", "error", "reference", "changed_at")
    },
)
_BEGIN_ATTEMPT = insert(tables.attempts)
_END_ATTEMPT = (
    update(tables.attempts)
    .where(tables.attempts.c.message == bindparam("of"), tables.attempts.c.number == bindparam("nth"))
    .values(ended_at=bindparam("ended"), result=bindparam("with"))
)
_SAVE_NOTICE = (
    update(tables.notices)
    .where(tables.notices.c.id == bindparam("notice"))
    .values(outcome=bindparam("now"), facts=bindparam("told"))
)

_UNTOLD = (None, Outcome.SUPERSEDED, Outcome.SUPPRESSED)
"""Outcomes no fact tells of: a newer notice did or will, or the person wanted none."""


@dataclass(frozen=True, slots=True)
class Held:
    """A notice locked in the open transaction.

    `told_version` is the version of its matter that last changed what people are told, `type` its newest fact's.
    """

    notice: Notice
    told_version: int
    type: str

    @property
    def is_outdated(self) -> bool:
        """Whether the matter has moved on since the notice was planned."""
        return self.notice.matter_version < self.told_version


class Hand:
    """Notices held in one transaction, and what happened to them since.

    They are locked in the order of their ids, so that two hands that want the same notices wait for each other.
    """

    def __init__(self, held: Iterable[Held]) -> None:
        self.held = {each.notice.id: each for each in held}
        self._now = {id: each.notice for id, each in self.held.items()}
        self._notice_of = {
            message.id: each.notice.id for each in self.held.values() for message in each.notice.messages
        }
        self._work: list[Work] = []

    @classmethod
    async def of_messages(cls, conn: AsyncConnection, ids: Sequence[UUID]) -> "Hand":
        """Hold the notices of some messages."""
        return cls(_read((await conn.execute(_HELD_BY_MESSAGE, {"ids": ids})).mappings()))

    @classmethod
    async def of_matter(cls, conn: AsyncConnection, matter: UUID) -> "Hand":
        """Hold all notices of a matter."""
        return cls(_read((await conn.execute(_HELD_BY_MATTER, {"matter": matter})).mappings()))

    def __contains__(self, message: UUID) -> bool:
        return message in self._notice_of

    def notice_of(self, message: UUID) -> Notice:
        """The notice of a message, as it is now."""
        return self._now[self._notice_of[message]]

    def is_outdated(self, message: UUID) -> bool:
        """Whether the matter a message is about has moved on since."""
        return self.held[self._notice_of[message]].is_outdated

    def apply(self, message: UUID, news: News, now: datetime) -> None:
        """Let something happen to a message."""
        notice = self._notice_of[message]
        self._now[notice], work = apply(self._now[notice], message, news, now)
        self._work += work

    def postpone(self, message: UUID, until: datetime) -> None:
        """Let a message wait that was not begun."""
        self._work.append(Work(SEND, str(message), until, self.notice_of(message).urgency))

    async def save(self, conn: AsyncConnection, service: Service, now: datetime) -> None:
        """Write what happened, record the facts that follow, schedule the work that follows."""
        saved, begun, ended, outcomes = [], [], [], []
        facts: list[tuple[Fact, UUID | None]] = []
        for held in self.held.values():
            before, after = held.notice, self._now[held.notice.id]
            known = {message.id: message for message in before.messages}
            for message in after.messages:
                earlier = known.get(message.id)
                if message == earlier:
                    continue
                saved.append(_message_row(after.id, message, due_at=now, now=now))
                if earlier is None:
                    continue
                if message.attempts > earlier.attempts:
                    begun.append({"message": message.id, "number": message.attempts, "started_at": now})
                if earlier.state is State.SENDING:
                    result = message.error or message.state.value
                    ended.append({"of": message.id, "nth": message.attempts, "ended": now, "with": result})
            if after.outcome is not before.outcome:
                told = after.facts + (after.outcome not in _UNTOLD)
                outcomes.append({"notice": after.id, "now": after.outcome, "told": told})
                if told > after.facts:
                    facts.append((_fact(after, told, held.type, now), after.cause))
        for statement, rows in (
            (_SAVE_MESSAGE, saved),
            (_BEGIN_ATTEMPT, begun),
            (_END_ATTEMPT, ended),
            (_SAVE_NOTICE, outcomes),
        ):
            if rows:
                await conn.execute(statement, rows)
        await service.outbox.record_all(conn, facts)
        await service.due.schedule(conn, *self._work)


async def add(
    conn: AsyncConnection, service: Service, notices: Sequence[tuple[Notice, datetime]], fact_type: str, now: datetime
) -> None:
    """Add new notices, each with the time it is due; those that exist already are left as they are."""
    rows = [_notice_row(notice, now) for notice, _ in notices]
    added = await conn.execute(
        upsert(tables.notices).values(rows).on_conflict_do_nothing().returning(tables.notices.c.id)
    )
    new = set(added.scalars())
    fresh = [(notice, due_at) for notice, due_at in notices if notice.id in new]
    messages = [(notice, message, due_at) for notice, due_at in fresh for message in notice.messages]
    if messages:
        values = [_message_row(notice.id, message, due_at, now) for notice, message, due_at in messages]
        await conn.execute(insert(tables.messages).values(values))
    await service.due.schedule(
        conn,
        *(
            Work(SEND, str(message.id), due_at, notice.urgency)
            for notice, message, due_at in messages
            if message.state is State.WAITING
        ),
    )
    told: list[tuple[Fact, UUID | None]] = [
        (_fact(notice, notice.facts, fact_type, now), notice.cause) for notice, _ in fresh if notice.outcome
    ]
    await service.outbox.record_all(conn, told)


async def supersede(conn: AsyncConnection, service: Service, matter: UUID, now: datetime) -> None:
    """End the waiting messages of a matter that has moved on."""
    hand = await Hand.of_matter(conn, matter)
    for held in hand.held.values():
        if held.is_outdated:
            for message in held.notice.messages:
                hand.apply(message.id, News(Event.SUPERSEDED), now)
    await hand.save(conn, service, now)


async def spare(conn: AsyncConnection, address: str, reason: Spared, now: datetime) -> None:
    """Send no optional messages to an address from now on; a complaint outweighs an address that failed."""
    row = upsert(tables.spared_addresses).values(address=address, reason=reason, since=now)
    stronger = {"reason": row.excluded.reason, "since": row.excluded.since}
    await conn.execute(
        row.on_conflict_do_update(
            index_elements=["address"], set_=stronger, where=row.excluded.reason == Spared.COMPLAINT
        )
    )


def _read(rows: Iterable[Any]) -> list[Held]:
    held = []
    for _, group in groupby(rows, key=lambda row: row["id"]):
        mine = list(group)
        first = mine[0]
        messages = tuple(
            Message(
                id=row["message"],
                channel=row["channel"],
                state=State(row["state"]),
                attempts=row["attempts"],
                tries=row["tries"],
                error=row["error"],
                reference=row["reference"],
            )
            for row in mine
        )
        notice = Notice(
            id=first["id"],
            matter=first["matter"],
            matter_version=first["matter_version"],
            cause=first["cause"],
            recipient=first["recipient"],
            purpose=Purpose(first["purpose"]),
            urgency=Urgency(first["urgency"]),
            useful_until=first["useful_until"],
            loud_from=first["loud_from"],
            addresses=first["addresses"],
            messages=messages,
            outcome=Outcome(first["outcome"]) if first["outcome"] else None,
            facts=first["facts"],
        )
        held.append(Held(notice, first["told_version"], first["type"]))
    return held


def _notice_row(notice: Notice, now: datetime) -> dict[str, Any]:
    row = asdict(notice) | {"urgency": int(notice.urgency), "planned_at": now}
    del row["messages"]
    return row


def _message_row(notice: UUID, message: Message, due_at: datetime, now: datetime) -> dict[str, Any]:
    return asdict(message) | {"notice": notice, "due_at": due_at, "changed_at": now}


def _fact(notice: Notice, version: int, type: str, now: datetime) -> NoticeFact:
    delivered = notice.outcome is Outcome.DELIVERED
    return (NotificationDelivered if delivered else NotificationFailed)(
        id=notice.id,
        version=version,
        about=About(id=notice.matter, version=notice.matter_version),
        notice=NoticeState(
            matter=notice.matter,
            matter_service=facts_by_type()[type].service,
            matter_version=notice.matter_version,
            purpose=notice.purpose,
            tried=[
                Tried(message=message.id, channel=message.channel, outcome=message.outcome, error=message.error)
                for message in notice.messages
                if message.outcome
            ],
            at=now,
        ),
    )
