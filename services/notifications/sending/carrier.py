"""Carries one message: words it, hands it over, never raises."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

import structlog
from prometheus_client import Counter, Gauge, Histogram

from services.notifications.purposes import POLICIES, Purpose
from services.notifications.sending.domain import Answer, Result, Standing
from services.notifications.sending.envelopes import Verp
from services.notifications.sending.gateways.mail import MailGateway
from services.notifications.sending.gateways.sms import Sms, SmsGateway, SmsGateways
from services.notifications.telling.domain import address_of
from services.notifications.writing.mail import Letter, MailWriter
from services.notifications.writing.sms import plain, segments
from services.notifications.writing.texts import Subject, Texts
from shared.due import Urgency
from shared.events.personal import Contact, PersonalFact
from shared.failures import Failure, classify, without_input
from shared.sealing import Sealer
from shared.tools import Tools

QUICK = (1, 2.5, 5, 10, 30, 60, 300, 1800)
"""Buckets, in seconds; the one of 10 tells the share GOV.UK Notify promises for 95 % of its messages."""

log = structlog.get_logger()


Content = tuple[Subject, Contact | None]
"""What a message tells, and to whom; without a contact to the person the fact is about."""


@dataclass(frozen=True, slots=True)
class Job:
    """A message to send; what and to whom is as in `Content`, or why it could not be read.

    `attempt` is its number, committed before the job exists. `due_at` is when it could have gone out first; `gateway`
    carries it if it is an SMS.
    """

    message: UUID
    attempt: int
    channel: str
    purpose: Purpose
    urgency: Urgency
    fact: Subject | Exception
    due_at: datetime
    now: datetime
    gateway: str | None = None
    contact: Contact | None = None


def contact_in(sealer: Sealer, fact: Subject, contact: Contact | None) -> Contact:
    """How to reach the person something is told to.

    Raises:
        ValueError: that has been forgotten.
    """
    if contact:
        return contact
    sealed = fact.personal.contact if isinstance(fact, PersonalFact) else None
    if sealed is None or not isinstance(fact, PersonalFact):
        raise ValueError("The contact has been forgotten.")
    return sealer.open(sealed, fact.id, Contact)


class Carrier:
    """Words messages and hands them to the mail server or the SMS gateway.

    Args:
        verp: makes the envelope sender of each mail.
    """

    def __init__(
        self, tools: Tools, mail: MailGateway, sms: SmsGateways, texts: Texts, writer: MailWriter, verp: Verp
    ) -> None:
        self._sealer = tools.sealer
        self._clock = tools.clock
        self._mail = mail
        self._sms = sms
        self._texts = texts
        self._writer = writer
        self._verp = verp
        registry, prefix = tools.metrics.registry, f"nahbar_{tools.name}"
        self._answers = Counter(
            f"{prefix}_messages", "Messages handed over", ["channel", "gateway", "answer"], registry=registry
        )
        self._handover = Histogram(
            f"{prefix}_handover_seconds",
            "From being due until a far end had taken the message",
            ["channel", "urgency"],
            buckets=QUICK,
            registry=registry,
        )
        self._skipped = Gauge(
            f"{prefix}_gateway_skipped", "1 while an SMS gateway is skipped", ["gateway"], registry=registry
        )
        barred = Gauge(f"{prefix}_mail_barred", "1 while the mail server takes nothing from us", registry=registry)
        barred.set_function(lambda: float(mail.barred))
        self._segments = Counter(f"{prefix}_sms_segments", "Segments of the SMS handed over", registry=registry)

    async def carry(self, job: Job) -> Result:
        """Send a message and return what was answered."""
        try:
            worded = self._word(job)
        except Exception as error:
            # Our own fault, and nothing was sent: it may go out after the next deployment.
            log.error(
                "message_cannot_be_worded",
                message=str(job.message),
                error=without_input(error),
                exc_info=classify(error) is Failure.UNKNOWN,
            )
            return Result(Answer.NOT_NOW, error=f"defect {type(error).__name__}")
        try:
            result = await self._hand_over(job, worded)
        except Exception as error:
            log.error("gateway_failed", message=str(job.message), error=type(error).__name__, exc_info=error)
            result = Result(Answer.NONE, error=f"defect {type(error).__name__}")
        self._answers.labels(job.channel, job.gateway or "", result.answer.value).inc()
        if result.answer in (Answer.ACCEPTED, Answer.DELIVERED):
            waited = (self._clock.now() - job.due_at).total_seconds()
            self._handover.labels(job.channel, job.urgency.name.lower()).observe(max(0.0, waited))
        return result

    def show(self, standings: Mapping[str, Standing]) -> None:
        """Let the metrics say which SMS gateways are skipped, whenever they are read."""
        for name, standing in standings.items():
            self._skipped.labels(name).set_function(partial(self._is_skipped, standing))

    def _is_skipped(self, standing: Standing) -> float:
        return float(standing.is_skipped(self._clock.now()))

    def _word(self, job: Job) -> Letter | tuple[SmsGateway, Sms]:
        fact = job.fact
        if isinstance(fact, Exception):
            raise fact
        contact = contact_in(self._sealer, fact, job.contact)
        if job.gateway is None:
            return self._writer.write(job.message, job.purpose, fact, contact, job.now)
        gateway = self._sms[job.gateway]
        asks = POLICIES[job.purpose].asks and gateway.takes_replies
        text = plain(self._texts.sms(job.purpose, fact, contact, asks))
        return gateway, Sms(job.message, address_of(contact, job.channel), text, job.purpose, asks)

    async def _hand_over(self, job: Job, worded: Letter | tuple[SmsGateway, Sms]) -> Result:
        if isinstance(worded, Letter):
            return await self._mail.send(worded, self._verp.address(job.message))
        gateway, sms = worded
        self._segments.inc(segments(sms.text))
        return await gateway.send(sms)
