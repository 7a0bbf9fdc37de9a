"""The digest: the news of a day in one message, to those who want it so; and news that is gathered for all others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from services.notifications.delivery import usecases as delivery
from services.notifications.delivery.domain import Notice, Occasion
from services.notifications.news.domain import GATHERED, Subscriber, digest_cause, digest_purpose
from services.notifications.news.reading import KNOWN_TYPES, readable
from shared import retention
from shared.act import Act
from shared.due import Claim, Urgency, Work
from shared.events.notifications import SubscriptionConfirmed
from shared.events.registry import type_of
from shared.statements import Query, Statement

DIGEST = "digest"
GATHERING = "gathering"
CHUNK = 500

# The addresses of those who are told personally, or will be: as in `news/personal.py`, of all that waits.
_DROP = Statement("""
    with told as materialized (
        select n.cause, a.value as address from notices n, jsonb_each_text(n.addresses) a
        where n.urgency < 3 and n.cause = any(array(select distinct cause from digest_items where notice is null))
    ), booked as materialized (
        select cast(m.fact #>> '{appointment,place,key}' as uuid) as stop, a.value as address
        from matters m join notices n on n.matter = m.id, jsonb_each_text(n.addresses) a
        where m.fact #>> '{appointment,kind}' = 'stop'
          and m.fact #>> '{appointment,place,key}' = any(
              cast(array(select distinct matter from digest_items where notice is null) as text[]))
          and m.fact #>> '{appointment,status}' in ('confirmed', 'offered')
    )
    delete from digest_items i using matters m, subscriptions s
    where i.notice is null and m.id = i.matter and s.id = i.subscription
      and (i.useful_until <= :now or m.told_version > i.matter_version
           or (i.cause, s.address) in (select cause, address from told)
           or (i.matter, s.address) in (select stop, address from booked))
""")
_PART_OF = Statement("""
    update digest_items i set notice = :notice from matters m
    where i.subscription = :subscription and i.notice is null and m.id = i.matter and m.type = any(:types)
""")
_FORGET_OLD = Statement("delete from notices where purpose = any(:purposes) and planned_at < :before")


@dataclass(frozen=True, slots=True)
class _Waiting:
    """News that waits for a subscriber."""

    id: UUID
    version: int
    address: str
    channel: str
    digest: bool
    matter: UUID
    matter_version: int
    useful_until: datetime
    type: str
    fact: Any


_WAITING = Query(
    _Waiting,
    """
    select s.id, s.version, s.address, s.channel, s.digest, i.matter, i.matter_version, i.useful_until, m.type, m.fact
    from digest_items i join subscriptions s on s.id = i.subscription join matters m on m.id = i.matter
    where i.notice is null and m.type = any(:types) and s.id in (
        select distinct w.subscription from digest_items w join subscriptions wants on wants.id = w.subscription
        join matters told on told.id = w.matter and told.type = any(:types)
        where w.notice is null and (:all or not wants.digest) order by w.subscription limit :chunk)
    order by s.id, i.matter
""",
)


async def write_digests(act: Act, claim: Claim) -> None:
    """Plan the digests of the next subscribers, and come again while there are more.

    While gathering, those who want digests wait on.

    News that is over, was overtaken, or reached the person in a message of their own is left out; what only a newer
    version can read waits for that. Digests as old as the
    ledger may be are forgotten: the matter of a digest, the subscription, may have no end.
    """
    await _FORGET_OLD.run(act.conn, {"purposes": list(GATHERED), "before": act.now - retention.LEDGER})
    await _DROP.run(act.conn, {"now": act.now})
    waiting = await _WAITING.all(act.conn, {"chunk": CHUNK, "all": claim.kind == DIGEST, "types": KNOWN_TYPES})
    digests = [_digest(list(items)) for _, items in groupby(waiting, key=attrgetter("id"))]
    await delivery.add(act, [(each, act.now) for each in digests], type_of(SubscriptionConfirmed))
    parts = [{"notice": each.id, "subscription": each.matter, "types": KNOWN_TYPES} for each in digests]
    await _PART_OF.run_each(act.conn, parts)
    if len(digests) == CHUNK:
        await act.schedule(Work(claim.kind, "", act.now, Urgency.BULK))


def _digest(items: Sequence[_Waiting]) -> Notice:
    first = items[0]
    cause = digest_cause(first.id, [(item.matter, item.matter_version) for item in items])
    useful_until = max(item.useful_until for item in items)
    subscriber = Subscriber(first.id, first.address, first.channel, first.digest)
    purpose = digest_purpose(subscriber, readable(items))
    occasion = Occasion(subscriber.id, first.version, cause, purpose, Urgency.BULK, useful_until)
    return occasion.notice_to(subscriber.address, subscriber.channel)
