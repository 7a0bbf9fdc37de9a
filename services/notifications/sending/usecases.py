"""Sending what is due: claimed, handed over, recorded. Each of the three survives the death of this process."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.delivery.domain import Event, News, Spared, State, next_step
from services.notifications.delivery.usecases import Hand, spare
from services.notifications.sending.carrier import Carrier, Job
from services.notifications.sending.domain import Patience, Result, news_of, news_of_look_up
from services.notifications.sending.gateways.sms import SmsGateway
from services.notifications.telling.purposes import POLICIES
from shared.due import Claim
from shared.events.personal import PersonalFact
from shared.events.registry import personal_fact
from shared.service import Service
from shared.statements import Statement

_FACTS = Statement("select id, type, fact from matters where id = any(:ids)")
_SPARED = Statement("select address, reason from spared_addresses where address = any(:addresses)")


class Sending:
    """The errand of sending messages that are due."""

    def __init__(self, carrier: Carrier, patience: Patience) -> None:
        self._carrier = carrier
        self._patience = patience

    async def begin(self, conn: AsyncConnection, service: Service, claims: Sequence[Claim]) -> dict[str, Job]:
        """Claim the messages that are to be sent now; end, or put off, those that are not."""
        now = service.clock.now()
        ids = [UUID(claim.key) for claim in claims]
        hand = await Hand.of_messages(conn, ids)
        known = [id for id in ids if id in hand]
        facts = await _facts(conn, {hand.notice_of(id).matter for id in known})
        spared = await _spared(conn, hand, known)
        jobs = {}
        for id in known:
            notice = hand.notice_of(id)
            message, fact = notice.message(id), facts[notice.matter]
            if message.state not in (State.WAITING, State.SENDING):
                continue
            step = next_step(notice, message, hand.is_outdated(id), spared.get(id), now)
            if isinstance(step, datetime):
                hand.postpone(id, step)
                continue
            if step.event is Event.BEGUN and fact.personal.contact is None:
                step = News(Event.SUPPRESSED, error="forgotten")
            hand.apply(id, step, now)
            if step.event is Event.BEGUN:
                jobs[str(id)] = Job(id, message.attempts + 1, message.channel, notice.purpose, fact, now)
        await hand.save(conn, service, now)
        return jobs

    async def perform(self, service: Service, job: Job) -> Result:
        """Send a message and return what was answered."""
        return await self._carrier.carry(job)

    async def finish(self, conn: AsyncConnection, service: Service, results: Sequence[tuple[Job, Result]]) -> None:
        """Record the answers. An answer to an attempt that is no longer the message's last says nothing new."""
        now = service.clock.now()
        hand = await Hand.of_messages(conn, [job.message for job, _ in results])
        for job, result in results:
            if job.message not in hand:
                continue
            notice = hand.notice_of(job.message)
            message = notice.message(job.message)
            if message.attempts != job.attempt:
                continue
            news = news_of(result, message, self._patience, now)
            hand.apply(job.message, news, now)
            if news.address_gone:
                await spare(conn, notice.addresses[job.channel], Spared.UNDELIVERABLE, now)
        await hand.save(conn, service, now)


class LookingUp:
    """The errand of asking the SMS gateway about messages it never answered for."""

    def __init__(self, sms: SmsGateway) -> None:
        self._sms = sms

    async def begin(self, conn: AsyncConnection, service: Service, claims: Sequence[Claim]) -> dict[str, UUID]:
        """Pick the messages that are still in doubt."""
        hand = await Hand.of_messages(conn, [UUID(claim.key) for claim in claims])
        ids = [UUID(claim.key) for claim in claims if UUID(claim.key) in hand]
        return {str(id): id for id in ids if hand.notice_of(id).message(id).state is State.CHECKING}

    async def perform(self, service: Service, job: UUID) -> Result | None:
        """Ask about a message."""
        return await self._sms.look_up(job)

    async def finish(
        self, conn: AsyncConnection, service: Service, results: Sequence[tuple[UUID, Result | None]]
    ) -> None:
        """Record what the gateway knew; after some fruitless questions the message stays unknown."""
        now = service.clock.now()
        hand = await Hand.of_messages(conn, [id for id, _ in results])
        for id, found in results:
            if id in hand:
                hand.apply(id, news_of_look_up(found, hand.notice_of(id).message(id)), now)
        await hand.save(conn, service, now)


async def give_up_receipt(conn: AsyncConnection, service: Service, claim: Claim) -> None:
    """End the wait for a receipt: whether the message arrived will stay unknown, unless the receipt still comes."""
    id = UUID(claim.key)
    hand = await Hand.of_messages(conn, [id])
    now = service.clock.now()
    if id in hand:
        hand.apply(id, News(Event.LOST, error="no receipt"), now)
    await hand.save(conn, service, now)


async def _facts(conn: AsyncConnection, matters: Iterable[UUID]) -> dict[UUID, PersonalFact]:
    rows = await _FACTS.rows(conn, {"ids": list(matters)})
    return {row["id"]: personal_fact(row["type"]).model_validate(row["fact"]) for row in rows}


async def _spared(conn: AsyncConnection, hand: Hand, ids: Iterable[UUID]) -> dict[UUID, Spared]:
    """Why messages may not be wanted at their addresses, for the optional among them."""
    addresses = {}
    for id in ids:
        notice = hand.notice_of(id)
        if POLICIES[notice.purpose].optional:
            addresses[id] = notice.addresses[notice.message(id).channel]
    if not addresses:
        return {}
    rows = await _SPARED.rows(conn, {"addresses": list(set(addresses.values()))})
    reasons = {row["address"]: Spared(row["reason"]) for row in rows}
    return {id: reasons[address] for id, address in addresses.items() if address in reasons}
