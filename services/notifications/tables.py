"""The tables of `notifications`."""

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.kernel_tables import kernel_tables
from shared.takings import takings_table

metadata = MetaData()
kernel_tables(metadata)
takings_table(metadata)

_moment = DateTime(timezone=True)

matters = Table(
    "matters",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("told_version", Integer, nullable=False),  # the version that last changed what people are told
    Column("type", Text, nullable=False),
    Column("fact", JSONB, nullable=False),
    Column("person_key", Text, index=True),  # of the one person it concerns; news concerns many
    Column("changed_at", _moment, nullable=False),
    Index("matters_by_number", text("(fact #>> '{appointment,number}')")),
    Index(
        "matters_at_stop",
        text("(fact #>> '{appointment,place,key}')"),
        postgresql_where=text("fact #>> '{appointment,kind}' = 'stop'"),
    ),
    comment="The newest fact known of each matter, its contact sealed.",
)

notices = Table(
    "notices",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("matter", ForeignKey("matters.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("matter_version", Integer, nullable=False),
    Column("cause", Uuid, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("urgency", SmallInteger, nullable=False),
    Column("useful_until", _moment, nullable=False),
    Column("loud_from", _moment),
    Column("addresses", JSONB, nullable=False),
    Column("outcome", Text),
    Column("facts", Integer, nullable=False, server_default=text("0")),
    Column("planned_at", _moment, nullable=False),
    Index("notices_by_phone", text("(addresses ->> 'sms')"), postgresql_where=text("addresses ? 'sms'")),
    Index(
        "notices_unreached",
        "useful_until",
        postgresql_where=text("outcome in ('failed', 'unknown', 'expired', 'no_channel')"),
    ),
    Index("notices_recipient", "recipient", "planned_at"),
    Index("notices_personal", "cause", postgresql_where=text("urgency < 3")),
    comment="Telling one person one thing about one matter. Addresses are keys, by channel.",
)

messages = Table(
    "messages",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("notice", ForeignKey("notices.id", ondelete="CASCADE"), nullable=False),
    Column("channel", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("due_at", _moment, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("error", Text),
    Column("reference", Text),
    Column("changed_at", _moment, nullable=False),
    Column("gateway", Text),
    UniqueConstraint("notice", "channel"),
    Index(
        "messages_by_reference",
        "gateway",
        "reference",
        postgresql_where=text("gateway is not null and reference is not null"),
    ),
    Index("messages_open", "due_at", postgresql_where=text("state in ('waiting', 'sending', 'checking', 'accepted')")),
    comment="A notice on one channel.",
)

attempts = Table(
    "attempts",
    metadata,
    Column("message", ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("started_at", _moment, nullable=False),
    Column("ended_at", _moment),
    Column("result", Text),
    Column("gateway", Text),
    comment="Written before the socket opens. Without a result nobody knows whether the message was sent.",
)

spared_addresses = Table(
    "spared_addresses",
    metadata,
    Column("address", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("since", _moment, nullable=False),
    comment="Addresses, as keys, that get no optional messages.",
)

gateways = Table(
    "gateways",
    metadata,
    Column("name", Text, primary_key=True),
    Column("setbacks", Integer, nullable=False),
    Column("skipped_until", _moment),
    Column("reason", Text),
    Column("changed_at", _moment, nullable=False),
    comment="How the SMS gateways stand: which one is skipped for a while, and why.",
)

replies = Table(
    "replies",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("matter", ForeignKey("matters.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("matter_version", Integer, nullable=False),
    Column("answer", Text, nullable=False),
    Column("received_at", _moment, nullable=False),
    comment="What people answered by SMS, as it was understood: their words are not kept.",
)


def _wishes() -> list[Column[Any]]:
    """What somebody wants to hear, and how; districts and quarters are numbers of the city's data."""
    return [
        Column("channel", Text, nullable=False),
        Column("districts", ARRAY(Integer), nullable=False),
        Column("quarters", ARRAY(Integer), nullable=False),
        Column("topics", ARRAY(Text), nullable=False),
        Column("language", Text, nullable=False),
        Column("digest", Boolean, nullable=False),
    ]


subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("address", Text, nullable=False, unique=True),
    *_wishes(),
    Column("generation", SmallInteger, nullable=False, server_default=text("1")),
    Column("confirmed_at", _moment, nullable=False),
    comment="Confirmed wishes to hear news. The address is a key, people has it encrypted.",
)

subscription_requests = Table(
    "subscription_requests",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("address", Text, nullable=False, index=True),
    *_wishes(),
    Column("moves", Uuid),
    Column("asked_at", _moment, nullable=False),
    Column("confirmed_at", _moment),
    comment="Wishes to be confirmed. `moves` is the subscription that is to get this address.",
)

fan_outs = Table(
    "fan_outs",
    metadata,
    Column("matter", ForeignKey("matters.id", ondelete="CASCADE"), primary_key=True),
    Column("cause", Uuid, nullable=False),
    Column("done_to", Uuid, nullable=False),
    comment="News on its way to its subscribers, who are told in the order of their ids.",
)

digest_items = Table(
    "digest_items",
    metadata,
    Column("subscription", ForeignKey("subscriptions.id", ondelete="CASCADE"), primary_key=True),
    Column("matter", ForeignKey("matters.id", ondelete="CASCADE"), primary_key=True),
    Column("matter_version", Integer, primary_key=True),
    Column("cause", Uuid, nullable=False),
    Column("useful_until", _moment, nullable=False),
    Column("notice", ForeignKey("notices.id", ondelete="CASCADE"), index=True),
    Index("digest_items_waiting", "subscription", postgresql_where=text("notice is null")),
    comment="News that waits for the digest of a day, then is part of one.",
)
