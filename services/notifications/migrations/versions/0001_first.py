"""Matters, notices, messages, attempts, spared addresses."""

from alembic import op

from shared.kernel_schema import create_v1, drop_v1

revision = "0001"
down_revision = None

_TABLES = """
create table matters (
    id uuid primary key,
    version integer not null,
    told_version integer not null,
    type text not null,
    fact jsonb not null,
    person_key text not null,
    changed_at timestamptz not null
);
create index ix_matters_person_key on matters (person_key);
comment on table matters is 'The newest fact known of each matter, its contact sealed.';

create table notices (
    id uuid primary key,
    matter uuid not null references matters on delete cascade,
    matter_version integer not null,
    cause uuid not null,
    recipient text not null,
    purpose text not null,
    urgency smallint not null,
    useful_until timestamptz not null,
    loud_from timestamptz,
    addresses jsonb not null,
    outcome text,
    facts integer not null default 0,
    planned_at timestamptz not null
);
create index ix_notices_matter on notices (matter);
comment on table notices is 'Telling one person one thing about one matter. Addresses are keys, by channel.';

create table messages (
    id uuid primary key,
    notice uuid not null references notices on delete cascade,
    channel text not null,
    state text not null,
    due_at timestamptz not null,
    attempts integer not null default 0,
    tries integer not null default 0,
    error text,
    reference text,
    changed_at timestamptz not null,
    unique (notice, channel)
);
create index messages_open on messages (due_at) where state in ('waiting', 'sending', 'checking', 'accepted');
comment on table messages is 'A notice on one channel.';

create table attempts (
    message uuid references messages on delete cascade,
    number integer,
    started_at timestamptz not null,
    ended_at timestamptz,
    result text,
    primary key (message, number)
);
comment on table attempts is
    'Written before the socket opens. Without a result nobody knows whether the message was sent.';

create table spared_addresses (
    address text primary key,
    reason text not null,
    since timestamptz not null
);
comment on table spared_addresses is 'Addresses, as keys, that get no optional messages.'
"""


def upgrade() -> None:
    create_v1()
    for statement in _TABLES.split(";"):
        op.execute(statement)


def downgrade() -> None:
    op.execute("drop table attempts, messages, notices, matters, spared_addresses")
    drop_v1()
