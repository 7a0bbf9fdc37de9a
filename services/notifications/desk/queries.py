"""Reads for the pages of staff."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.delivery.queries import MessageEntry, log_of, log_to
from services.notifications.desk.domain import subscription_ids
from services.notifications.news.circulars import TO_SUBSCRIBERS
from services.notifications.subscribing.domain import subscription_number
from services.notifications.telling.usecases import contact_of
from shared.act import Act
from shared.events.notifications import SubscriptionFact, SubscriptionState
from shared.events.personal import Contact, PersonalFact
from shared.events.registry import read_fact, service_of
from shared.failures import without_input
from shared.lines import without_marks
from shared.numbers import number_of
from shared.web.i18n import GERMAN

log = structlog.get_logger()

SHOWN_AFTER_USE = timedelta(days=7)
"""How long a notice that came to nothing is listed once it is too late."""

_UNDELIVERED = text("""
    select n.id, n.matter, n.purpose, n.outcome, n.useful_until, m.type, m.fact,
           (select json_agg(json_build_object('channel', channel, 'state', state, 'error', error)
                            order by due_at, channel)
            from messages where notice = n.id) as tried
    from notices n join matters m on m.id = n.matter
    where n.outcome in ('failed', 'unknown', 'expired', 'no_channel') and n.matter_version >= m.told_version
      and n.useful_until > :since and n.urgency < 3
    order by n.useful_until <= :now, n.useful_until, n.id limit :limit
""")
_BY_NUMBER = text("""
    select id, version, type, fact, changed_at, person_key from matters where fact #>> '{appointment,number}' = :number
    order by changed_at desc limit 1
""")
_BY_ID = text("select id, version, type, fact, changed_at, person_key from matters where id = :id")
_SUBSCRIPTION = text("""
    select id, version, type, fact, changed_at, person_key from matters
    where id between :lowest and :highest and fact ? 'subscription' order by changed_at desc limit 1
""")
_REPLIES = text("select answer, received_at from replies where matter = :matter order by received_at")


@dataclass(frozen=True, slots=True)
class Tried:
    """A message of a notice that came to nothing."""

    channel: str
    state: str
    error: str | None


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A notice that reached nobody; `owner` is the service whose matter it is about, `number` what staff call it by."""

    matter: UUID
    number: str
    owner: str
    purpose: str
    outcome: str
    useful_until: datetime
    tried: Sequence[Tried]


@dataclass(frozen=True, slots=True)
class Reply:
    """What the person answered."""

    answer: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Story:
    """All that is known of telling somebody about a matter.

    `contact` is None once it was forgotten, and where it or the matter cannot be read; `subscription` is there if the
    matter is one. `notices` are the messages of each, in the order they were planned.
    """

    matter: UUID
    number: str
    version: int
    changed_at: datetime
    language: str
    contact: Contact | None
    is_readable: bool
    subscription: SubscriptionState | None
    notices: Sequence[Sequence[MessageEntry]]
    replies: Sequence[Reply]


async def undelivered(act: Act, limit: int = 200) -> list[Undelivered]:
    """The notices that reached nobody: first those still worth a call, the most urgent at the top."""
    found = []
    values = {"now": act.now, "since": act.now - SHOWN_AFTER_USE, "limit": limit}
    for row in await act.conn.execute(_UNDELIVERED, values):
        fact = read_fact(row.type, row.fact)
        if fact is None or isinstance(fact, PersonalFact):
            number = _number(fact) if fact else str(row.matter)
            tried = [Tried(**each) for each in row.tried]
            owner = service_of(row.type)
            found.append(Undelivered(row.matter, number, owner, row.purpose, row.outcome, row.useful_until, tried))
    return found


async def story_of(act: Act, wanted: str) -> Story | None:
    """The story of a matter, by its id or the number of an appointment or subscription; None if there is none."""
    row = await _find(act.conn, wanted)
    if row is None:
        return None
    fact = read_fact(row.type, row.fact)
    if fact is None or isinstance(fact, PersonalFact):
        return await _personal_story(act, row, fact)
    if isinstance(fact, SubscriptionFact) and row.fact:
        return await _subscription_story(act, row, fact)
    return None


async def _find(conn: AsyncConnection, wanted: str) -> Any:
    if number := number_of(wanted):
        return (await conn.execute(_BY_NUMBER, {"number": number})).one_or_none()
    if ids := subscription_ids(wanted):
        return (await conn.execute(_SUBSCRIPTION, {"lowest": ids[0], "highest": ids[1]})).one_or_none()
    try:
        return (await conn.execute(_BY_ID, {"id": UUID(without_marks(wanted).strip())})).one_or_none()
    except ValueError:
        return None


async def _personal_story(act: Act, row: Any, fact: PersonalFact | None) -> Story:
    contact, readable = None, fact is not None
    try:
        contact = contact_of(fact, act.tools) if fact else None
    except ValueError as error:
        log.error("contact_not_readable", matter=str(row.id), error=without_input(error))
        readable = False
    return Story(
        matter=row.id,
        number=_number(fact) if fact else str(row.id),
        version=row.version,
        changed_at=row.changed_at,
        language=fact.personal.language if fact else GERMAN.code,
        contact=contact,
        is_readable=readable,
        subscription=None,
        notices=_by_notice(await log_of(act.conn, row.id)),
        replies=[Reply(*each) for each in await act.conn.execute(_REPLIES, {"matter": row.id})],
    )


async def _subscription_story(act: Act, row: Any, fact: SubscriptionFact) -> Story:
    person = await act.tools.people.load(act.conn, row.id)
    return Story(
        matter=row.id,
        number=subscription_number(row.id),
        version=row.version,
        changed_at=row.changed_at,
        language=fact.subscription.language,
        is_readable=True,
        contact=None if person is None else Contact(name="", mail=person.mail, phone=person.phone, manage_url=""),
        subscription=fact.subscription,
        notices=_by_notice(await log_to(act.conn, row.person_key, TO_SUBSCRIBERS)),
        replies=[],
    )


def _by_notice(entries: Sequence[MessageEntry]) -> list[Sequence[MessageEntry]]:
    return [list(group) for _, group in groupby(entries, key=lambda entry: entry.notice)]


def _number(fact: PersonalFact) -> str:
    return str(getattr(fact.personal, "number", fact.id))
