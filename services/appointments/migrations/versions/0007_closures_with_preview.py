"""Closures of one counter or of some hours; alternatives offered to those whom a closure concerns."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("""
        alter table closures
            add column counter text references counters (key),
            add column from_time time,
            add column until_time time,
            add constraint hours_in_order check ((from_time is null) = (until_time is null) and from_time < until_time)
    """)
    op.execute("""
        alter table appointments
            add column closure uuid references closures (key),
            drop constraint known_status,
            add constraint known_status check (status in ('held', 'confirmed', 'offered', 'cancelled'))
    """)
    op.execute("create index appointments_closure on appointments (closure) where closure is not null")


def downgrade() -> None:
    op.execute("""
        alter table appointments
            drop column closure,
            drop constraint known_status,
            add constraint known_status check (status in ('held', 'confirmed', 'cancelled'))
    """)
    op.execute("alter table closures drop column counter, drop column from_time, drop column until_time")
