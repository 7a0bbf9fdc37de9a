"""The tables of this service."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Sequence,
    SmallInteger,
    Table,
    Text,
    Time,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.appointments.queue_tables import queue_tables
from shared.kernel_tables import kernel_tables
from shared.takings import takings_table

metadata = MetaData()
kernel_tables(metadata)

moment = DateTime(timezone=True)

stations = Table(
    "stations",
    metadata,
    Column("key", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("district", Integer, nullable=False),
    Column("address", Text),
    Column("kind", Text, nullable=False, server_default=text("'counter'")),
    # Read by the version before this one; what is spoken stands at the counters.
    Column("languages", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    CheckConstraint("kind in ('counter', 'video', 'stop')", name="known_kind"),
    Column("daily_tickets", Integer, nullable=False, server_default=text("0")),
    Column("hours_version", Integer, nullable=False, server_default=text("0")),
    Index("stations_to_stay", "key", postgresql_where=text("kind <> 'stop'")),
)

# Seats can be booked from `bookable_from` on; a stop that was announced only after its begin has none.
stops = Table(
    "stops",
    metadata,
    Column("station", Text, ForeignKey("stations.key"), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("counters", SmallInteger, nullable=False),
    Column("services", ARRAY(Text), nullable=False),
    Column("quarter", Integer, nullable=False),
    Column("rhine_bank", Text, nullable=False),
    Column("arrives_at", moment, nullable=False),
    Column("departs_at", moment, nullable=False),
    Column("delay_minutes", SmallInteger, nullable=False),
    Column("bookable_from", Date),
    CheckConstraint("status in ('scheduled', 'cancelled')", name="known_stop_status"),
    CheckConstraint("rhine_bank in ('left', 'right')", name="known_rhine_bank"),
    Index("stops_departing", "departs_at"),
)

counters = Table(
    "counters",
    metadata,
    Column("key", Text, primary_key=True),
    Column("station", Text, ForeignKey("stations.key"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("languages", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Index("counters_station", "station"),
)

services = Table(
    "services",
    metadata,
    Column("key", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("names", JSONB, nullable=False),
    Column("bring", JSONB, nullable=False),
    Column("situation", Text, nullable=False, server_default=text("''")),
    Column("minutes", Integer, nullable=False),
    Column("fee_cents", Integer),
    Column("leika", Text),
    Column("most", SmallInteger, nullable=False, server_default=text("1")),
    Column("stations", ARRAY(Text)),
    Column("video", Boolean, nullable=False, server_default=text("false")),
)

opening_hours = Table(
    "opening_hours",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("station", Text, ForeignKey("stations.key"), nullable=False),
    Column("weekday", SmallInteger, nullable=False),
    Column("opens", Time, nullable=False),
    Column("closes", Time, nullable=False),
    Column("valid_from", Date),
    Column("valid_until", Date),
    Column("every_weeks", SmallInteger, nullable=False, server_default=text("1")),
    Column("nth", SmallInteger),
    Column("staff_counters", SmallInteger, nullable=False, server_default=text("0")),
    Column("services", ARRAY(Text)),
    CheckConstraint("opens < closes", name="opens_before_closes"),
    CheckConstraint("every_weeks = 1 or valid_from is not null", name="weeks_are_counted_from_a_day"),
    CheckConstraint("staff_counters >= 0", name="no_negative_share"),
    Index("opening_hours_station", "station"),
)

closures = Table(
    "closures",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("station", Text, ForeignKey("stations.key"), nullable=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("reason", Text, nullable=False),
    Column("key", Uuid, nullable=False, unique=True, server_default=text("gen_random_uuid()")),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("lifted_at", moment),
    Column("counter", Text, ForeignKey("counters.key")),
    Column("from_time", Time),
    Column("until_time", Time),
    CheckConstraint("first_day <= last_day", name="first_before_last"),
    CheckConstraint("(from_time is null) = (until_time is null) and from_time < until_time", name="hours_in_order"),
    Index("closures_station", "station", "last_day"),
)

appointment_numbers = Sequence("appointment_numbers", metadata=metadata)

appointments = Table(
    "appointments",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("number", Text, nullable=False, unique=True),
    Column("station", Text, ForeignKey("stations.key"), nullable=False),
    Column("counter", Text, ForeignKey("counters.key"), nullable=False),
    Column("services", ARRAY(Text), nullable=False),
    Column("starts_at", moment, nullable=False),
    Column("ends_at", moment, nullable=False),
    Column("language", Text, nullable=False, server_default=text("'de'")),
    Column("interpreter", Text),
    Column("channels", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("generation", SmallInteger, nullable=False, server_default=text("1")),
    Column("held_until", moment),
    Column("extensions", SmallInteger, nullable=False, server_default=text("0")),
    Column("state", JSONB),
    Column("cancelled_by", Text),
    Column("cancelled_at", moment),
    Column("kind", Text, nullable=False, server_default=text("'counter'")),
    Column("page_language", Text),
    Column("consent", Text),
    Column("consented_at", moment),
    Column("closure", Uuid, ForeignKey("closures.key")),
    CheckConstraint(
        "status in ('held', 'confirmed', 'offered', 'arrived', 'missed', 'cancelled')", name="known_status"
    ),
    CheckConstraint("status = 'held' or state is not null", name="binding_has_state"),
    CheckConstraint("kind <> 'video' or status = 'held' or consent is not null", name="video_needs_consent"),
    CheckConstraint("(consent is null) = (consented_at is null)", name="consent_has_its_time"),
    Index("appointments_held", "held_until", postgresql_where=text("status = 'held'")),
    Index("appointments_day", "station", "starts_at"),
    Index("appointments_closure", "closure", postgresql_where=text("closure is not null")),
)

# A seat is (counter, start): the primary key makes double booking impossible whatever the code does.
seats = Table(
    "seats",
    metadata,
    Column("counter", Text, ForeignKey("counters.key"), primary_key=True),
    Column("starts_at", moment, primary_key=True),
    Column("appointment", Uuid, nullable=False),
    Column("until", moment),
    Index("seats_appointment", "appointment"),
)

takings_table(metadata)

# Who asked for links (both as pseudonyms), to be counted for a day. A crash may forget it, so it is not logged.
link_requests = Table(
    "link_requests",
    metadata,
    Column("address", Text, nullable=False),
    Column("origin", LargeBinary),
    Column("at", moment, nullable=False),
    Index("link_requests_address", "address", "at"),
    Index("link_requests_origin", "origin", "at"),
    prefixes=["UNLOGGED"],
)

waiting_turns = Sequence("waiting_turns", metadata=metadata)

waiting_entries = Table(
    "waiting_entries",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("turn", BigInteger, nullable=False),
    Column("services", ARRAY(Text), nullable=False),
    Column("seats", SmallInteger, nullable=False),
    Column("stations", ARRAY(Text), nullable=False),
    Column("weekdays", ARRAY(SmallInteger), nullable=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("language", Text, nullable=False),
    Column("interpreter", Text),
    Column("channels", ARRAY(Text), nullable=False),
    Column("generation", SmallInteger, nullable=False, server_default=text("1")),
    Column("state", JSONB, nullable=False),
    Column("ended_at", moment),
    CheckConstraint("status in ('waiting', 'offered', 'booked', 'left', 'over')", name="known_waiting_status"),
    CheckConstraint("first_day <= last_day", name="first_before_last_to_wait"),
    Index("waiting_line", "turn", postgresql_where=text("status in ('waiting', 'offered')")),
)

# While the offer is open, its id owns the seats; the appointment it becomes keeps the id.
seat_offers = Table(
    "seat_offers",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("entry", Uuid, ForeignKey("waiting_entries.id"), nullable=False),
    Column("station", Text, ForeignKey("stations.key"), nullable=False),
    Column("counter", Text, ForeignKey("counters.key"), nullable=False),
    Column("starts_at", moment, nullable=False),
    Column("ends_at", moment, nullable=False),
    Column("until", moment, nullable=False),
    Column("outcome", Text),
    CheckConstraint("outcome in ('taken', 'declined', 'expired', 'withdrawn')", name="known_outcome"),
    Index("seat_offers_entry", "entry"),
    Index("seat_offers_open", "entry", unique=True, postgresql_where=text("outcome is null")),
)

# What a notice is about has the name of the first such matters; it may be an entry in the waiting list as well.
unreached = Table(
    "unreached",
    metadata,
    Column("notice", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("appointment", Uuid, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("reached", Boolean, nullable=False),
    Column("at", moment, nullable=False),
    Column("called_at", moment),
    Column("called_by", Text),
    Column("matter_version", Integer),
    Index("unreached_open", "at", postgresql_where=text("not reached")),
    Index("unreached_appointment", "appointment"),
)

queue_tables(metadata)
