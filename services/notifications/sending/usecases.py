"""Sending what is due: claimed, handed over, recorded. Each of the three survives the death of this process."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.delivery.domain import Event, News, Spared, State, next_step, not_before
from services.notifications.delivery.spared import reasons_of, spare
from services.notifications.delivery.usecases import NoticeBatch
from services.notifications.news.personal import told_personally
from services.notifications.purposes import POLICIES
from services.notifications.sending.carrier import Carrier, Content, Job, contact_in
from services.notifications.sending.domain import (
    Result,
    Standing,
    another_can,
    gateway_for,
    news_of,
    news_of_look_up,
)
from services.notifications.sending.gateways.sms import SmsGateways
from services.notifications.sending.standings import load_standings, note_results
from services.notifications.sending.subjects import subjects
from services.notifications.settings import Patience
from shared.act import Act
from shared.due import Claim
from shared.sealing import Sealer
from shared.tools import Tools


class Sending:
    """The errand of sending messages that are due; `gateways` names those for SMS in the order they are used."""

    def __init__(self, carrier: Carrier, patience: Patience, gateways: Sequence[str]) -> None:
        self._carrier = carrier
        self._patience = patience
        self._gateways = gateways

    async def begin(self, act: Act, claims: Sequence[Claim]) -> dict[str, Job]:
        """Claim the messages that are to be sent now; end, or put off, those that are not."""
        ids = [UUID(claim.key) for claim in claims]
        batch = await NoticeBatch.of_messages(act.conn, ids)
        known = [id for id in ids if id in batch]
        steps = await _next_steps(act, batch, known)
        begun = [
            batch.notice_of(id) for id, step in steps.items() if isinstance(step, News) and step.event is Event.BEGUN
        ]
        told = await subjects(act, begun) if begun else {}
        by_sms = any(batch.notice_of(id).message(id).channel == "sms" for id in steps)
        gateway = gateway_for(await load_standings(act.conn, self._gateways), act.now) if by_sms else None
        jobs = {}
        for id, step in steps.items():
            notice = batch.notice_of(id)
            message = notice.message(id)
            if isinstance(step, datetime):
                batch.postpone(id, step)
                continue
            if step.event is Event.BEGUN and notice.id not in told:
                step = News(Event.SUPPRESSED, error="forgotten")
            if step.event is Event.BEGUN:
                step = replace(step, gateway=gateway if message.channel == "sms" else None)
                subject = told[notice.id]
                fact, contact = (subject, None) if isinstance(subject, Exception) else subject
                jobs[str(id)] = Job(
                    message=id,
                    attempt=message.attempts + 1,
                    channel=message.channel,
                    purpose=notice.purpose,
                    urgency=notice.urgency,
                    fact=fact,
                    due_at=not_before(notice, batch.due_at(id)),
                    now=act.now,
                    gateway=step.gateway,
                    contact=contact,
                )
            batch.apply(id, step, act.now)
        await batch.save(act)
        return jobs

    async def perform(self, tools: Tools, job: Job) -> Result:
        """Send a message and return what was answered."""
        return await self._carrier.carry(job)

    async def finish(self, act: Act, results: Sequence[tuple[Job, Result]]) -> None:
        """Record the answers. An answer to an attempt that is no longer the message's last says nothing new."""
        batch = await NoticeBatch.of_messages(act.conn, [job.message for job, _ in results])
        standings = await self._note(act, results)
        for job, result in results:
            if job.message not in batch:
                continue
            notice = batch.notice_of(job.message)
            message = notice.message(job.message)
            if message.attempts != job.attempt:
                continue
            if job.gateway and another_can(standings, job.gateway, act.now):
                result = replace(result, wait=timedelta())
            news = news_of(result, message, self._patience, act.now)
            batch.apply(job.message, news, act.now)
            if news.address_gone:
                await spare(act, notice.addresses[job.channel], Spared.UNDELIVERABLE)
        await batch.save(act)

    async def _note(self, act: Act, results: Sequence[tuple[Job, Result]]) -> Mapping[str, Standing]:
        """Note what the answers say of the SMS gateways themselves."""
        answers = [(job.gateway, result) for job, result in results if job.gateway]
        if not answers:
            return {}
        standings = await note_results(act, await load_standings(act.conn, self._gateways), answers)
        self._carrier.show(standings)
        return standings


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask a gateway: about a message to a number (E.164; None where it is forgotten)."""

    message: UUID
    gateway: str
    number: str | None


class LookingUp:
    """The errand of asking SMS gateways about messages they never answered for."""

    def __init__(self, gateways: SmsGateways) -> None:
        self._gateways = gateways

    async def begin(self, act: Act, claims: Sequence[Claim]) -> dict[str, Question]:
        """Pick the messages that are still in doubt, each with the only gateway that may know of it."""
        batch = await NoticeBatch.of_messages(act.conn, [UUID(claim.key) for claim in claims])
        ids = [UUID(claim.key) for claim in claims if UUID(claim.key) in batch]
        doubtful = [id for id in ids if batch.notice_of(id).message(id).state is State.CHECKING]
        told = await subjects(act, [batch.notice_of(id) for id in doubtful])
        questions = {}
        for id in doubtful:
            notice = batch.notice_of(id)
            number = _number(act.tools.sealer, told.get(notice.id))
            questions[str(id)] = Question(id, notice.message(id).gateway or "", number)
        return questions

    async def perform(self, tools: Tools, job: Question) -> Result | None:
        """Ask about a message. Once its recipient is forgotten, the gateway can no longer be asked."""
        return await self._gateways.look_up(job.gateway, job.message, job.number) if job.number else None

    async def finish(self, act: Act, results: Sequence[tuple[Question, Result | None]]) -> None:
        """Record what the gateway knew; after some fruitless questions the message stays unknown."""
        batch = await NoticeBatch.of_messages(act.conn, [question.message for question, _ in results])
        for question, found in results:
            if (id := question.message) in batch:
                batch.apply(id, news_of_look_up(found, batch.notice_of(id).message(id)), act.now)
        await batch.save(act)


async def give_up_receipt(act: Act, claim: Claim) -> None:
    """End the wait for a receipt: whether the message arrived will stay unknown, unless the receipt still comes."""
    id = UUID(claim.key)
    batch = await NoticeBatch.of_messages(act.conn, [id])
    if id in batch:
        batch.apply(id, News(Event.LOST, error="no receipt"), act.now)
    await batch.save(act)


def _number(sealer: Sealer, told: Content | Exception | None) -> str | None:
    """The number a message went to; None where it is forgotten or cannot be read any more."""
    if told is None or isinstance(told, Exception):
        return None
    try:
        return contact_in(sealer, *told).phone
    except ValueError:
        return None


async def _next_steps(act: Act, batch: NoticeBatch, ids: Sequence[UUID]) -> dict[UUID, News | datetime]:
    """What to do with each message that is still to be sent; facts need not be read for that."""
    overtaken = await told_personally(act.conn, [batch.notice_of(id) for id in ids])
    spared = await _spared(act.conn, batch, ids)
    steps = {}
    for id in ids:
        notice = batch.notice_of(id)
        message = notice.message(id)
        if message.state in (State.WAITING, State.SENDING):
            outdated = batch.is_outdated(id) or notice.id in overtaken
            steps[id] = next_step(notice, message, outdated, spared.get(id), act.now)
    return steps


async def _spared(conn: AsyncConnection, batch: NoticeBatch, ids: Iterable[UUID]) -> dict[UUID, Spared]:
    """Why messages may not be wanted at their addresses, for the optional among them."""
    addresses = {}
    for id in ids:
        notice = batch.notice_of(id)
        address = notice.addresses.get(notice.message(id).channel)
        if address and POLICIES[notice.purpose].optional:
            addresses[id] = address
    if not addresses:
        return {}
    reasons = await reasons_of(conn, addresses.values())
    return {id: reasons[address] for id, address in addresses.items() if address in reasons}
