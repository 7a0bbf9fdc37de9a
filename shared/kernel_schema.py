"""The tables every service has, as steps of its migrations. A step is never changed; a change is a new step.

`shared.kernel_tables` describes the newest state; a test compares the two.
"""

from alembic import op

_V1 = """
create table outbox (
    id bigint generated always as identity primary key,
    event_id uuid not null default uuidv7() unique,
    cause uuid,
    topic text not null,
    type text not null,
    schema_version smallint not null,
    aggregate uuid not null,
    version integer not null,
    body bytea not null,
    headers jsonb not null default '{}',
    occurred_at timestamptz not null,
    alive_until timestamptz,
    published_at timestamptz,
    refused text,
    unique (aggregate, version)
);
create index outbox_waiting on outbox (id) where published_at is null and refused is null;
create index outbox_published on outbox (published_at) where published_at is not null;

create table inbox (
    consumer text,
    event_id uuid,
    received_at timestamptz not null default now(),
    primary key (consumer, event_id)
);
create index inbox_received on inbox (received_at);

create table dead_letters (
    id uuid primary key default uuidv7(),
    topic text not null,
    partition integer not null,
    position bigint not null,
    key bytea,
    headers jsonb not null,
    body bytea,
    reason text not null,
    recorded_at timestamptz not null default now(),
    settled_at timestamptz,
    settled_by text,
    settlement text,
    unique (topic, partition, position)
);
create index dead_letters_open on dead_letters (recorded_at) where settled_at is null;

create table due_work (
    kind text,
    key text,
    due_at timestamptz not null,
    urgency smallint not null,
    attempts integer not null default 0,
    lease uuid,
    leased_until timestamptz,
    primary key (kind, key)
);
create index due_work_next on due_work (urgency, due_at);

create table idempotency_keys (
    scope text,
    key text,
    digest text not null,
    resource text not null,
    created_at timestamptz not null default now(),
    primary key (scope, key)
);
create index idempotency_keys_created on idempotency_keys (created_at);

create table people (
    matter uuid primary key,
    person_key text not null,
    box bytea not null,
    delete_after timestamptz
);
create index ix_people_person_key on people (person_key);
create index people_delete_after on people (delete_after) where delete_after is not null
"""


_V2 = """
create table audit (
    id uuid primary key default uuidv7(),
    at timestamptz not null,
    who text not null,
    action text not null,
    matter uuid,
    station text,
    details jsonb not null default '{}'
);
create index audit_at on audit (at)
"""


_V3 = """
alter table dead_letters add digest bytea not null default '';
alter table dead_letters drop constraint dead_letters_topic_partition_position_key;
alter table dead_letters add unique (topic, partition, position, digest)
"""


_V4 = """
create table kept_pages (
    name text primary key,
    box bytea not null,
    kept_at timestamptz not null default now()
);
create index kept_pages_kept on kept_pages (kept_at)
"""


def create_v1() -> None:
    """The first kernel tables: outbox, inbox, dead letters, due work, idempotency keys, people."""
    for statement in _V1.split(";"):
        op.execute(statement)


def drop_v1() -> None:
    """Undo `create_v1`."""
    op.execute("drop table outbox, inbox, dead_letters, due_work, idempotency_keys, people")


def create_v2() -> None:
    """The audit log."""
    for statement in _V2.split(";"):
        op.execute(statement)


def drop_v2() -> None:
    """Undo `create_v2`."""
    op.execute("drop table audit")


def create_v3() -> None:
    """A dead letter is known by its record's content too: places come again when Kafka lost its data."""
    for statement in _V3.split(";"):
        op.execute(statement)


def drop_v3() -> None:
    """Undo `create_v3`."""
    op.execute("""
        delete from dead_letters older using dead_letters newer
        where (older.topic, older.partition, older.position) = (newer.topic, newer.partition, newer.position)
          and older.id < newer.id
    """)
    op.execute("alter table dead_letters drop digest, add unique (topic, partition, position)")


def create_v4() -> None:
    """The pages that answered a post."""
    for statement in _V4.split(";"):
        op.execute(statement)


def drop_v4() -> None:
    """Undo `create_v4`."""
    op.execute("drop table kept_pages")
