"""The tables of this service."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Time,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, ExcludeConstraint

from shared.kernel_tables import kernel_tables

metadata = MetaData()
kernel_tables(metadata)

moment = DateTime(timezone=True)

vehicles = Table(
    "vehicles",
    metadata,
    Column("key", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("counters", SmallInteger, nullable=False),
    Column("step_free", Boolean, nullable=False),
    Column("equipment", ARRAY(Text), nullable=False),
    Column("version", Integer, nullable=False, server_default=text("0")),
    comment="As the city's data have it while the version is 0; then as staff have changed it.",
)

places = Table(
    "places",
    metadata,
    Column("key", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("district", Integer, nullable=False),
    Column("quarter", Integer, nullable=False),
    Column("rhine_bank", Text, nullable=False),
    Column("landmark", Text, nullable=False),
    Column("latitude", Double, nullable=False),
    Column("longitude", Double, nullable=False),
    Column("step_free", Boolean, nullable=False),
    Column("power", Boolean, nullable=False),
    Column("permit_from", Date),
    Column("permit_until", Date),
    Column("version", Integer, nullable=False, server_default=text("0")),
    comment="As the city's data have it while the version is 0; then as staff have changed it.",
)

travel_times = Table(
    "travel_times",
    metadata,
    Column("origin", Text, ForeignKey("places.key"), primary_key=True),
    Column("destination", Text, ForeignKey("places.key"), primary_key=True),
    Column("minutes", SmallInteger, nullable=False),
)

weekly_stops = Table(
    "weekly_stops",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=text("gen_random_uuid()")),
    Column("vehicle", Text, ForeignKey("vehicles.key"), nullable=False),
    Column("place", Text, ForeignKey("places.key"), nullable=False),
    Column("weekday", SmallInteger, nullable=False),
    Column("arrives", Time, nullable=False),
    Column("departs", Time, nullable=False),
    Column("every_weeks", SmallInteger, nullable=False, server_default=text("1")),
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date),
    Column("version", Integer, nullable=False, server_default=text("1")),
    CheckConstraint("arrives < departs", name="arrives_before_departs"),
    CheckConstraint("every_weeks between 1 and 52", name="known_rhythm"),
)

weeks = Table(
    "weeks",
    metadata,
    Column("monday", Date, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("published_at", moment),
    CheckConstraint("extract(isodow from monday) = 1", name="begins_on_monday"),
    comment="The weeks that are planned; each change of their plan raises the version.",
)

# A vehicle in two places cannot exist, whatever the code does; the trigger `vehicle_gets_there` adds the way between.
stops = Table(
    "stops",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False, server_default=text("0")),
    Column("week", Date, ForeignKey("weeks.monday"), nullable=False),
    Column("status", Text, nullable=False),
    Column("vehicle", Text, ForeignKey("vehicles.key"), nullable=False),
    Column("place", Text, ForeignKey("places.key"), nullable=False),
    Column("arrives_at", moment, nullable=False),
    Column("departs_at", moment, nullable=False),
    Column("counters", SmallInteger, nullable=False),
    Column("dropped", Boolean, nullable=False, server_default=text("false")),
    Column("announced", JSONB),
    CheckConstraint("status in ('planned', 'scheduled', 'cancelled')", name="known_status"),
    CheckConstraint("(status = 'planned') = (announced is null)", name="announced_once_published"),
    CheckConstraint("(status = 'planned') = (version = 0)", name="versions_count_announcements"),
    CheckConstraint("arrives_at < departs_at", name="arrives_before_departs"),
    CheckConstraint("counters > 0", name="serves_somebody"),
    ExcludeConstraint(
        (Column("vehicle", Text), "="),
        (func.tstzrange(Column("arrives_at", moment), Column("departs_at", moment)), "&&"),
        where=text("status <> 'cancelled' and not dropped"),
        name="vehicle_in_one_place",
        using="gist",
    ),
    Index("stops_week", "week"),
    Index("stops_departing", "departs_at"),
    comment="What is planned; `announced` is what people were told last.",
)

breakdowns = Table(
    "breakdowns",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("vehicle", Text, ForeignKey("vehicles.key"), nullable=False),
    Column("from_time", moment, nullable=False),
    Column("reason", Text, nullable=False),
    Column("recorded_at", moment, nullable=False),
)

bookings = Table(
    "bookings",
    metadata,
    Column("appointment", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("stop", Uuid),
    Column("delete_after", moment, nullable=False),
    Index("bookings_stop", "stop"),
    Index("bookings_outdated", "delete_after"),
    comment="Appointments known of, each at the stop where it is to take place, None where there is none.",
)
