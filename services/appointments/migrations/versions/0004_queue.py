"""The walk-in queue: daily contingents, tickets, and which counters are staffed."""

from alembic import op

revision = "0004"
down_revision = "0003"

_TABLES = """
alter table stations add column daily_tickets integer not null default 0;

create table queue_days (
    station text not null references stations,
    day date not null,
    issued integer not null,
    contingent integer not null,
    primary key (station, day),
    constraint within_contingent check (issued <= contingent)
);

create table tickets (
    id uuid primary key,
    version integer not null,
    status text not null,
    station text not null references stations,
    day date not null,
    number text not null,
    services text[] not null,
    language text not null,
    interpreter text,
    appointment uuid,
    particulars jsonb not null,
    to_be_told boolean not null,
    issued_at timestamptz not null,
    due_at timestamptz,
    back_at timestamptz,
    for_counter text references counters,
    counter text references counters,
    calls smallint not null default 0,
    first_called_at timestamptz,
    called_at timestamptz,
    begun_at timestamptz,
    closed_at timestamptz,
    way interval,
    processing interval,
    outcome text,
    constraint known_status check (status in ('waiting', 'called', 'serving', 'papers', 'closed')),
    constraint closed_has_outcome check ((status = 'closed') = (outcome is not null)),
    constraint called_has_counter check (status not in ('called', 'serving') or counter is not null),
    unique (station, day, number)
);
create index tickets_waiting on tickets (station, day) where status in ('waiting', 'papers');
create index tickets_to_tell on tickets (station, day) where to_be_told and status = 'waiting';
create unique index one_ticket_per_counter on tickets (counter) where status in ('called', 'serving');
create index tickets_called on tickets (station, day, called_at) where called_at is not null;

create table staffed_counters (
    counter text primary key references counters,
    active_at timestamptz not null,
    paused boolean not null
)
"""


def upgrade() -> None:
    for statement in _TABLES.split(";"):
        op.execute(statement)


def downgrade() -> None:
    op.execute("drop table staffed_counters, tickets, queue_days")
    op.execute("alter table stations drop column daily_tickets")
