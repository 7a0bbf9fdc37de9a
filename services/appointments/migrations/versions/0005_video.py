"""Appointments by video, languages of stations, shares and service groups of hours, what network addresses took."""

from alembic import op

revision = "0005"
down_revision = "0004"

_UP = """
alter table stations
    add column kind text not null default 'counter',
    add column languages text[] not null default '{}',
    add constraint known_kind check (kind in ('counter', 'video'));

alter table services add column video boolean not null default false;

alter table opening_hours
    add column staff_counters smallint not null default 0,
    add column services text[],
    add constraint no_negative_share check (staff_counters >= 0);

alter table appointments
    add column kind text not null default 'counter',
    add column page_language text,
    add column consent text,
    add column consented_at timestamptz,
    add constraint video_needs_consent check (kind <> 'video' or status = 'held' or consent is not null),
    add constraint consent_has_its_time check ((consent is null) = (consented_at is null));

create unlogged table takings (origin bytea not null, at timestamptz not null);
create index takings_origin on takings (origin, at)
"""


def upgrade() -> None:
    for statement in _UP.split(";"):
        op.execute(statement)


def downgrade() -> None:
    op.execute("drop table takings")
    op.execute("""
        alter table appointments
            drop column kind, drop column page_language, drop column consent, drop column consented_at
    """)
    op.execute("alter table opening_hours drop column staff_counters, drop column services")
    op.execute("alter table services drop column video")
    op.execute("alter table stations drop column kind, drop column languages")
