"""Reads for the pages of staff."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

import structlog
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
from shared.statements import Query
from shared.web.i18n import GERMAN

log = structlog.get_logger()

SHOWN_AFTER_USE = timedelta(days=7)
"""How long a notice that came to nothing is listed once it is too late."""


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
class _Undelivered:
    matter: UUID
    type: str
    fact: Any
    purpose: str
    outcome: str
    useful_until: datetime
    tried: list[Tried]


_UNDELIVERED = Query(
    _Undelivered,
    """
    select n.matter, m.type, m.fact, n.purpose, n.outcome, n.useful_until,
           (select json_agg(json_build_object('channel', channel, 'state', state, 'error', error)
                            order by due_at, channel)
            from messages where notice = n.id) as tried
    from notices n join matters m on m.id = n.matter
    where n.outcome in ('failed', 'unknown', 'expired', 'no_channel') and n.matter_version >= m.told_version
      and n.useful_until > :since and n.urgency < 3
    order by n.useful_until <= :now, n.useful_until, n.id limit :limit
""",
)


@dataclass(frozen=True, slots=True)
class _Matter:
    id: UUID
    version: int
    type: str
    fact: Any
    changed_at: datetime
    person_key: str | None


_BY_NUMBER = Query(
    _Matter,
    """
    select id, version, type, fact, changed_at, person_key from matters where fact #>> '{appointment,number}' = :number
    order by changed_at desc limit 1
""",
)
_BY_ID = Query(_Matter, "select id, version, type, fact, changed_at, person_key from matters where id = :id")
_SUBSCRIPTION = Query(
    _Matter,
    """
    select id, version, type, fact, changed_at, person_key from matters
    where id between :lowest and :highest and fact ? 'subscription' order by changed_at desc limit 1
""",
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the person answered."""

    answer: str
    received_at: datetime


_REPLIES = Query(Reply, "select answer, received_at from replies where matter = :matter order by received_at")


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
    for row in await _UNDELIVERED.all(act.conn, values):
        fact = read_fact(row.type, row.fact)
        if fact is None or isinstance(fact, PersonalFact):
            number = _number(fact) if fact else str(row.matter)
            owner = service_of(row.type)
            found.append(Undelivered(row.matter, number, owner, row.purpose, row.outcome, row.useful_until, row.tried))
    return found


async def story_of(act: Act, wanted: str) -> Story | None:
    """The story of a matter, by its id or the number of an appointment or subscription; None if there is none."""
    matter = await _find(act.conn, wanted)
    if matter is None:
        return None
    fact = read_fact(matter.type, matter.fact)
    if fact is None or isinstance(fact, PersonalFact):
        return await _personal_story(act, matter, fact)
    if isinstance(fact, SubscriptionFact) and matter.fact:
        return await _subscription_story(act, matter, fact)
    return None


async def _find(conn: AsyncConnection, wanted: str) -> _Matter | None:
    if number := number_of(wanted):
        return await _BY_NUMBER.first(conn, {"number": number})
    if ids := subscription_ids(wanted):
        return await _SUBSCRIPTION.first(conn, {"lowest": ids[0], "highest": ids[1]})
    try:
        id = UUID(without_marks(wanted).strip())
    except ValueError:
        return None
    return await _BY_ID.first(conn, {"id": id})


async def _personal_story(act: Act, matter: _Matter, fact: PersonalFact | None) -> Story:
    contact, readable = None, fact is not None
    try:
        contact = contact_of(fact, act.tools) if fact else None
    except ValueError as error:
        log.error("contact_not_readable", matter=str(matter.id), error=without_input(error))
        readable = False
    return Story(
        matter=matter.id,
        number=_number(fact) if fact else str(matter.id),
        version=matter.version,
        changed_at=matter.changed_at,
        language=fact.personal.language if fact else GERMAN.code,
        contact=contact,
        is_readable=readable,
        subscription=None,
        notices=_by_notice(await log_of(act.conn, matter.id)),
        replies=await _REPLIES.all(act.conn, {"matter": matter.id}),
    )


async def _subscription_story(act: Act, matter: _Matter, fact: SubscriptionFact) -> Story:
    person = await act.tools.people.load(act.conn, matter.id)
    return Story(
        matter=matter.id,
        number=subscription_number(matter.id),
        version=matter.version,
        changed_at=matter.changed_at,
        language=fact.subscription.language,
        is_readable=True,
        contact=None if person is None else Contact(name="", mail=person.mail, phone=person.phone, manage_url=""),
        subscription=fact.subscription,
        notices=_by_notice(await log_to(act.conn, matter.person_key, TO_SUBSCRIBERS) if matter.person_key else []),
        replies=[],
    )


def _by_notice(entries: Sequence[MessageEntry]) -> list[Sequence[MessageEntry]]:
    return [list(group) for _, group in groupby(entries, key=lambda entry: entry.notice)]


def _number(fact: PersonalFact) -> str:
    return str(getattr(fact.personal, "number", fact.id))
