"""Stops of the Bürgermobil: stations that are there for a day."""

from alembic import op

revision = "0014"
down_revision = "0013"

_UP = """
alter table stations drop constraint known_kind,
    add constraint known_kind check (kind in ('counter', 'video', 'stop'));
create index stations_to_stay on stations (key) where kind <> 'stop';
create table stops (
    station text primary key references stations,
    version integer not null,
    status text not null,
    counters smallint not null,
    services text[] not null,
    quarter integer not null,
    rhine_bank text not null,
    arrives_at timestamptz not null,
    departs_at timestamptz not null,
    delay_minutes smallint not null,
    bookable_from date,
    constraint known_stop_status check (status in ('scheduled', 'cancelled')),
    constraint known_rhine_bank check (rhine_bank in ('left', 'right'))
);
create index stops_departing on stops (departs_at)
"""
_DOWN = """
drop table stops;
drop index stations_to_stay;
update stations set kind = 'counter' where kind = 'stop';
update appointments set kind = 'counter' where kind = 'stop';
alter table stations drop constraint known_kind, add constraint known_kind check (kind in ('counter', 'video'))
"""


def upgrade() -> None:
    for statement in _UP.split(";"):
        op.execute(statement)


def downgrade() -> None:
    for statement in _DOWN.split(";"):
        op.execute(statement)
