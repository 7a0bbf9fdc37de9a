"""Subscriptions, wishes to be confirmed, and news on its way to many."""

from alembic import op

revision = "0004"
down_revision = "0003"

_WISHES = """
    channel text not null,
    districts integer[] not null,
    quarters integer[] not null,
    topics text[] not null,
    language text not null,
    digest boolean not null
"""
_UP = f"""
alter table matters alter column person_key drop not null;
create index notices_recipient on notices (recipient, planned_at);
create index notices_personal on notices (cause) where urgency < 3;

create table subscriptions (
    id uuid primary key,
    version integer not null,
    address text not null unique,
    {_WISHES},
    generation smallint not null default 1,
    confirmed_at timestamptz not null
);
comment on table subscriptions is 'Confirmed wishes to hear news. The address is a key, people has it encrypted.';

create table subscription_requests (
    id uuid primary key,
    address text not null,
    {_WISHES},
    moves uuid,
    asked_at timestamptz not null,
    confirmed_at timestamptz
);
create index ix_subscription_requests_address on subscription_requests (address);
comment on table subscription_requests is
    'Wishes to be confirmed. `moves` is the subscription that is to get this address.';

create table fan_outs (
    matter uuid primary key references matters on delete cascade,
    cause uuid not null,
    done_to uuid not null
);
comment on table fan_outs is 'News on its way to its subscribers, who are told in the order of their ids.';

create table digest_items (
    subscription uuid references subscriptions on delete cascade,
    matter uuid references matters on delete cascade,
    matter_version integer,
    cause uuid not null,
    useful_until timestamptz not null,
    notice uuid references notices on delete cascade,
    primary key (subscription, matter, matter_version)
);
create index ix_digest_items_notice on digest_items (notice);
create index digest_items_waiting on digest_items (subscription) where notice is null;
comment on table digest_items is 'News that waits for the digest of a day, then is part of one.'
"""
_DOWN = """
drop table digest_items, fan_outs, subscription_requests, subscriptions;
drop index notices_personal;
drop index notices_recipient;
delete from matters where person_key is null;
alter table matters alter column person_key set not null
"""


def upgrade() -> None:
    for statement in _UP.split(";"):
        op.execute(statement)


def downgrade() -> None:
    for statement in _DOWN.split(";"):
        op.execute(statement)
