"""The waiting list: entries, and the seats offered to them."""

from alembic import op

revision = "0008"
down_revision = "0007"

_TABLES = """
create sequence waiting_turns;

create table waiting_entries (
    id uuid primary key,
    version integer not null,
    status text not null,
    turn bigint not null,
    services text[] not null,
    seats smallint not null,
    stations text[] not null,
    weekdays smallint[] not null,
    first_day date not null,
    last_day date not null,
    language text not null,
    interpreter text,
    channels text[] not null,
    generation smallint not null default 1,
    state jsonb not null,
    ended_at timestamptz,
    constraint known_waiting_status check (status in ('waiting', 'offered', 'booked', 'left', 'over')),
    constraint first_before_last_to_wait check (first_day <= last_day)
);
create index waiting_line on waiting_entries (turn) where status in ('waiting', 'offered');

create table seat_offers (
    id uuid primary key,
    entry uuid not null references waiting_entries,
    station text not null references stations,
    counter text not null references counters,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    until timestamptz not null,
    outcome text,
    constraint known_outcome check (outcome in ('taken', 'declined', 'expired', 'withdrawn'))
);
create index seat_offers_entry on seat_offers (entry);
create unique index seat_offers_open on seat_offers (entry) where outcome is null
"""


def upgrade() -> None:
    for statement in _TABLES.split(";"):
        op.execute(statement)
    op.execute("update due_work set kind = 'hold-end' where kind = 'draft-expiry'")


def downgrade() -> None:
    op.execute("update due_work set kind = 'draft-expiry' where kind = 'hold-end'")
    op.execute("drop table seat_offers, waiting_entries")
    op.execute("drop sequence waiting_turns")
