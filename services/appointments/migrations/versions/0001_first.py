"""Stations, services, opening hours, seats and appointments."""

from alembic import op

from shared.kernel_schema import create_v1, drop_v1

revision = "0001"
down_revision = None

_TABLES = """
create table stations (key text primary key, name text not null, district integer not null, address text);

create table counters (
    key text primary key,
    station text not null references stations,
    number integer not null
);
create index counters_station on counters (station);

create table services (
    key text primary key,
    position integer not null,
    names jsonb not null,
    bring jsonb not null,
    minutes integer not null,
    fee_cents integer
);

create table opening_hours (
    id bigint generated always as identity primary key,
    station text not null references stations,
    weekday smallint not null,
    opens time not null,
    closes time not null,
    valid_from date,
    valid_until date,
    constraint opens_before_closes check (opens < closes)
);
create index opening_hours_station on opening_hours (station);

create table closures (
    id bigint generated always as identity primary key,
    station text not null references stations,
    first_day date not null,
    last_day date not null,
    reason text not null,
    constraint first_before_last check (first_day <= last_day)
);
create index closures_station on closures (station, last_day);

create sequence appointment_numbers;

create table appointments (
    id uuid primary key,
    version integer not null,
    status text not null,
    number text not null unique,
    station text not null references stations,
    counter text not null references counters,
    services text[] not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    language text not null default 'de',
    interpreter text,
    channels text[] not null default '{}',
    generation smallint not null default 1,
    held_until timestamptz,
    extensions smallint not null default 0,
    state jsonb,
    cancelled_by text,
    cancelled_at timestamptz,
    constraint known_status check (status in ('held', 'confirmed', 'cancelled')),
    constraint binding_has_state check (status = 'held' or state is not null)
);
create index appointments_held on appointments (held_until) where status = 'held';

create table seats (
    counter text not null references counters,
    starts_at timestamptz not null,
    appointment uuid not null,
    until timestamptz,
    primary key (counter, starts_at)
);
create index seats_appointment on seats (appointment);

create table unreached (
    notice uuid primary key,
    version integer not null,
    appointment uuid not null,
    purpose text not null,
    reached boolean not null,
    at timestamptz not null
);
create index unreached_open on unreached (at) where not reached
"""


def upgrade() -> None:
    create_v1()
    for statement in _TABLES.split(";"):
        op.execute(statement)


def downgrade() -> None:
    op.execute("drop table unreached, seats, appointments, closures, opening_hours, services, counters, stations")
    op.execute("drop sequence appointment_numbers")
    drop_v1()
