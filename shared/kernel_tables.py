"""The tables every service has beside its own."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB


def kernel_tables(metadata: MetaData) -> None:
    """Add the tables every service has to its metadata."""
    moment = DateTime(timezone=True)
    Table(
        "outbox",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column(
            "event_id",
            Uuid,
            nullable=False,
            unique=True,
            server_default=text("uuidv7()"),
        ),
        Column("cause", Uuid, nullable=True),
        Column("topic", Text, nullable=False),
        Column("type", Text, nullable=False),
        Column("schema_version", SmallInteger, nullable=False),
        Column("aggregate", Uuid, nullable=False),
        Column("version", Integer, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("headers", JSONB, nullable=False, server_default=text("'{}'")),
        Column("occurred_at", moment, nullable=False),
        Column("alive_until", moment),
        Column("published_at", moment),
        Column("refused", Text),
        UniqueConstraint("aggregate", "version"),
        Index(
            "outbox_waiting",
            "id",
            postgresql_where=text("published_at is null and refused is null"),
        ),
        Index(
            "outbox_published",
            "published_at",
            postgresql_where=text("published_at is not null"),
        ),
    )
    Table(
        "inbox",
        metadata,
        Column("consumer", Text, primary_key=True),
        Column("event_id", Uuid, primary_key=True),
        Column("received_at", moment, nullable=False, server_default=func.now()),
        Index("inbox_received", "received_at"),
    )
    Table(
        "dead_letters",
        metadata,
        Column("id", Uuid, primary_key=True, server_default=text("uuidv7()")),
        Column("topic", Text, nullable=False),
        Column("partition", Integer, nullable=False),
        Column("position", BigInteger, nullable=False),
        Column("digest", LargeBinary, nullable=False, server_default=text("''::bytea")),
        Column("key", LargeBinary),
        Column("headers", JSONB, nullable=False),
        Column("body", LargeBinary),
        Column("reason", Text, nullable=False),
        Column("recorded_at", moment, nullable=False, server_default=func.now()),
        Column("settled_at", moment),
        Column("settled_by", Text),
        Column("settlement", Text),
        UniqueConstraint("topic", "partition", "position", "digest"),
        Index(
            "dead_letters_open",
            "recorded_at",
            postgresql_where=text("settled_at is null"),
        ),
    )
    Table(
        "due_work",
        metadata,
        Column("kind", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("due_at", moment, nullable=False),
        Column("urgency", SmallInteger, nullable=False),
        Column("attempts", Integer, nullable=False, server_default=text("0")),
        Column("lease", Uuid),
        Column("leased_until", moment),
        Index("due_work_next", "urgency", "due_at"),
    )
    Table(
        "idempotency_keys",
        metadata,
        Column("scope", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("digest", Text, nullable=False),
        Column("resource", Text, nullable=False),
        Column("created_at", moment, nullable=False, server_default=func.now()),
        Index("idempotency_keys_created", "created_at"),
    )
    Table(
        "kept_pages",
        metadata,
        Column("name", Text, primary_key=True),
        Column("box", LargeBinary, nullable=False),
        Column("kept_at", moment, nullable=False, server_default=func.now()),
        Index("kept_pages_kept", "kept_at"),
    )
    Table(
        "people",
        metadata,
        Column("matter", Uuid, primary_key=True),
        Column("person_key", Text, nullable=False, index=True),
        Column("box", LargeBinary, nullable=False),
        Column("delete_after", moment),
        Index(
            "people_delete_after",
            "delete_after",
            postgresql_where=text("delete_after is not null"),
        ),
    )
    Table(
        "audit",
        metadata,
        Column("id", Uuid, primary_key=True, server_default=text("uuidv7()")),
        Column("at", moment, nullable=False),
        Column("who", Text, nullable=False),
        Column("action", Text, nullable=False),
        Column("matter", Uuid),
        Column("station", Text),
        Column("details", JSONB, nullable=False, server_default=text("'{}'")),
        Index("audit_at", "at"),
    )
