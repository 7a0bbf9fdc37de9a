"""Taking a fact: what is known of the matter, who is told, what is no longer worth telling."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.delivery import usecases as delivery
from services.notifications.delivery.domain import Message, Notice, State, outcome_of
from services.notifications.telling.domain import NO_CHANNEL, NoticePlan, address_of, notices_for
from services.notifications.telling.matters import kind_of
from shared import retention
from shared.act import Act
from shared.due import Claim, Urgency, Work
from shared.events.base import Fact, Received
from shared.events.notifications import Outcome
from shared.events.personal import Contact, PersonalFact
from shared.events.registry import personal_fact, type_of
from shared.people import Person
from shared.statements import Query, Statement
from shared.tools import Tools

FORGET_CONTACT = "forget-contact"
FORGET_MATTER = "forget-matter"


@dataclass(frozen=True, slots=True)
class Known:
    """The newest fact known of a matter before, and its type; None for a new matter."""

    type: str | None
    fact: dict[str, Any] | None


_KNOW = Query(
    Known,
    """
    insert into matters (id, version, told_version, type, fact, person_key, changed_at)
    values (:id, :version, :version, :type, cast(:fact as jsonb), :person_key, :now)
    on conflict (id) do update
    set version = excluded.version, type = excluded.type, fact = excluded.fact, person_key = excluded.person_key,
        changed_at = excluded.changed_at
    where matters.version < excluded.version
    returning old.type, old.fact
""",
)
_MOVED_ON = Statement("update matters set told_version = version where id = :id")
_TYPE = Query(str, "select type from matters where id = :id")
_FORGET_CONTACT = Statement("""
    with forgotten as (update notices set recipient = '', addresses = '{}' where matter = :id)
    update matters
    set person_key = '',
        fact = jsonb_set(
            jsonb_set(
                jsonb_set(fact #- '{before,contact}', '{before,person_key}', '""', false),
                array[:state_field, 'contact'], 'null'),
            array[:state_field, 'person_key'], '""')
    where id = :id
""")
_FORGET_MATTER = Statement("delete from matters where id = :id")


async def take_fact(act: Act, received: Received[PersonalFact]) -> None:
    """Remember a matter's newest state and plan the notices its change calls for; older facts change nothing."""
    fact = received.fact
    known = await remember(act, fact, fact.personal.person_key)
    if known is None:
        return
    kind = kind_of(fact)
    before = kind.fact.model_validate(known.fact) if known.fact else None
    if before and kind.differs(before, fact):
        await move_on(act.conn, fact.id)
        await delivery.supersede(act, fact.id)
    contact = contact_of(fact, act.tools)
    plans = notices_for(kind, before, received, contact)
    if contact:
        await give(act, fact, contact, plans)
    forget_at = fact.alive_until + retention.PERSON_AFTER_MATTER
    await act.schedule(Work(FORGET_CONTACT, str(fact.id), forget_at, Urgency.BULK))


async def remember(act: Act, fact: Fact, person_key: str | None) -> Known | None:
    """Keep the newest fact of a matter.

    Args:
        person_key: of the one person it concerns; None for news, which concerns many.

    Returns:
        What was known before; None where a newer fact is known.
    """
    values = {
        "id": fact.id,
        "version": fact.version,
        "type": type_of(type(fact)),
        "fact": fact.model_dump_json(),
        "person_key": person_key,
        "now": act.now,
    }
    return await _KNOW.first(act.conn, values)


async def move_on(conn: AsyncConnection, matter: UUID) -> None:
    """Note that the newest fact of a matter changes what people are told: what was planned before is outdated."""
    await _MOVED_ON.run(conn, {"id": matter})


async def give(act: Act, fact: PersonalFact, contact: Contact, plans: Sequence[NoticePlan]) -> None:
    """Give the notices that are planned; what was told before is not told again.

    Args:
        fact: the newest of the matter.
        plans: their ids are made of the first fact of the act's chain.
    """
    if plans:
        keys = {channel: _address_key(act.tools, contact, channel) for channel in plans[0].reachable}
        notices = [(_notice(plan, fact, act.chain, keys), plan.due_at) for plan in plans]
        await delivery.add(act, notices, type_of(type(fact)))


async def forget_contact(act: Act, claim: Claim) -> None:
    """Forget the person of a matter that ended a while ago; what was told, and how, stays in the ledger."""
    id = UUID(claim.key)
    type = await _TYPE.one(act.conn, {"id": id})
    await _FORGET_CONTACT.run(act.conn, {"id": id, "state_field": personal_fact(type).state_field})
    forget_at = act.now + retention.LEDGER
    await act.schedule(Work(FORGET_MATTER, claim.key, forget_at, Urgency.BULK))


async def forget_matter(act: Act, claim: Claim) -> None:
    """Forget a matter with all that was told of it."""
    await _FORGET_MATTER.run(act.conn, {"id": UUID(claim.key)})


def contact_of(fact: PersonalFact, tools: Tools) -> Contact | None:
    """How to reach the person of a matter; None once that was forgotten."""
    sealed = fact.personal.contact
    return None if sealed is None else tools.sealer.open(sealed, fact.id, Contact)


def _address_key(tools: Tools, contact: Contact, channel: str) -> str:
    address = address_of(contact, channel)
    return tools.people.person_key(Person(name="", **{"mail" if channel == "mail" else "phone": address}))


def _notice(plan: NoticePlan, fact: PersonalFact, cause: UUID, keys: dict[str, str]) -> Notice:
    messages = tuple(
        Message(id, channel, State.NO_CHANNEL if channel == NO_CHANNEL else State.WAITING)
        for channel, id in plan.messages.items()
    )
    outcome = outcome_of(messages)
    return Notice(
        id=plan.id,
        matter=fact.id,
        matter_version=fact.version,
        cause=cause,
        recipient=plan.recipient,
        purpose=plan.purpose,
        urgency=plan.urgency,
        useful_until=plan.useful_until,
        loud_from=plan.loud_from,
        addresses=keys,
        messages=messages,
        outcome=outcome,
        facts=int(outcome is Outcome.NO_CHANNEL),
    )
