"""Carries one message: words it, picks the gateway, never raises."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from prometheus_client import Counter

from services.notifications.reports.domain import Verp
from services.notifications.sending.domain import Answer, Result
from services.notifications.sending.gateways.mail import MailGateway
from services.notifications.sending.gateways.sms import SmsGateway
from services.notifications.telling.domain import address_of
from services.notifications.telling.purposes import Purpose
from services.notifications.writing.mail import Letter, MailWriter
from services.notifications.writing.sms import plain, segments
from services.notifications.writing.texts import Texts
from shared.events.personal import Contact, PersonalFact
from shared.service import Service

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Job:
    """A message to send; `attempt` is its number, committed before the job exists."""

    message: UUID
    attempt: int
    channel: str
    purpose: Purpose
    fact: PersonalFact
    now: datetime


@dataclass(frozen=True, slots=True)
class Sms:
    """An SMS ready to be sent; `recipient` in E.164."""

    recipient: str
    text: str


class Carrier:
    """Words messages and hands them to the mail server or the SMS gateway.

    Args:
        verp: makes the envelope sender of each mail.
    """

    def __init__(
        self, service: Service, mail: MailGateway, sms: SmsGateway, texts: Texts, writer: MailWriter, verp: Verp
    ) -> None:
        self._sealer = service.sealer
        self._mail = mail
        self._sms = sms
        self._texts = texts
        self._writer = writer
        self._verp = verp
        registry, prefix = service.metrics.registry, f"nahbar_{service.name}"
        self._answers = Counter(
            f"{prefix}_messages", "Messages handed over, by answer", ["channel", "answer"], registry=registry
        )
        self._segments = Counter(f"{prefix}_sms_segments", "Segments of the SMS handed over", registry=registry)

    async def carry(self, job: Job) -> Result:
        """Send a message and return what was answered."""
        try:
            worded = self._word(job)
        except Exception as error:
            # Our own fault, and nothing was sent: it may go out after the next deployment.
            log.error("message_cannot_be_worded", message=str(job.message), error=type(error).__name__, exc_info=error)
            return Result(Answer.NOT_NOW, error=f"defect {type(error).__name__}")
        try:
            result = await self._hand_over(job, worded)
        except Exception as error:
            log.error("gateway_failed", message=str(job.message), error=type(error).__name__, exc_info=error)
            result = Result(Answer.NONE, error=f"defect {type(error).__name__}")
        self._answers.labels(job.channel, result.answer.value).inc()
        return result

    def _word(self, job: Job) -> Letter | Sms:
        sealed = job.fact.personal.contact
        if sealed is None:
            raise ValueError("The contact has been forgotten.")
        contact = self._sealer.open(sealed, job.fact.id, Contact)
        if job.channel == "mail":
            return self._writer.write(job.message, job.purpose, job.fact, contact, job.now)
        return Sms(address_of(contact, job.channel), plain(self._texts.sms(job.purpose, job.fact, contact)))

    async def _hand_over(self, job: Job, worded: Letter | Sms) -> Result:
        if isinstance(worded, Letter):
            return await self._mail.send(worded, self._verp.address(job.message))
        self._segments.inc(segments(worded.text))
        return await self._sms.send(job.message, worded.recipient, worded.text, job.purpose)
