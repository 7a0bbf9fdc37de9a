"""Settings of `notifications`, `NOTIFICATIONS_...` in the environment."""

from dataclasses import dataclass
from datetime import timedelta
from email.utils import parseaddr
from typing import ClassVar, Literal, Self

from pydantic import Field, IPvAnyNetwork, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from shared.addresses import ascii_domain
from shared.settings import ServiceSettings

DEVELOPMENT_KEY = SecretStr("nahbar-development")
REPLY_NUMBER = r"^(\+\d{6,15})?$"

FIRST = "first"
SECOND = "second"
"""The names of the SMS gateways."""


@dataclass(frozen=True, slots=True)
class SmsAccess:
    """How to reach an SMS gateway, and how it reaches us.

    `reply_number` takes what people answer (E.164; empty: nothing does). Receipts and replies come to `webhook_url`,
    signed with `webhook_key`.
    """

    name: str
    url: str
    key: SecretStr
    sender: str
    reply_number: str
    webhook_key: SecretStr
    webhook_url: str


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to go on trying.

    Pauses double from `first` to `longest`, or to `away_longest` while the far end cannot be reached at all. `tries`
    limits refusals of the message; a far end that is away or asks to slow down uses none of them up.
    """

    first: timedelta = timedelta(seconds=2)
    longest: timedelta = timedelta(minutes=15)
    away_longest: timedelta = timedelta(minutes=1)
    tries: int = 12


class Settings(ServiceSettings):
    """Where messages go out, how long to go on trying, and where reports come in.

    `smtp_*` is the city's mail server; reports of barriers go to `barrier_mail`; `sms_*` the gateway's API (its URL
    without `/api/sms`) with its key, the sender shown, the number it takes replies at (none: SMS ask nothing), and the
    key its receipts are signed with. `sms_webhook_url` is the address receipts and replies are posted to, as the
    gateway knows it. `second_sms_*` is the same of a second gateway, which carries SMS while the first cannot (no URL:
    there is none). Bounces come back to addresses of `bounce_domain`, which the city's mail server hands over by LMTP
    on `bounce_port` (none: not listening). `address_limit` is how many messages one network address may ask for in an
    hour, to whomever; it does not hold for `unlimited_networks`. `send_timeout` is in seconds and per answer awaited;
    five of them must fit into the lease of due work.
    """

    model_config = SettingsConfigDict(env_prefix="NOTIFICATIONS_", extra="ignore")
    service: ClassVar[str] = "notifications"

    smtp_host: str = "127.0.0.1"
    smtp_port: int = 2525
    smtp_tls: Literal["none", "starttls", "tls"] = "none"
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    mail_from: str = "Bürger-Service Duisburg <termine@stadt.example>"
    reply_to: str = "buergerservice@stadt.example"
    barrier_mail: str = "barrierefreiheit@stadt.example"

    sms_url: str = "http://127.0.0.1:8026/sms"
    sms_key: SecretStr = DEVELOPMENT_KEY
    sms_sender: str = Field(default="Duisburg", max_length=11)
    sms_reply_number: str = Field(default="", pattern=REPLY_NUMBER)
    sms_webhook_key: SecretStr = DEVELOPMENT_KEY
    sms_webhook_url: str = ""

    second_sms_url: str = ""
    second_sms_key: SecretStr = SecretStr("")
    second_sms_sender: str = Field(default="Duisburg", max_length=11)
    second_sms_reply_number: str = Field(default="", pattern=REPLY_NUMBER)
    second_sms_webhook_key: SecretStr = SecretStr("")
    second_sms_webhook_url: str = ""

    address_limit: int = Field(default=20, ge=1)
    unlimited_networks: list[IPvAnyNetwork] = []

    bounce_domain: str = "bounces.stadt.example"
    bounce_host: str = "127.0.0.1"
    bounce_port: int | None = None

    send_timeout: float = Field(default=10, gt=0, le=10)
    retry_first: timedelta = timedelta(seconds=2)
    retry_longest: timedelta = timedelta(minutes=15)
    away_longest: timedelta = timedelta(minutes=1)
    retry_limit: int = Field(default=12, ge=1)

    @property
    def patience(self) -> Patience:
        """How long to go on trying to send a message."""
        return Patience(self.retry_first, self.retry_longest, self.away_longest, self.retry_limit)

    @property
    def sms_gateways(self) -> tuple[SmsAccess, ...]:
        """The SMS gateways, in the order in which they are used."""
        first = SmsAccess(
            FIRST,
            self.sms_url,
            self.sms_key,
            self.sms_sender,
            self.sms_reply_number,
            self.sms_webhook_key,
            self.sms_webhook_url,
        )
        second = SmsAccess(
            SECOND,
            self.second_sms_url,
            self.second_sms_key,
            self.second_sms_sender,
            self.second_sms_reply_number,
            self.second_sms_webhook_key,
            self.second_sms_webhook_url,
        )
        return (first, second) if self.second_sms_url else (first,)

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        receipts = f"{self.platform.public_url}/notifications/api/v1/receipts/sms"
        self.sms_webhook_url = self.sms_webhook_url or receipts
        self.second_sms_webhook_url = self.second_sms_webhook_url or f"{receipts}/{SECOND}"
        self.smtp_host, self.bounce_domain = ascii_domain(self.smtp_host), ascii_domain(self.bounce_domain)
        if "@" not in parseaddr(self.mail_from)[1]:
            raise ValueError("NOTIFICATIONS_MAIL_FROM has no address.")
        if self.smtp_user and not self.smtp_password.get_secret_value():
            raise ValueError("NOTIFICATIONS_SMTP_PASSWORD is missing; NOTIFICATIONS_SMTP_USER needs it.")
        firsts = {self.sms_key.get_secret_value(), self.sms_webhook_key.get_secret_value()}
        seconds = {self.second_sms_key.get_secret_value(), self.second_sms_webhook_key.get_secret_value()}
        public = {"", DEVELOPMENT_KEY.get_secret_value()} if self.platform.environment == "production" else {""}
        if firsts & public:
            raise ValueError("NOTIFICATIONS_SMS_KEY and NOTIFICATIONS_SMS_WEBHOOK_KEY: production needs its own.")
        if self.second_sms_url and seconds & public:
            raise ValueError(
                "NOTIFICATIONS_SECOND_SMS_KEY and NOTIFICATIONS_SECOND_SMS_WEBHOOK_KEY: the gateway needs its own."
            )
        return self
