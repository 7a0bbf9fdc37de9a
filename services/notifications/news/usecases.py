"""Taking news, and telling it to its subscribers: one row, expanded a chunk at a time by the bulk lane."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.delivery import usecases as delivery
from services.notifications.delivery.domain import Occasion
from services.notifications.locks import Lock
from services.notifications.news.digest import DIGEST, GATHERING
from services.notifications.news.domain import (
    GATHERED_FOR,
    Audience,
    Subscriber,
    next_digest,
    reach_of,
    rule_of,
)
from services.notifications.news.personal import told_personally
from services.notifications.telling.usecases import FORGET_MATTER, move_on, remember
from shared import retention
from shared.act import Act
from shared.due import Claim, Urgency, Work
from shared.events.base import Fact, Received
from shared.events.registry import facts_by_type, type_of
from shared.locks import note_lock
from shared.statements import Query, Statement

FAN_OUT = "fan-out"
CHUNK = 500
NOBODY = UUID(int=0)

_BEGIN = Statement("""
    insert into fan_outs (matter, cause, done_to) values (:matter, :cause, :nobody)
    on conflict (matter) do update set cause = excluded.cause, done_to = excluded.done_to
""")
_LOCK = Statement("select from fan_outs where matter = :matter for update")
_GO_ON = Statement("update fan_outs set done_to = :done_to where matter = :matter")
_END = Statement("delete from fan_outs where matter = :matter")

_LEAVE = Statement("update matters set type = :type, fact = cast(:fact as jsonb) where id = :matter")
_KEEP_FOR_DIGEST = Statement("""
    insert into digest_items (subscription, matter, matter_version, cause, useful_until)
    select id, :matter, :version, :cause, :useful_until from unnest(cast(:subscriptions as uuid[])) id
    on conflict do nothing
""")


@dataclass(frozen=True, slots=True)
class _FanOut:
    cause: UUID
    done_to: UUID
    type: str
    fact: dict[str, Any]


_READ = Query(
    _FanOut,
    """
    select f.cause, f.done_to, m.type, m.fact from fan_outs f join matters m on m.id = f.matter
    where f.matter = :matter
""",
)

_WHO = {
    Audience.SUBSCRIBED: Query(
        Subscriber,
        """
        select s.id, s.address, s.channel, s.digest from subscriptions s
        where s.id > :done_to and :topic = any(s.topics) and (:district = any(s.districts) or s.quarters && :quarters)
        order by s.id limit :chunk
""",
    ),
    Audience.TOLD_BEFORE: Query(
        Subscriber,
        """
        select s.id, s.address, s.channel, s.digest from subscriptions s
        where s.id > :done_to and exists (
            select from messages m join notices n on n.id = m.notice
            where n.recipient = s.address and m.state in ('sending', 'checking', 'accepted', 'delivered', 'unknown')
              and (n.matter = :matter or n.id in (
                  select notice from digest_items i where i.subscription = s.id and i.matter = :matter)))
        order by s.id limit :chunk
""",
    ),
    Audience.BOTH: Query(
        Subscriber,
        """
        select s.id, s.address, s.channel, s.digest from subscriptions s
        where s.id > :done_to and (
            :topic = any(s.topics) and (:district = any(s.districts) or s.quarters && :quarters)
            or exists (
                select from messages m join notices n on n.id = m.notice
                where n.recipient = s.address and m.state in ('sending', 'checking', 'accepted', 'delivered', 'unknown')
                  and (n.matter = :matter or n.id in (
                      select notice from digest_items i where i.subscription = s.id and i.matter = :matter))))
        order by s.id limit :chunk
""",
    ),
}


async def take_news(act: Act, received: Received[Fact]) -> None:
    """Remember the newest state of what is news and let its subscribers be told; older facts change nothing."""
    fact, rule = received.fact, rule_of(received.fact)
    known = await remember(act, fact, None)
    if known is None:
        return
    before = facts_by_type()[known.type].model_validate(known.fact) if known.type and known.fact else None
    if before and rule.said(before) == rule.said(fact):
        if type(before) is not type(fact):
            await _leave(act.conn, before)
        return
    await move_on(act.conn, fact.id)
    forget_at = rule.useful_until(fact) + retention.LEDGER
    # Before the row that a fan-out locks once it has its work in hand.
    await act.schedule(
        Work(FAN_OUT, str(fact.id), act.now + rule.telling(fact).grace, Urgency.BULK),
        Work(FORGET_MATTER, str(fact.id), forget_at, Urgency.BULK),
    )
    await _BEGIN.run(act.conn, {"matter": fact.id, "cause": received.cause, "nobody": NOBODY})


async def fan_out(act: Act, claim: Claim) -> None:
    """Plan the messages of the next subscribers, and come again while there are more."""
    matter = UUID(claim.key)
    note_lock(act.conn, Lock.FAN_OUT)
    await _LOCK.run(act.conn, {"matter": matter})
    row = await _READ.first(act.conn, {"matter": matter})
    if row is None:
        return
    fact = facts_by_type()[row.type].model_validate(row.fact)
    useful = act.now < rule_of(fact).useful_until(fact)
    found = await _next_subscribers(act, fact, row.done_to) if useful else []
    await _tell(act.caused_by(row.cause), fact, found)
    if len(found) < CHUNK:
        await _END.run(act.conn, {"matter": matter})
        return
    await _GO_ON.run(act.conn, {"matter": matter, "done_to": found[-1].id})
    await act.schedule(Work(FAN_OUT, claim.key, act.now, Urgency.BULK))


async def _leave(conn: AsyncConnection, told: Fact) -> None:
    """Leave the fact in place that told the news: a newer one that only says the same, such as a delay, tells none."""
    values = {"matter": told.id, "type": type_of(type(told)), "fact": told.model_dump_json()}
    await _LEAVE.run(conn, values)


async def _next_subscribers(act: Act, fact: Fact, done_to: UUID) -> list[Subscriber]:
    rule = rule_of(fact)
    audience = rule.telling(fact).audience
    values: dict[str, Any] = {"done_to": done_to, "chunk": CHUNK}
    if audience is not Audience.SUBSCRIBED:
        values["matter"] = fact.id
    if audience is not Audience.TOLD_BEFORE:
        values |= {"topic": rule.topic, **reach_of(rule, fact, act.tools.city)}
    return await _WHO[audience].all(act.conn, values)


async def _tell(act: Act, fact: Fact, found: list[Subscriber]) -> None:
    rule = rule_of(fact)
    telling, useful_until = rule.telling(fact), rule.useful_until(fact)
    later = [each for each in found if each.digest or telling.gathered]
    occasion = Occasion(fact.id, fact.version, act.chain, telling.purpose, Urgency.BULK, useful_until)
    notices = [occasion.notice_to(each.address, each.channel) for each in found if each not in later]
    personal = await told_personally(act.conn, notices)
    planned = [(notice, act.now) for notice in notices if notice.id not in personal]
    await delivery.add(act, planned, type_of(type(fact)))
    if later:
        values = {"matter": fact.id, "version": fact.version, "cause": act.chain, "useful_until": useful_until}
        await _KEEP_FOR_DIGEST.run(act.conn, values | {"subscriptions": [each.id for each in later]})
    if any(each.digest for each in later):
        await act.schedule(Work(DIGEST, "", next_digest(act.now), Urgency.BULK), once=True)
    if any(not each.digest for each in later):
        await act.schedule(Work(GATHERING, "", act.now + GATHERED_FOR, Urgency.BULK), once=True)
