"""Notices in the database: added, locked while something happens to them, saved with what follows."""

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.delivery.domain import SEND, Event, Message, News, Notice, State, apply
from services.notifications.delivery.locking import LockedNotice, lock_of_matter, lock_of_messages
from services.notifications.purposes import POLICIES
from shared.act import Act
from shared.due import Work
from shared.events.base import About, Fact
from shared.events.notifications import (
    NoticeFact,
    NoticeState,
    NotificationDelivered,
    NotificationFailed,
    Outcome,
    Tried,
)
from shared.events.registry import service_of
from shared.statements import Query, Statement

_SAVE = Statement("""
    with saved as (
        insert into messages select * from jsonb_populate_recordset(null::messages, cast(:messages as jsonb))
        on conflict (id) do update
        set state = excluded.state, attempts = excluded.attempts, tries = excluded.tries, error = excluded.error,
            reference = excluded.reference, gateway = excluded.gateway, changed_at = excluded.changed_at
    ), begun as (
        insert into attempts select * from jsonb_populate_recordset(null::attempts, cast(:begun as jsonb))
    ), ended as (
        update attempts set ended_at = answer.ended_at, result = answer.result
        from jsonb_populate_recordset(null::attempts, cast(:ended as jsonb)) answer
        where attempts.message = answer.message and attempts.number = answer.number
    )
    update notices set outcome = new.outcome, facts = new.facts
    from jsonb_populate_recordset(null::notices, cast(:notices as jsonb)) new where notices.id = new.id
""")
_ADD = Query(
    UUID,
    """
    with added as (
        insert into notices select * from jsonb_populate_recordset(null::notices, cast(:notices as jsonb))
        on conflict do nothing returning id
    )
    insert into messages
    select message.* from jsonb_populate_recordset(null::messages, cast(:messages as jsonb)) message
    join added on added.id = message.notice
    returning notice
""",
)
_UNTOLD = (None, Outcome.SUPERSEDED, Outcome.SUPPRESSED)
"""Outcomes no fact tells of: a newer notice did or will, or the person wanted none."""


class NoticeBatch:
    """Notices locked in one transaction, and what happened to them since."""

    def __init__(self, locked: Iterable[LockedNotice]) -> None:
        self.locked = {each.notice.id: each for each in locked}
        self._now = {id: each.notice for id, each in self.locked.items()}
        self._notice_of = {
            message.id: each.notice.id for each in self.locked.values() for message in each.notice.messages
        }
        self._work: list[Work] = []

    @classmethod
    async def of_messages(cls, conn: AsyncConnection, ids: Sequence[UUID]) -> "NoticeBatch":
        """Lock the notices of some messages."""
        return cls(await lock_of_messages(conn, ids))

    @classmethod
    async def of_matter(cls, conn: AsyncConnection, matter: UUID) -> "NoticeBatch":
        """Lock all notices of a matter."""
        return cls(await lock_of_matter(conn, matter))

    def __contains__(self, message: UUID) -> bool:
        return message in self._notice_of

    def notice_of(self, message: UUID) -> Notice:
        """The notice of a message, as it is now."""
        return self._now[self._notice_of[message]]

    def is_outdated(self, message: UUID) -> bool:
        """Whether the matter a message is about has moved on since."""
        return self.locked[self._notice_of[message]].is_outdated

    def due_at(self, message: UUID) -> datetime:
        """When a message was due first."""
        return self.locked[self._notice_of[message]].due[message]

    def apply(self, message: UUID, news: News, now: datetime) -> None:
        """Let something happen to a message."""
        notice = self._notice_of[message]
        self._now[notice], work = apply(self._now[notice], message, news, now)
        self._work += work

    def postpone(self, message: UUID, until: datetime) -> None:
        """Let a message wait that was not begun."""
        self._work.append(Work(SEND, str(message), until, self.notice_of(message).urgency))

    async def save(self, act: Act) -> None:
        """Write what happened, record the facts that follow, schedule the work that follows."""
        rows: dict[str, list[dict[str, Any]]] = {"messages": [], "begun": [], "ended": [], "notices": []}
        facts: list[tuple[Fact, UUID | None]] = []
        for locked in self.locked.values():
            before, after = locked.notice, self._now[locked.notice.id]
            if after is before:
                continue
            known = {message.id: message for message in before.messages}
            for message in after.messages:
                earlier = known.get(message.id)
                if message == earlier:
                    continue
                rows["messages"].append(_message_row(after.id, message, act.now, act.now))
                if earlier and message.attempts > earlier.attempts:
                    begun = {"message": message.id, "number": message.attempts, "started_at": act.now}
                    rows["begun"].append(begun | {"gateway": message.gateway})
                if earlier and earlier.state is State.SENDING:
                    result = {"ended_at": act.now, "result": message.error or message.state}
                    rows["ended"].append({"message": message.id, "number": message.attempts} | result)
            if after.outcome is not before.outcome:
                told = after.facts + (after.outcome not in _UNTOLD and POLICIES[after.purpose].reported)
                rows["notices"].append({"id": after.id, "outcome": after.outcome, "facts": told})
                if told > after.facts:
                    facts.append((_fact(replace(after, facts=told), locked.type, act.now), after.cause))
        if rows["messages"]:
            await _SAVE.run(act.conn, {name: _json(values) for name, values in rows.items()})
        await act.tools.outbox.record_all(act.conn, facts)
        await act.schedule(*self._work)


