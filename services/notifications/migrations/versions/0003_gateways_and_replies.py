"""Which SMS gateway took a message, how the gateways stand, and what people answered."""

from alembic import op

revision = "0003"
down_revision = "0002"

_STEPS = """
alter table messages add column gateway text;
alter table attempts add column gateway text;
update messages set gateway = 'first' where channel = 'sms' and attempts > 0;
update attempts set gateway = 'first' from messages where messages.id = attempts.message and messages.channel = 'sms';
create table gateways (
    name text primary key,
    setbacks integer not null,
    skipped_until timestamptz,
    reason text,
    changed_at timestamptz not null
);
comment on table gateways is 'How the SMS gateways stand: which one is skipped for a while, and why.';
create table replies (
    id uuid primary key,
    matter uuid not null references matters on delete cascade,
    matter_version integer not null,
    answer text not null,
    received_at timestamptz not null
);
create index ix_replies_matter on replies (matter);
comment on table replies is 'What people answered by SMS, as it was understood: their words are not kept.';
create index notices_by_phone on notices ((addresses ->> 'sms')) where addresses ? 'sms';
create index notices_unreached on notices (useful_until)
    where outcome in ('failed', 'unknown', 'expired', 'no_channel');
create index matters_by_number on matters ((fact #>> '{appointment,number}'));
insert into due_work (kind, key, due_at, urgency)
select 'forget-spared', address, since + make_interval(days => case reason when 'complaint' then 1096 else 396 end), 3
from spared_addresses
"""


def upgrade() -> None:
    for statement in _STEPS.split(";"):
        op.execute(statement)


def downgrade() -> None:
    op.execute("delete from due_work where kind = 'forget-spared'")
    op.execute("drop index notices_by_phone, notices_unreached, matters_by_number")
    op.execute("drop table replies, gateways")
    op.execute("alter table attempts drop column gateway")
    op.execute("alter table messages drop column gateway")
