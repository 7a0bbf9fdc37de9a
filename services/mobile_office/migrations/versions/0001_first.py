"""Vehicles, places, the weekly plan, stops."""

from alembic import op

from shared.kernel_schema import create_v1, create_v2, drop_v1, drop_v2

revision = "0001"
down_revision = None

_TABLES = """
create extension if not exists btree_gist;

create table vehicles (
    key text primary key,
    name text not null,
    counters smallint not null,
    step_free boolean not null,
    equipment text[] not null,
    version integer not null default 0
);
comment on table vehicles is 'As the city''s data have it while the version is 0; then as staff have changed it.';

create table places (
    key text primary key,
    name text not null,
    district integer not null,
    quarter integer not null,
    rhine_bank text not null,
    landmark text not null,
    latitude double precision not null,
    longitude double precision not null,
    step_free boolean not null,
    power boolean not null,
    permit_from date,
    permit_until date,
    version integer not null default 0
);
comment on table places is 'As the city''s data have it while the version is 0; then as staff have changed it.';

create table travel_times (
    origin text references places,
    destination text references places,
    minutes smallint not null,
    primary key (origin, destination)
);

create table weekly_stops (
    id uuid primary key default gen_random_uuid(),
    vehicle text not null references vehicles,
    place text not null references places,
    weekday smallint not null,
    arrives time not null,
    departs time not null,
    every_weeks smallint not null default 1,
    valid_from date not null,
    valid_until date,
    version integer not null default 1,
    constraint arrives_before_departs check (arrives < departs),
    constraint known_rhythm check (every_weeks between 1 and 52)
);

create table weeks (
    monday date primary key,
    version integer not null,
    published_at timestamptz,
    constraint begins_on_monday check (extract(isodow from monday) = 1)
);
comment on table weeks is 'The weeks that are planned; each change of their plan raises the version.';

create table stops (
    id uuid primary key,
    version integer not null default 0,
    week date not null references weeks,
    status text not null,
    vehicle text not null references vehicles,
    place text not null references places,
    arrives_at timestamptz not null,
    departs_at timestamptz not null,
    counters smallint not null,
    dropped boolean not null default false,
    announced jsonb,
    constraint known_status check (status in ('planned', 'scheduled', 'cancelled')),
    constraint announced_once_published check ((status = 'planned') = (announced is null)),
    constraint versions_count_announcements check ((status = 'planned') = (version = 0)),
    constraint arrives_before_departs check (arrives_at < departs_at),
    constraint serves_somebody check (counters > 0),
    constraint vehicle_in_one_place exclude using gist (vehicle with =, tstzrange(arrives_at, departs_at) with &&)
        where (status <> 'cancelled' and not dropped)
);
create index stops_week on stops (week);
create index stops_departing on stops (departs_at);
comment on table stops is 'What is planned; `announced` is what people were told last.';

create table breakdowns (
    id uuid primary key,
    vehicle text not null references vehicles,
    from_time timestamptz not null,
    reason text not null,
    recorded_at timestamptz not null
);

create table bookings (
    appointment uuid primary key,
    version integer not null,
    stop uuid,
    delete_after timestamptz not null
);
create index bookings_stop on bookings (stop);
create index bookings_outdated on bookings (delete_after);
comment on table bookings is
    'Appointments known of, each at the stop where it is to take place, None where there is none.'
"""

# Whoever puts a vehicle somewhere locks its row first, so that of two at once the second sees what the first did.
# What is only announced of a stop locks nothing: a delay must not wait for planners.
_TRAVEL = """
create function vehicle_gets_there() returns trigger language plpgsql as $$
begin
    perform from vehicles where key = new.vehicle for no key update;
    if exists (
        select from stops other
        where other.vehicle = new.vehicle and other.id <> new.id
          and other.status <> 'cancelled' and not other.dropped
          and other.arrives_at < new.departs_at + make_interval(mins => coalesce((
              select minutes from travel_times where origin = new.place and destination = other.place), 0))
          and new.arrives_at < other.departs_at + make_interval(mins => coalesce((
              select minutes from travel_times where origin = other.place and destination = new.place), 0))
    ) then
        raise exclusion_violation using constraint = 'vehicle_gets_there',
            message = 'The vehicle cannot be there in time, or is still elsewhere.';
    end if;
    return new;
end $$
"""

_TRIGGERS = """
create trigger vehicle_gets_there before insert on stops for each row execute function vehicle_gets_there();

create trigger vehicle_gets_there_changed before update on stops for each row
when (new.status <> 'cancelled' and not new.dropped
      and (old.vehicle, old.place, old.arrives_at, old.departs_at, old.dropped)
          is distinct from (new.vehicle, new.place, new.arrives_at, new.departs_at, new.dropped))
execute function vehicle_gets_there()
"""


def upgrade() -> None:
    create_v1()
    create_v2()
    for statement in (*_TABLES.split(";\n"), _TRAVEL, *_TRIGGERS.split(";\n")):
        op.execute(statement)


def downgrade() -> None:
    op.execute("drop table bookings, breakdowns, stops, weeks, weekly_stops, travel_times, places, vehicles")
    op.execute("drop function vehicle_gets_there")
    drop_v2()
    drop_v1()