async def add(act: Act, notices: Sequence[tuple[Notice, datetime]], fact_type: str) -> None:
    """Add new notices, each with the time it is due; those that exist already are left as they are."""
    rows = [_notice_row(notice, act.now) for notice, _ in notices]
    messages = [
        _message_row(notice.id, message, due, act.now) for notice, due in notices for message in notice.messages
    ]
    added = set(await _ADD.all(act.conn, {"notices": _json(rows), "messages": _json(messages)}))
    work: list[Work] = []
    facts: list[tuple[Fact, UUID | None]] = []
    for notice, due_at in notices:
        if notice.id in added:
            waiting = [message for message in notice.messages if message.state is State.WAITING]
            work += [Work(SEND, str(message.id), due_at, notice.urgency) for message in waiting]
            if notice.outcome:
                facts.append((_fact(notice, fact_type, act.now), notice.cause))
    await act.schedule(*work)
    await act.tools.outbox.record_all(act.conn, facts)


async def supersede(act: Act, matter: UUID) -> None:
    """End the waiting messages of a matter that has moved on."""
    batch = await NoticeBatch.of_matter(act.conn, matter)
    for locked in batch.locked.values():
        if locked.is_outdated:
            for message in locked.notice.messages:
                batch.apply(message.id, News(Event.SUPERSEDED), act.now)
    await batch.save(act)


def _notice_row(notice: Notice, now: datetime) -> dict[str, Any]:
    row = {field.name: getattr(notice, field.name) for field in fields(notice) if field.name != "messages"}
    return row | {"planned_at": now}


def _message_row(notice: UUID, message: Message, due_at: datetime, now: datetime) -> dict[str, Any]:
    row = {field.name: getattr(message, field.name) for field in fields(message)}
    return row | {"notice": notice, "due_at": due_at, "changed_at": now}


def _json(rows: list[dict[str, Any]]) -> str:
    return to_json(rows).decode()


def _fact(notice: Notice, type: str, now: datetime) -> NoticeFact:
    delivered = notice.outcome is Outcome.DELIVERED
    return (NotificationDelivered if delivered else NotificationFailed)(
        id=notice.id,
        version=notice.facts,
        about=About(id=notice.matter, version=notice.matter_version),
        notice=NoticeState(
            matter=notice.matter,
            matter_service=service_of(type),
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
