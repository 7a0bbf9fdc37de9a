"""The tables of the queue, among those of the service."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Interval,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB


def queue_tables(metadata: MetaData) -> None:
    """Declare them: the numbers of a day, tickets, and the counters somebody works at."""
    moment = DateTime(timezone=True)

    # Tickets are only issued by raising `issued`, so the check keeps the contingent whatever the code does.
    Table(
        "queue_days",
        metadata,
        Column("station", Text, ForeignKey("stations.key"), primary_key=True),
        Column("day", Date, primary_key=True),
        Column("issued", Integer, nullable=False),
        Column("contingent", Integer, nullable=False),
        CheckConstraint("issued <= contingent", name="within_contingent"),
    )

    Table(
        "tickets",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("version", Integer, nullable=False),
        Column("status", Text, nullable=False),
        Column("station", Text, ForeignKey("stations.key"), nullable=False),
        Column("day", Date, nullable=False),
        Column("number", Text, nullable=False),
        Column("services", ARRAY(Text), nullable=False),
        Column("language", Text, nullable=False),
        Column("interpreter", Text),
        Column("appointment", Uuid),
        Column("particulars", JSONB, nullable=False),
        Column("to_be_told", Boolean, nullable=False),
        Column("issued_at", moment, nullable=False),
        Column("due_at", moment),
        Column("back_at", moment),
        Column("for_counter", Text, ForeignKey("counters.key")),
        Column("counter", Text, ForeignKey("counters.key")),
        Column("calls", SmallInteger, nullable=False, server_default=text("0")),
        Column("first_called_at", moment),
        Column("called_at", moment),
        Column("begun_at", moment),
        Column("closed_at", moment),
        Column("way", Interval),
        Column("processing", Interval),
        Column("outcome", Text),
        CheckConstraint("status in ('waiting', 'called', 'serving', 'papers', 'closed')", name="known_status"),
        CheckConstraint("(status = 'closed') = (outcome is not null)", name="closed_has_outcome"),
        CheckConstraint("status not in ('called', 'serving') or counter is not null", name="called_has_counter"),
        UniqueConstraint("station", "day", "number"),
        Index("tickets_waiting", "station", "day", postgresql_where=text("status in ('waiting', 'papers')")),
        Index("tickets_to_tell", "station", "day", postgresql_where=text("to_be_told and status = 'waiting'")),
        Index(
            "one_ticket_per_counter", "counter", unique=True, postgresql_where=text("status in ('called', 'serving')")
        ),
        Index("tickets_called", "station", "day", "called_at", postgresql_where=text("called_at is not null")),
    )

    Table(
        "staffed_counters",
        metadata,
        Column("counter", Text, ForeignKey("counters.key"), primary_key=True),
        Column("active_at", moment, nullable=False),
        Column("paused", Boolean, nullable=False),
    )
