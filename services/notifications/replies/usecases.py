"""Taking a reply: what it means is handed to the service that asked, or its sender is told that nothing was done."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.delivery.domain import Event, News, Spared
from services.notifications.delivery.spared import spare
from services.notifications.delivery.usecases import NoticeBatch
from services.notifications.purposes import POLICIES, NoticeKey, Purpose
from services.notifications.replies.domain import Told, Wish, decide, reply_id, understand
from services.notifications.sending.domain import number_of
from services.notifications.subscribing.usecases import end_at
from services.notifications.telling.domain import NoticePlan, channels_for
from services.notifications.telling.matters.appointments import expected_start
from services.notifications.telling.usecases import contact_of, give
from shared.act import Act
from shared.due import Urgency
from shared.events.appointments import AppointmentFact
from shared.events.base import About
from shared.events.notifications import ReplyAnswer, ReplyReceived, ReplyState
from shared.events.registry import read_fact
from shared.people import Person
from shared.statements import Query, Statement

ANSWER_USEFUL = timedelta(hours=12)
REMEMBERED = 50
"""So many of the latest SMS to a number are looked at."""

log = structlog.get_logger()

_NEW = Statement("""
    insert into replies (id, matter, matter_version, answer, received_at)
    values (:id, :matter, :version, :answer, :now) on conflict do nothing
""")


@dataclass(frozen=True, slots=True)
class _Sms:
    matter: UUID
    version: int
    told_version: int
    type: str
    fact: Any
    matter_version: int
    purpose: str
    cause: UUID
    message: UUID


_TOLD = Query(
    _Sms,
    """
    select m.id as matter, m.version, m.told_version, m.type, m.fact, n.matter_version, n.purpose, n.cause,
           sms.id as message
    from notices n join messages sms on sms.notice = n.id and sms.channel = 'sms' join matters m on m.id = n.matter
    where n.addresses ? 'sms' and n.addresses ->> 'sms' = :address and sms.attempts > 0
      and sms.state in ('sending', 'checking', 'accepted', 'delivered', 'unknown')
    order by sms.due_at desc, n.matter_version desc limit :limit
""",
)


@dataclass(frozen=True, slots=True)
class _Heard:
    """What the sender of a reply was told of a matter; `cause` began the chain of the latest SMS about it."""

    told: Told
    fact: AppointmentFact
    cause: UUID


async def receive_reply(act: Act, sender: str, words: str) -> None:
    """Take an SMS somebody wrote.

    "Stop" ends optional messages and news. An answer to the reminder that is beyond doubt is taken at its word, once
    per reminder; somebody that may have meant one is told, once per state of the matter, that it still stands,
    with its link.

    Args:
        sender: the number as the gateway has it.
    """
    address = act.tools.people.person_key(Person(name="", phone=number_of(sender)))
    wish = understand(words)
    if wish is Wish.STOP:
        await spare(act, address, Spared.COMPLAINT)
        await end_at(act, address)
        return
    heard = {each.told: each for each in await _heard(act.conn, address)}
    decision = decide(wish, list(heard), act.now)
    log.info("reply", wish=wish, cancels=decision.cancel is not None, answers=len(decision.answer))
    if decision.cancel:
        await _hand_on(act, heard[decision.cancel])
    for told in decision.answer:
        await _still_booked(act, heard[told])


async def _hand_on(act: Act, heard: _Heard) -> None:
    """Tell the service that asked. That somebody answered also shows that the reminder has arrived."""
    told = heard.told
    assert told.asked, "only answers to a reminder are handed on"
    id = reply_id(told.asked, ReplyAnswer.CANCEL)
    row = {"id": id, "matter": told.matter, "version": told.version, "answer": ReplyAnswer.CANCEL, "now": act.now}
    if not await _NEW.run(act.conn, row):
        return
    batch = await NoticeBatch.of_messages(act.conn, [told.asked])
    purpose = batch.notice_of(told.asked).purpose
    reply = ReplyState(matter_service=heard.fact.service, purpose=purpose, answer=ReplyAnswer.CANCEL, at=act.now)
    fact = ReplyReceived(id=id, version=1, about=About(id=told.matter, version=told.version), reply=reply)
    await act.record(fact)
    batch.apply(told.asked, News(Event.DELIVERED), act.now)
    await batch.save(act)


async def _still_booked(act: Act, heard: _Heard) -> None:
    """Answer by SMS, in quiet hours too, that nothing was cancelled; where that fails, by mail."""
    contact = contact_of(heard.fact, act.tools)
    if contact is None or contact.phone is None:
        return
    key = NoticeKey(heard.cause, heard.told.matter, heard.fact.personal.person_key, Purpose.STILL_BOOKED)
    plan = NoticePlan(
        id=key.id,
        purpose=key.purpose,
        recipient=key.recipient,
        urgency=Urgency.DIRECT,
        due_at=act.now,
        useful_until=act.now + ANSWER_USEFUL,
        loud_from=act.now,
        messages={"sms": key.message_id("sms")},
        reachable=channels_for(["sms"], contact)[1],
    )
    await give(act.caused_by(heard.cause), heard.fact, contact, [plan])


async def _heard(conn: AsyncConnection, address: str) -> Sequence[_Heard]:
    """What was told by SMS to an address about appointments, the latest first, each matter once."""
    found: dict[UUID, _Heard] = {}
    for sms in await _TOLD.all(conn, {"address": address, "limit": REMEMBERED}):
        fact = read_fact(sms.type, sms.fact)
        if not isinstance(fact, AppointmentFact):
            continue
        asks = POLICIES[Purpose(sms.purpose)].asks and sms.matter_version >= sms.told_version
        heard = found.get(sms.matter)
        if heard is None:
            state = fact.appointment
            told = Told(sms.matter, sms.version, expected_start(state), state.status == "cancelled")
            heard = found[sms.matter] = _Heard(told, fact, sms.cause)
        if asks and heard.told.asked is None:
            found[sms.matter] = replace(heard, told=replace(heard.told, asked=sms.message))
    return list(found.values())
